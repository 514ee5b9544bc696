"""One device on its link: asks it, knows whether it is busy, makes it idle again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Protocol

from drivers.errors import (
    DriverError,
    ReaderRefused,
    ReaderTimeout,
    RemoteError,
    TransportError,
)
from drivers.families.magtek_mms.framing import MmsFraming, Told
from drivers.families.magtek_mms.slot import SlotEar
from drivers.families.magtek_mms.translation import DEVICE_NOTICES
from drivers.inbox import MOST_NEWS
from drivers.link import Link
from drivers.notices import NoticeQueue
from drivers.protocol import slip
from drivers.protocol.magtek_mms import properties
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.control import CancelTransaction, ResetDevice
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.magtek_mms.interface_notices import (
    DisplayRequest,
    SelectionRequest,
)
from drivers.protocol.magtek_mms.message import DataFile, Response, parameters_of
from drivers.protocol.magtek_mms.notifications import (
    CardUpdate,
    Notice,
    TransactionComplete,
    Unrecognised,
)
from drivers.protocol.magtek_mms.packets import packets_for
from drivers.protocol.magtek_mms.properties import GetProperty
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.magtek_mms.status import StatusDetail, refused
from drivers.transport.base import Transport

_LOG = logging.getLogger(__name__)
_IN_USE = refused(StatusDetail.TRANSACTION_IN_PROGRESS).hex
"""As the device would say it."""
_LEFT_BEHIND = frozenset(
    {
        StatusDetail.DISPLAY_BUSY,
        StatusDetail.BARCODE_IN_PROGRESS,
        StatusDetail.PIN_IN_PROGRESS,
    }
)
"""It still asks a customer for what another host wanted, and no command ends that."""
SOUNDING_S = 0.1
"""How long to wait, while tones sound, before the device is asked again."""


@dataclass(frozen=True, slots=True)
class Timings:
    """How long to wait for what; the manual asks for 2 to 5 s an answer."""

    answer_s: float = 5.0
    settle_s: float = 10.0
    """For a canceled or declined transaction to end, before the device is reset."""
    guard_s: float = 60.0
    """Beyond the cardholder's time, before a silent transaction counts as lost."""
    sound_s: float = 10.0
    """For tones to end, during which the device takes nothing else."""
    firmware_s: float = 600.0
    """For an image to be loaded, or to be put into use."""


class Listener(Protocol):
    """The running transaction, as the device sees it."""

    def noticed(self, notice: Notice) -> None:
        """The device tells something about the transaction, or of itself."""
        ...

    def disconnected(self, error: TransportError) -> None:
        """The wire is gone."""
        ...

    def ended_unheard(self) -> None:
        """No transaction runs on the device any more, and it did not tell of an end."""
        ...

    async def decline(self) -> None:
        """Where the device waits for the issuer: end that wait with a decline."""
        ...


class Hearer(Protocol):
    """What a single operation, such as a signature, wants to hear."""

    def hear(self, told: Told) -> None:
        """The device tells this."""
        ...

    def fail(self, error: DriverError) -> None:
        """The device will tell nothing more."""
        ...


class Activity(StrEnum):
    """What the device does, as far as can be known."""

    IDLE = "idle"
    STARTING = "starting"
    """It was told to start a transaction and has not answered yet."""
    RUNNING = "running"


