"""Whether a chip card is still in a MagTek device, by what the device tells.

While a transaction runs the device tells of cards anyhow. An idle one tells only what
its property USER_EVENTS asks for, as it was when the device started (manual, 8,
1.2.7.1.2.1), and cannot be asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from drivers.errors import ReaderRefused, TransportError
from drivers.families.magtek_mms.framing import Told
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardUpdate,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.properties import CARD_REMOVED_EVENT, USER_EVENTS
from drivers.reader import SlotState


class SlotEar:
    """What the device has told of its slot."""

    def __init__(self) -> None:
        self.tells_when_idle = False
        """Whether a card that is taken out of the idle device will be told."""
        self.state = SlotState.UNKNOWN
        self.lost: TransportError | None = None
        self._news = asyncio.Event()

    def hear(self, told: Told) -> None:
        """The device tells this."""
        match told:
            case CardUpdate(Technology.CONTACT, CardChange.INSERTED):
                self._become(SlotState.OCCUPIED)
            case CardUpdate(Technology.CONTACT, CardChange.REMOVED):
                self._become(SlotState.EMPTY)
            case DeviceUpdate(DeviceState.IDLE_REMOVE):
                self._become(SlotState.EMPTY)
            case DeviceUpdate(DeviceState.RESTARTED | DeviceState.RESTARTED_BY_HOST):
                self._become(SlotState.UNKNOWN)
            case TransactionComplete() if not self.tells_when_idle:
                self.be_deaf()
            case _:
                return

    def be_deaf(self) -> None:
        """The device does something during which it tells of no card."""
        if self.state is SlotState.OCCUPIED:
            self._become(SlotState.UNKNOWN)

    def lose(self, error: TransportError) -> None:
        """The wire is gone."""
        self.lost = error
        self._news.set()

    async def news(self) -> None:
        """Return when something has changed since the last `news`, or the wire is gone."""
        await self._news.wait()
        if self.lost is None:
            self._news.clear()

    def _become(self, state: SlotState) -> None:
        if state is not self.state:
            self.state = state
            self._news.set()


class MmsSlot:
    """Implements drivers.reader.CardSlot."""

    def __init__(
        self,
        ear: SlotEar,
        *,
        get: Callable[[tuple[int, ...]], Awaitable[bytes]],
        put: Callable[[tuple[int, ...], bytes], Awaitable[None]],
        restart: Callable[[], Awaitable[None]],
    ) -> None:
        """`get` and `put` are for properties."""
        self._ear = ear
        self._get = get
        self._put = put
        self._restart = restart

    async def prepare(self) -> None:
        """Have it tell of cards that are taken out of the idle device.

        Set once for the device's life, and restarted once for that: then what is set is
        in force. A model that refuses the property tells nothing.
        """
        try:
            events = await self._get(USER_EVENTS)
            if not events[0] & CARD_REMOVED_EVENT:
                first = events[0] | CARD_REMOVED_EVENT
                await self._put(USER_EVENTS, bytes((first,)) + events[1:])
                await self._restart()
        except (ReaderRefused, IndexError):
            return
        self._ear.tells_when_idle = True

    async def look(self) -> SlotState:
        """As the device has told; raises Disconnected where it is gone."""
        if self._ear.lost is not None:
            raise self._ear.lost
        return self._ear.state

    def doubt(self) -> None:
        """What the device told of a removal may have been lost on the way."""
        self._ear.be_deaf()

    async def changed(self) -> None:
        """Return when the device has told something of the slot, or is gone."""
        await self._ear.news()
