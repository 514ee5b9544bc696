"""One transaction of a MagTek reader, from its start to its last notification.

The order of notifications follows the programmer's manual (D998200597, 7.3); what the
manual leaves open is marked as unverified.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from drivers.protocol.magtek_mms.card_data import Arpc, encode_arqc, encode_batch
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    Notice,
    Outcome,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.strings import StringId
from simulator.cards.card import Behaviour, Card, Entry
from simulator.clock import Timer
from simulator.emv.kernel import Completion
from simulator.errors import ControlRefused
from simulator.reader.model import Bench
from simulator.reader.models.mms_card_read import CardRead, read_chip, read_stripe
from simulator.reader.models.mms_order import Order
from simulator.reader.screen import ReaderState

UNABLE_TO_GO_ONLINE = "Z3"
TECHNICAL_FALLBACK = 0x0304
"""An Outcome under CONTACT; the manual names it without its bytes: unverified."""


class Phase(StrEnum):
    """How far the transaction is."""

    WAITING = "waiting"
    READING = "reading"
    AUTHORISING = "authorising"
    ENDED = "ended"


class Step(StrEnum):
    """What can happen to it."""

    CARD_GIVEN = "card_given"
    CARD_NOT_READ = "card_not_read"
    CARD_READ = "card_read"
    END = "end"


TRANSITIONS = {
    (Phase.WAITING, Step.CARD_GIVEN): Phase.READING,
    (Phase.READING, Step.CARD_NOT_READ): Phase.WAITING,
    (Phase.READING, Step.CARD_READ): Phase.AUTHORISING,
    (Phase.WAITING, Step.END): Phase.ENDED,
    (Phase.READING, Step.END): Phase.ENDED,
    (Phase.AUTHORISING, Step.END): Phase.ENDED,
}

_PROMPTS = {
    frozenset({Entry.CONTACT}): StringId.INSERT_CARD,
    frozenset({Entry.CONTACT, Entry.SWIPE}): StringId.INSERT_OR_SWIPE,
    frozenset({Entry.SWIPE}): StringId.USE_MAGSTRIPE,
}
_TECHNOLOGY = {
    Entry.CONTACT: Technology.CONTACT,
    Entry.CONTACTLESS: Technology.CONTACTLESS,
    Entry.SWIPE: Technology.SWIPE,
}
_ARRIVAL = {
    Entry.CONTACT: CardChange.INSERTED,
    Entry.CONTACTLESS: CardChange.DETECTED,
    Entry.SWIPE: CardChange.SWIPED,
}


class MmsTransaction:
    """A running transaction; does nothing any more once it has ended."""

    def __init__(
        self,
        order: Order,
        bench: Bench,
        *,
        notify: Callable[[Notice], None],
        show: Callable[[ReaderState, StringId], None],
        ended: Callable[[StringId], None],
    ) -> None:
        """`ended` is called once, after the last notification, with the final text."""
        self.phase = Phase.WAITING
        self._order = order
        self._bench = bench
        self._notify = notify
        self._show = show
        self._ended = ended
        self._entries = order.entries
        self._is_fallback = False
        self._entry = Entry.CONTACT
        self._behaviour = Behaviour.NORMAL
        self._read: CardRead | None = None
        self._timer: Timer | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a card, and may still be canceled."""
        return self.phase is Phase.WAITING

    @property
    def is_authorising(self) -> bool:
        """Whether it waits for the issuer."""
        return self.phase is Phase.AUTHORISING

    def begin(self) -> None:
        """Ask for a card."""
        self._prompt(_PROMPTS.get(self._entries, StringId.PRESENT_CARD))

    def present_card(self, card: Card, entry: Entry) -> None:
        """A card comes; raises ControlRefused unless one is awaited, in this way."""
        if not self.is_waiting:
            raise ControlRefused(f"the reader is {self.phase} and takes no card")
        if entry not in self._entries:
            ways = ", ".join(sorted(self._entries))
            raise ControlRefused(f"the reader takes no {entry} now, only {ways}")
        technology = _TECHNOLOGY[entry]
        if card.behaviour is Behaviour.COLLISION:
            self._notify(CardUpdate(technology, CardChange.COLLISION))
            self._prompt(StringId.PRESENT_ONE_CARD_ONLY)
            return
        self._advance(Step.CARD_GIVEN)
        self._entry, self._behaviour = entry, card.behaviour
        self._notify(CardUpdate(technology, _ARRIVAL[entry]))
        self._show(ReaderState.READING, StringId.PROCESSING)
        self._after(self._bench.timing.read_s, lambda: self._read_card(card))

    def remove_card(self) -> None:
        """The inserted card goes; raises ControlRefused where none is inserted."""
        is_read = self.phase in {Phase.READING, Phase.AUTHORISING}
        if self._entry is not Entry.CONTACT or not is_read:
            raise ControlRefused("no card is in the reader")
        self._notify(CardUpdate(Technology.CONTACT, CardChange.REMOVED))
        self._end(Technology.CONTACT, Outcome.TAG_REMOVED, StringId.CARD_ERROR)

    def press_cancel(self) -> None:
        """The cardholder gives up; raises ControlRefused once a card was given."""
        if not self.is_waiting:
            raise ControlRefused(f"the reader is {self.phase}: too late to cancel")
        self._end(Technology.NONE, Outcome.CANCELED_BY_CUSTOMER, StringId.WELCOME)

    def cancel_by_host(self) -> None:
        """The host gives up; nothing happens unless `is_waiting`."""
        if self.is_waiting:
            self._end(Technology.NONE, Outcome.CANCELED_BY_HOST, StringId.WELCOME)

    def abandon(self) -> None:
        """Stop without a word: the power is gone."""
        self.phase = Phase.ENDED
        self._stop_timer()

    def complete_online(self, answer: Arpc) -> None:
        """The issuer's answer arrives; nothing happens unless `is_authorising`."""
        if self._read is None or not self.is_authorising:
            return
        if self._behaviour is Behaviour.REMOVED_BEFORE_COMPLETION:
            self.remove_card()
            return
        code = answer.response_code.decode("ascii")
        self._complete(self._read, code, answer.authentication_data)

    def _prompt(self, text: StringId) -> None:
        self._show(ReaderState.WAITING_FOR_CARD, text)
        if self._order.timeout_s:
            self._after(self._order.timeout_s, self._time_out)

    def _time_out(self) -> None:
        self._end(Technology.NONE, Outcome.TIMED_OUT, StringId.WELCOME)

    def _read_card(self, card: Card) -> None:
        match self._entry, card.behaviour:
            case Entry.CONTACT, Behaviour.REMOVED_EARLY:
                self.remove_card()
            case Entry.CONTACT, Behaviour.CHIP_UNREADABLE:
                self._fall_back()
            case _:
                self._ask_issuer(card)

    def _fall_back(self) -> None:
        """The chip is dead: the stripe may be read instead (EMV Book 4, 10)."""
        self._notify(CardUpdate(Technology.CONTACT, CardChange.REMOVED))
        if Entry.SWIPE not in self._order.entries:
            self._end(Technology.CONTACT, TECHNICAL_FALLBACK, StringId.CARD_ERROR)
            return
        self._advance(Step.CARD_NOT_READ)
        self._is_fallback = True
        self._entries = frozenset({Entry.SWIPE})
        self._prompt(StringId.USE_MAGSTRIPE)

    def _ask_issuer(self, card: Card) -> None:
        technology = _TECHNOLOGY[self._entry]
        read = self._read = self._read_from(card)
        self._advance(Step.CARD_READ)
        self._notify(CardData(technology, DataKind.ARQC, encode_arqc(read.arqc)))
        if self._order.is_quick_chip:
            # The chip is told at once that its issuer cannot be reached (manual, 2.1).
            self._record(read, read.complete(UNABLE_TO_GO_ONLINE, b""))
            self._end(technology, Outcome.DEFERRED, StringId.CARD_READ_OK_REMOVE)
            return
        self._show(ReaderState.AUTHORISING, StringId.AUTHORISING)
        self._after(
            self._bench.timing.online_s,
            lambda: self._complete(read, UNABLE_TO_GO_ONLINE, b""),
        )

    def _read_from(self, card: Card) -> CardRead:
        if self._entry is Entry.SWIPE:
            return read_stripe(card, self._bench, is_fallback=self._is_fallback)
        purchase = self._order.purchase
        return read_chip(card, self._bench, entry=self._entry, purchase=purchase)

    def _complete(self, read: CardRead, code: str, authentication_data: bytes) -> None:
        completion = read.complete(code, authentication_data)
        self._record(read, completion)
        outcome, text = (
            (Outcome.APPROVED, StringId.APPROVED)
            if completion.approved
            else (Outcome.DECLINED, StringId.DECLINED)
        )
        self._end(_TECHNOLOGY[self._entry], outcome, text)

    def _record(self, read: CardRead, completion: Completion) -> None:
        blob = encode_batch(read.batch(completion))
        self._notify(CardData(_TECHNOLOGY[self._entry], DataKind.BATCH, blob))

    def _end(self, technology: int, outcome: int, text: StringId) -> None:
        self._advance(Step.END)
        self._stop_timer()
        self._notify(TransactionComplete(technology, outcome))
        self._ended(text)

    def _advance(self, step: Step) -> None:
        self.phase = TRANSITIONS[self.phase, step]

    def _after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do it after a while and nothing else meanwhile; without a while, at once."""
        self._stop_timer()
        if delay_s > 0:
            self._timer = self._bench.later(delay_s, action)
        else:
            action()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
