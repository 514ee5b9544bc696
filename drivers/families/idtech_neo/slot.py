"""Whether a chip card is still in a NEO reader: it has to be asked.

No published message of a reader tells that a card was taken out. But a chip that gets
power says what it is (2C-12), and an empty slot says nothing.
"""

from __future__ import annotations

import asyncio

from drivers.errors import ReaderRefused
from drivers.families.idtech_neo.device import Device
from drivers.protocol.idtech_neo.pass_through import ContactOff, GetAtr, SetPassThrough
from drivers.protocol.idtech_neo.status import NOT_THERE, StatusCode
from drivers.reader import SlotState

LOOK_AGAIN_S = 1.0
"""How soon after a look the slot may be looked at again."""
_ON, _OFF = SetPassThrough(is_on=True), SetPassThrough(is_on=False)


class NeoSlot:
    """Implements drivers.reader.CardSlot."""

    def __init__(self, device: Device) -> None:
        self.state = SlotState.UNKNOWN
        """As far as a transaction has shown, or the last look."""
        self._device = device
        self._can_look = True

    async def prepare(self) -> None:
        """Nothing has to be."""

    async def look(self) -> SlotState:
        """Ask, unless it was empty; raises ReaderRefused while the reader is in use."""
        if self._device.has_restarted:
            self.state = SlotState.UNKNOWN
        if self.state is SlotState.EMPTY or not self._can_look:
            return self.state
        with self._device.used_for("a look at its slot"):
            try:
                await self._device.order(_ON)
                try:
                    self.state = await self._asked()
                finally:
                    await self._device.order(_OFF)
            except ReaderRefused:
                # Another firmware: it takes cards without letting anybody look.
                self._forgo()
        return self.state

    def doubt(self) -> None:
        """What was seen was seen."""

    async def changed(self) -> None:
        """Return when it is time to look again."""
        await asyncio.sleep(LOOK_AGAIN_S)

    async def _asked(self) -> SlotState:
        answer = await self._device.ask(GetAtr())
        if answer.code in NOT_THERE:
            self._can_look = False
            return SlotState.UNKNOWN
        if answer.code != StatusCode.OK:
            return SlotState.EMPTY
        # Without power it can be pulled (guide 80139403-002, 8.15.3).
        await self._device.order(ContactOff())
        return SlotState.OCCUPIED

    def _forgo(self) -> None:
        self._can_look = False
        self.state = SlotState.UNKNOWN
