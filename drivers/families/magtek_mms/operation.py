"""What a device does for a while, such as taking a signature: from asking to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from drivers.errors import DriverError, ReaderRefused, ReaderTimeout
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.framing import Told
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.control import CancelTransaction
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate

ResultT = TypeVar("ResultT")


class Operation(Generic[ResultT]):
    """Implements device.Hearer: waits for the notice that ends it."""

    def __init__(self, ended: Callable[[Told], ResultT | None]) -> None:
        """`ended` returns None for what means nothing here, and raises for a bad end."""
        self._ended = ended
        # An error is a result here: a future's exception nobody awaits makes noise.
        self._result: asyncio.Future[ResultT | DriverError] = (
            asyncio.get_running_loop().create_future()
        )

    def hear(self, told: Told) -> None:
        """Notices may come before the response, too."""
        if self._result.done():
            return
        try:
            result = self._ended(told)
        except DriverError as error:
            self._result.set_result(error)
            return
        if result is not None:
            self._result.set_result(result)
        elif isinstance(told, DeviceUpdate) and told.state is DeviceState.RESTARTED:
            self.fail(ReaderRefused("to go on", detail="restarted"))

    def fail(self, error: DriverError) -> None:
        """The device will tell nothing more."""
        if not self._result.done():
            self._result.set_result(error)

    async def result_within(self, timeout_s: float) -> ResultT:
        """What `ended` returned; raises what it raised, and ReaderTimeout."""
        try:
            async with asyncio.timeout(timeout_s):
                result = await self._result
        except TimeoutError:
            raise ReaderTimeout(f"the reader told no end in {timeout_s:g} s") from None
        if isinstance(result, DriverError):
            raise result
        return result


async def operate(
    device: Device,
    command: Command,
    ended: Callable[[Told], ResultT | None],
    *,
    timeout_s: float,
    stop: Command | None = None,
) -> ResultT:
    """Have `command` carried out; returns what `ended` makes of a notice.

    A device that is silent for `timeout_s` after its response is told to `stop`, or
    reset, before ReaderTimeout is raised; so is one whose result nobody wants any more.
    """
    operation = Operation(ended)
    with device.heard_by(operation):
        try:
            await device.order(command)
            return await operation.result_within(timeout_s)
        except (ReaderTimeout, asyncio.CancelledError):
            await _stop(device, stop or CancelTransaction())
            raise


async def _stop(device: Device, command: Command) -> None:
    """Take the device back, within a bound; raises nothing."""
    with suppress(DriverError):
        if (await device.ask(command)).status.is_accepted:
            return
    with suppress(DriverError):
        await device.reset()
