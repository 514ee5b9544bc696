"""What the host puts on the screen of a MagTek device, for a time or for good."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from drivers.errors import DriverError, LocalError
from drivers.families.magtek_mms.device import Device
from drivers.families.magtek_mms.seconds import MOST_SECONDS
from drivers.protocol.magtek_mms.images import ShowBitmap, ShowImage, ShowQrCode
from drivers.protocol.magtek_mms.interface import ShowMessage
from drivers.protocol.magtek_mms.strings import StringId

Shown = ShowMessage | ShowImage | ShowQrCode | ShowBitmap


class Display:
    """Keeps the time itself: a device that does takes no payment until it has passed
    (manual, 6, 1803), so commands here always show something for good."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._clearing: asyncio.Task[None] | None = None

    async def show(self, command: Shown, *, seconds: int) -> None:
        """Show it; 0 seconds leaves it until something else is shown.

        Raises LocalError for more than MOST_SECONDS.
        """
        if not 0 <= seconds <= MOST_SECONDS:
            raise LocalError(f"{seconds} s; a reader shows things for 0 to 255")
        self.keep()
        await self._device.order(command)
        if seconds:
            self._clearing = asyncio.create_task(self._clear_after(seconds))

    async def clear(self) -> None:
        """Back to the reader's own picture."""
        await self.show(ShowMessage(0, StringId.WELCOME), seconds=0)

    def keep(self) -> None:
        """Clear nothing later: what is shown from now on is not this object's."""
        if self._clearing is not None:
            self._clearing.cancel()

    async def aclose(self) -> None:
        """Stop keeping the time."""
        self.keep()
        if self._clearing is not None:
            await asyncio.wait([self._clearing])

    async def _clear_after(self, seconds: int) -> None:
        await asyncio.sleep(seconds)
        with suppress(DriverError):
            await self._device.order(ShowMessage(0, StringId.WELCOME))
