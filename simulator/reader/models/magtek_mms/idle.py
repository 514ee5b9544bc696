"""What a cardholder can do at an idle reader, where its host wants to hear of it."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.protocol.magtek_mms.barcode import BarcodeKind
from drivers.protocol.magtek_mms.device_notices import (
    DeviceState,
    DeviceUpdate,
    IdleBarcode,
    IdleTag,
)
from simulator.cards.card import Card, Entry
from simulator.errors import ControlRefused
from simulator.reader.model import Stroke, Tag
from simulator.reader.models.magtek_mms.activity import Activity, Console
from simulator.reader.models.magtek_mms.barcodes import content_of
from simulator.reader.models.magtek_mms.property_table import PropertyTable, UserEvent
from simulator.reader.models.magtek_mms.tag_session import tag_number

SWIPE_KEPT_S = 10.0
"""How long a swipe waits for its transaction (property 1.2.7.1.2.2; unverified)."""

_EVENTS = {
    Entry.CONTACT: (UserEvent.INSERT, DeviceState.IDLE_INSERT),
    Entry.CONTACTLESS: (UserEvent.TAP, DeviceState.IDLE_TAP),
    Entry.SWIPE: (UserEvent.SWIPE, DeviceState.IDLE_SWIPE),
}


class IdleHands(Activity):
    """The reader waits for its host. Without user events it notices nobody."""

    def __init__(self, console: Console, properties: PropertyTable) -> None:
        super().__init__(console)
        self._properties = properties
        self._waiting: tuple[Card, Entry] | None = None
        self.has_card_left_in = False
        """Whether the card in the slot was read already."""

    def leave_in(self, card: Card) -> None:
        """A transaction is over, and its card still in the slot."""
        self._waiting = card, Entry.CONTACT
        self.has_card_left_in = True

    def begin(self) -> None:
        """Nothing: the reader is idle until it is asked."""

    def abandon(self) -> None:
        """A card that was swiped is forgotten; one in the slot is taken out."""
        super().abandon()
        self._waiting = None
        self.has_card_left_in = False

    def taken(self, entries: frozenset[Entry]) -> tuple[Card, Entry] | None:
        """A card that came too early, for the transaction that begins now.

        One that was left in the slot is as good: readers see that there is a card, and
        not since when (manual, 6, 1001, step 1).
        """
        waiting = self._waiting
        if waiting is None or waiting[1] not in entries:
            return None
        self.abandon()
        return waiting

    def present_card(self, card: Card, entry: Entry) -> None:
        """Tell the host that it should begin a transaction."""
        event, state = _EVENTS[entry]
        is_possible = entry in self.console.description.entries
        if not (is_possible and self._properties.tells(event)):
            raise _nothing_runs()
        if self._waiting is not None:
            raise ControlRefused("a card is in the reader already")
        self.console.notify(DeviceUpdate(state))
        if entry is Entry.CONTACTLESS:
            # Held there for a moment only; the host has to be quick (manual, 6, 1001).
            self._tell_if_wanted(UserEvent.TAP_REMOVED, DeviceState.IDLE_TAP_REMOVED)
            return
        self._waiting = card, entry
        if entry is Entry.SWIPE:
            self.alarm.set(SWIPE_KEPT_S, self.abandon)

    def remove_card(self) -> None:
        """Pull an inserted card out again."""
        if self._waiting is None or self._waiting[1] is not Entry.CONTACT:
            raise _nothing_runs()
        self.abandon()
        self._tell_if_wanted(UserEvent.REMOVE, DeviceState.IDLE_REMOVE)

    def present_tag(self, tag: Tag) -> None:
        """Tell the host of its number."""
        if not self._properties.tells(UserEvent.TAP):
            raise _nothing_runs()
        number = tag_number(tag)
        self.console.notify(IdleTag(number, tag.uid))
        if self._properties.tells(UserEvent.TAP_REMOVED):
            self.console.notify(IdleTag(number, None))

    def show_barcode(self, data: bytes) -> None:
        """Tell the host what it says."""
        can_scan = self.console.description.has_scanner
        if not (can_scan and self._properties.tells(UserEvent.BARCODE)):
            raise _nothing_runs()
        content = content_of(
            data,
            self.console.bench,
            is_encrypted=self._properties.tells(UserEvent.ENCRYPTED_BARCODE),
        )
        self.console.notify(IdleBarcode(BarcodeKind.UNKNOWN, content))

    def press_key(self, key: str) -> None:
        """No key does anything."""
        raise _nothing_runs()

    def touch(self, choice: str) -> None:
        """There is nothing to touch."""
        raise _nothing_runs()

    def sign(self, strokes: Sequence[Stroke]) -> None:
        """Nobody asks for a signature."""
        raise _nothing_runs()

    def _tell_if_wanted(self, event: UserEvent, state: DeviceState) -> None:
        if self._properties.tells(event):
            self.console.notify(DeviceUpdate(state))


def _nothing_runs() -> ControlRefused:
    return ControlRefused("no transaction is running on the reader")