class Device:
    """Owns the link. At most one transaction listens to what the device tells."""

    def __init__(self, transport: Transport, timings: Timings) -> None:
        self.timings = timings
        self.notices = NoticeQueue()
        self.slot = SlotEar()
        self.is_in_use = False
        """Whether a transaction or a feature holds it."""
        self._listener: Listener | None = None
        self._hearer: Hearer | None = None
        self._activity = Activity.IDLE
        self._early: list[Notice] = []
        self._changed = asyncio.Event()
        self._lost: TransportError | None = None
        packets = packets_for(
            transport.kind,
            packet_bytes=transport.packet_bytes,
            sends=slip.Direction.TO_DEVICE,
        )
        self._link: Link[Command, Response, Told] = Link(
            transport, MmsFraming(packets), subscriber=self
        )

    @property
    def is_idle(self) -> bool:
        """Whether, as far as can be known, no transaction runs."""
        return self._activity is Activity.IDLE

    @contextmanager
    def use(self, purpose: str) -> Iterator[None]:
        """Hold the device; raises ReaderRefused where it is held already."""
        if self.is_in_use:
            raise ReaderRefused(purpose, detail=_IN_USE)
        self.is_in_use = True
        self.slot.be_deaf()
        try:
            yield
        finally:
            self.is_in_use = False

    @contextmanager
    def heard_by(self, hearer: Hearer) -> Iterator[None]:
        """Have `hearer` told what the device tells."""
        self._hearer = hearer
        try:
            yield
        finally:
            self._hearer = None

    async def ask(
        self,
        command: Command,
        *,
        timeout_s: float | None = None,
        on_sent: Callable[[int, int], None] | None = None,
    ) -> Response:
        """The answer to `command`, accepted or not; by default within `answer_s`.

        Where tones still sound, the device is asked again until they are over.
        """
        if timeout_s is None:
            timeout_s = self.timings.answer_s
        request = partial(
            self._link.request, command, timeout_s=timeout_s, on_sent=on_sent
        )
        return await self._in_silence(request)

    async def order(
        self,
        command: Command,
        *,
        timeout_s: float | None = None,
        on_sent: Callable[[int, int], None] | None = None,
    ) -> Response:
        """Have `command` carried out; raises ReaderRefused where it is not."""
        response = await self.ask(command, timeout_s=timeout_s, on_sent=on_sent)
        return _accepted(command, response)

    async def property_value(self, oid: tuple[int, ...]) -> bytes:
        """A property; what nobody here started, such as a transaction, is stopped."""
        command = GetProperty(oid)
        response = await self.ask(command)
        if response.status.detail == StatusDetail.TRANSACTION_IN_PROGRESS:
            await self.make_idle()
            response = await self.ask(command)
        elif response.status.detail in _LEFT_BEHIND:
            await self.reset()
            response = await self.ask(command)
        _accepted(command, response)
        parameters = parameters_of(CommandId.GET_PROPERTY, response.payload)
        return properties.property_value(parameters)

    async def start(self, command: StartTransaction, listener: Listener) -> None:
        """Start a transaction that `listener` hears of until `release`.

        A forgotten transaction that still runs is stopped, once. Raises ReaderRefused;
        whatever is raised, the caller releases.
        """
        response = await self._ask_to_start(command, listener)
        if response.status.detail == StatusDetail.TRANSACTION_IN_PROGRESS:
            await self.make_idle()
            response = await self._ask_to_start(command, listener)
        _accepted(command, response)

    async def release(self) -> None:
        """Let go of the transaction, ended first if it still runs; raises nothing.

        A device that does not obey, or a wire that is gone, shows at the next request.
        """
        try:
            if not self.is_idle:
                with suppress(DriverError):
                    await self.make_idle()
        finally:
            self._listener = None

    async def cancel(self) -> None:
        """Ask the running transaction to stop; its end comes as a notice.

        Raises ReaderRefused where it is too late.
        """
        response = await self.ask(CancelTransaction())
        if response.status.detail == StatusDetail.NO_TRANSACTION:
            self._end_unheard()
        else:
            _accepted(CancelTransaction(), response)

    async def make_idle(self) -> None:
        """Return when no transaction runs: cancel, or decline, or else reset.

        Raises ReaderTimeout, ReaderRefused or Disconnected where even that fails.
        """
        self._activity = Activity.RUNNING
        try:
            async with asyncio.timeout(self.timings.settle_s):
                await self._wind_down()
        except (TimeoutError, ReaderTimeout, ReaderRefused, RemoteError):
            await self.reset()

    async def reset(self) -> None:
        """Restart the device, which ends whatever it did."""
        await self.order(ResetDevice())
        self._end_unheard()

    async def wait_closed(self) -> None:
        """Return when the wire is gone."""
        await self._link.wait_closed()

    async def aclose(self) -> None:
        """Give the port back."""
        await self._link.aclose()

    def noticed(self, told: Told) -> None:
        """Called by the link with everything the device tells by itself."""
        self.slot.hear(told)
        if self._hearer is not None:
            self._hearer.hear(told)
        match told:
            case DataFile():
                return
            case Unrecognised(notification):
                id_, detail = notification.id, notification.detail
                _LOG.info("mms.unrecognised %04X %08X", id_, detail)
            case DeviceUpdate(state) if state in DEVICE_NOTICES:
                self.notices.tell(DEVICE_NOTICES[state])
            case _:
                pass
        self._pass_on(told)

    def disconnected(self, error: TransportError) -> None:
        """Called by the link when the wire is gone."""
        self._lost = error
        self._changed.set()
        self.slot.lose(error)
        self.notices.end()
        if self._hearer is not None:
            self._hearer.fail(error)
        if self._listener is not None:
            self._listener.disconnected(error)

    def _pass_on(self, notice: Notice) -> None:
        if self._activity is Activity.STARTING:
            # Before the answer to a start only a card, or a question, can be news of
            # that transaction; data and endings are of one before it.
            is_news = isinstance(notice, CardUpdate | DisplayRequest | SelectionRequest)
            if is_news and len(self._early) < MOST_NEWS:
                self._early.append(notice)
            return
        if self._listener is not None:
            self._listener.noticed(notice)
        match notice:
            case TransactionComplete() | DeviceUpdate(DeviceState.RESTARTED):
                self._set_idle()
            case _:
                self._changed.set()

    async def _in_silence(self, ask: Callable[[], Awaitable[Response]]) -> Response:
        response = await ask()
        waited_s = 0.0
        while (
            response.status.detail == StatusDetail.BUZZER_BUSY
            and waited_s < self.timings.sound_s
        ):
            await asyncio.sleep(SOUNDING_S)
            waited_s += SOUNDING_S
            response = await ask()
        return response

    async def _ask_to_start(
        self, command: StartTransaction, listener: Listener
    ) -> Response:
        return await self._in_silence(partial(self._ask_once, command, listener))

    async def _ask_once(
        self, command: StartTransaction, listener: Listener
    ) -> Response:
        self._activity = Activity.STARTING
        self._listener = None
        self._early.clear()
        return await self._link.request(
            command,
            timeout_s=self.timings.answer_s,
            on_answer=partial(self._start_answered, listener),
        )

    def _start_answered(self, listener: Listener, response: Response) -> None:
        if not response.status.is_accepted:
            self._set_idle()
            return
        self._activity = Activity.RUNNING
        self._listener = listener
        for notice in self._early:
            listener.noticed(notice)

    async def _wind_down(self) -> None:
        try:
            await self.cancel()
        except ReaderRefused:
            # Too late: a card is being read, or its issuer awaited. Only who heard
            # the card can end that; a transaction of a dead process is reset away.
            if self._listener is None:
                raise
        while not self.is_idle:
            self._changed.clear()
            if self._listener is not None:
                await self._listener.decline()
            await self._changed.wait()
            if self._lost is not None:
                raise self._lost

    def _end_unheard(self) -> None:
        if self._listener is not None:
            self._listener.ended_unheard()
        self._set_idle()

    def _set_idle(self) -> None:
        self._activity = Activity.IDLE
        self._changed.set()


def _accepted(command: Command, response: Response) -> Response:
    if not response.status.is_accepted:
        raise ReaderRefused(type(command).__name__, detail=response.status.hex)
    return response
