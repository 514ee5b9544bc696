"""One transaction of a MagTek reader, from its start to its last notification.

The order of notifications follows the programmer's manual (D998200597, 6 and 7.3);
what the manual leaves open is marked as unverified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.control import ReportSelection, ResumeTransaction
from drivers.protocol.magtek_mms.interface import RequestSignature
from drivers.protocol.magtek_mms.nfc import PassToTag
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardUpdate,
    Outcome,
    OutcomeExtension,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from simulator.cards.card import Behaviour, Card, Entry
from simulator.cards.typed import TypedCard
from simulator.emv.kernel import PinEntry
from simulator.emv.pin_keys import SealedPin
from simulator.errors import ControlRefused
from simulator.reader.amounts import amount_line
from simulator.reader.model import Stroke, Tag
from simulator.reader.models.magtek_mms.activity import (
    Activity,
    Answer,
    Console,
    Leaving,
    done,
    refuse,
)
from simulator.reader.models.magtek_mms.authorisation import (
    Authorisation,
    record_typed,
)
from simulator.reader.models.magtek_mms.barcodes import presented
from simulator.reader.models.magtek_mms.card_pin import CardPin, wants_pin
from simulator.reader.models.magtek_mms.card_read import (
    Extras,
    read_card,
    read_typed,
)
from simulator.reader.models.magtek_mms.manual_step import ManualStep
from simulator.reader.models.magtek_mms.order import Order
from simulator.reader.models.magtek_mms.phases import (
    ARRIVAL,
    CANCELABLE,
    PROMPTS,
    TECHNOLOGY,
    TRANSITIONS,
    UNREADABLE,
    Phase,
    Step,
)
from simulator.reader.models.magtek_mms.tag_session import TagSession
from simulator.reader.models.magtek_mms.terms import Habits, terms_of
from simulator.reader.models.magtek_mms.tip_step import (
    TipStep,
    is_asked_at_once,
    is_asked_on_request,
)
from simulator.reader.screen import ReaderState
from simulator.reader.typed_digits import CANCEL

PLUS_TIP = "+TIP"


class Transaction(Activity):
    """A running transaction; does nothing any more once it has ended."""

    def __init__(self, console: Console, order: Order, habits: Habits) -> None:
        super().__init__(console)
        self.phase = Phase.PREPARING
        self._order = order
        self._habits = habits
        self._purchase = order.purchase
        self._extras = Extras()
        self._entries = order.entries
        self._is_fallback = False
        self._entry = Entry.CONTACT
        self._step: Activity | None = None
        """What goes on in it, where it is more than waiting for a card."""

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a card."""
        return self.phase is Phase.WAITING

    def begin(self) -> None:
        """Ask for a tip, a card number or a card."""
        tips = self._order.tips
        if tips is not None and is_asked_at_once(tips):
            self._ask_tip()
            return
        if tips is not None:
            self._add(tip=0)
        self._ask_payment()

    def take(self, command: Command) -> Answer | None:
        """What the present step makes of it; what else concerns it is early."""
        answer = None if self._step is None else self._step.take(command)
        if answer is not None:
            return answer
        match command:
            case ResumeTransaction() | ReportSelection():
                return refuse(StatusDetail.WRONG_TRANSACTION_STATE)
            case PassToTag():
                return refuse(StatusDetail.NO_PASS_THROUGH)
            case RequestSignature():
                return refuse(StatusDetail.SIGNATURE_NOT_ALLOWED)
            case _:
                return None

    def cancel_by_host(self) -> Answer:
        """The host gives up; too late once a card is being read."""
        if self.phase not in CANCELABLE:
            return refuse(StatusDetail.CANNOT_CANCEL)
        return done(lambda: self._give_up(Outcome.CANCELED_BY_HOST))

    def abandon(self) -> None:
        """Stop without a word."""
        super().abandon()
        self.phase = Phase.ENDED
        if self._step is not None:
            self._step.abandon()

    def present_card(self, card: Card, entry: Entry) -> None:
        """A card comes; raises ControlRefused unless one is awaited, in this way."""
        if self.phase is not Phase.WAITING:
            raise ControlRefused(f"the reader is {self.phase} and takes no card")
        if entry not in self._entries:
            ways = ", ".join(sorted(self._entries)) or "none at all"
            raise ControlRefused(f"the reader takes no {entry} now, only {ways}")
        technology = TECHNOLOGY[entry]
        if card.behaviour is Behaviour.COLLISION:
            self.console.notify(CardUpdate(technology, CardChange.COLLISION))
            self._prompt(StringId.PRESENT_ONE_CARD_ONLY)
            return
        self._advance(Step.CARD_GIVEN)
        self._entry = entry
        self.card_inside = card if entry is Entry.CONTACT else None
        self.console.notify(CardUpdate(technology, ARRIVAL[entry]))
        self.console.say(ReaderState.READING, StringId.PROCESSING, above=self._amount)
        read_s = self.console.bench.timing.read_s
        self.alarm.set(read_s, lambda: self._read_card(card))

    def remove_card(self) -> None:
        """The card or tag goes; raises ControlRefused where none is there."""
        if self._step is not None:
            self._step.remove_card()
            return
        is_inside = self._entry is Entry.CONTACT and self.phase is Phase.READING
        if not is_inside:
            raise ControlRefused("no card is in the reader")
        self._pulled()

    def press_key(self, key: str) -> None:
        """What the present step makes of it; before a card comes, only `cancel`."""
        if self._step is not None:
            self._step.press_key(key)
            return
        if key != CANCEL:
            raise ControlRefused(f"the key {key!r} does nothing now")
        if self.phase not in CANCELABLE:
            raise ControlRefused(f"the reader is {self.phase}: too late to cancel")
        self._give_up(Outcome.CANCELED_BY_CUSTOMER)

    def touch(self, choice: str) -> None:
        """A button of the present step, or `+TIP` beside the prompt for a card."""
        if self._step is not None:
            self._step.touch(choice)
            return
        if choice != PLUS_TIP or not self._offers_tip:
            raise ControlRefused(f"there is nothing to touch that reads {choice!r}")
        self._advance(Step.TIP_ASKED)
        self._ask_tip()

    def sign(self, strokes: Sequence[Stroke]) -> None:
        """Sign, where the reader asks for it by itself."""
        if self._step is None:
            super().sign(strokes)
        else:
            self._step.sign(strokes)

    def show_barcode(self, data: bytes) -> None:
        """A code in place of a card ends the transaction."""
        mode = self._order.barcode
        if self.phase is not Phase.WAITING or mode is None:
            raise ControlRefused("the reader scans no code now")
        self.console.notify(presented(data, mode, self.console.bench))
        # How the manual's "terminates the transaction" looks is unverified.
        self._end(Technology.BARCODE, Outcome.COMPLETED, StringId.BARCODE_READ)

    def present_tag(self, tag: Tag) -> None:
        """A tag comes; the host may then talk to it."""
        if self.phase is not Phase.WAITING or not self._order.takes_tags:
            raise ControlRefused("the reader looks for no tag now")
        session = TagSession(
            self.console, tag, timeout_s=self._order.timeout_s, left=self._tag_left
        )
        self._advance(Step.TAG_GIVEN)
        self._enter(session)

    @property
    def _amount(self) -> str:
        return amount_line(self._purchase.amount, self._purchase.currency_code)

    @property
    def _offers_tip(self) -> bool:
        tips = self._order.tips
        is_open = self.phase is Phase.WAITING and not self._extras.tip
        return tips is not None and is_asked_on_request(tips) and is_open

    @property
    def _leaving(self) -> Leaving:
        return Leaving(
            canceled=lambda: self._give_up(Outcome.CANCELED_BY_CUSTOMER),
            timed_out=lambda: self._give_up(Outcome.TIMED_OUT),
        )

    def _ask_tip(self) -> None:
        tips = self._order.tips
        if tips is None:
            return
        step = TipStep(
            self.console,
            tips,
            purchase=self._order.purchase,
            timeout_s=self._order.timeout_s,
            chosen=self._tip_chosen,
            leaving=self._leaving,
        )
        self._enter(step)

    def _tip_chosen(self, tip: int) -> None:
        self._step = None
        self._add(tip)
        self._ask_payment()

    def _add(self, tip: int) -> None:
        """Tip and tax become part of what the card authorises (manual, 6, 1001)."""
        tax = 0 if self._order.tips is None else self._order.tips.tax or 0
        amount = self._order.purchase.amount + tip + tax
        self._purchase = replace(self._order.purchase, amount=amount)
        self._extras = replace(self._extras, tip=tip, tax=tax)

    def _ask_payment(self) -> None:
        if self._order.manual is not None:
            step = ManualStep(
                self.console,
                self._order.manual,
                above=self._amount,
                timeout_s=self._order.timeout_s,
                typed=self._typed,
                leaving=self._leaving,
            )
            self._enter(step)
            return
        self._advance(Step.CARD_ASKED)
        self._prompt(PROMPTS.get(self._entries, StringId.PRESENT_CARD))

    def _prompt(self, text: StringId) -> None:
        self.console.say(
            ReaderState.WAITING_FOR_CARD,
            text,
            above=self._amount,
            may_cancel=True,
            choices=(PLUS_TIP,) if self._offers_tip else (),
        )
        timed_out = self._leaving.timed_out
        self.alarm.set_unless_zero(self._order.timeout_s, timed_out)

    def _read_card(self, card: Card) -> None:
        failure = UNREADABLE.get((self._entry, card.behaviour))
        is_verified_here = self.console.description.takes_pins
        if failure is not None:
            self._end(TECHNOLOGY[self._entry], *failure)
        elif self._entry is Entry.CONTACT and card.behaviour is Behaviour.REMOVED_EARLY:
            self._pulled()
        elif self._entry is Entry.CONTACT and (
            card.behaviour is Behaviour.CHIP_UNREADABLE
        ):
            self._fall_back()
        elif is_verified_here and wants_pin(card, self._entry):
            self._ask_pin(card)
        else:
            self._authorise(card)

    def _fall_back(self) -> None:
        """The chip is dead: the stripe may be read instead (EMV Book 4, 10)."""
        self.card_inside = None
        self.console.notify(CardUpdate(Technology.CONTACT, CardChange.REMOVED))
        if Entry.SWIPE not in self._order.entries:
            self._end(
                Technology.CONTACT,
                Outcome.UNDECIDED,
                StringId.CARD_ERROR,
                OutcomeExtension.TECHNICAL_FALLBACK,
            )
            return
        self._advance(Step.CARD_NOT_READ)
        self._is_fallback = True
        self._entries = frozenset({Entry.SWIPE})
        self._prompt(StringId.USE_MAGSTRIPE)

    def _ask_pin(self, card: Card) -> None:
        self._advance(Step.PIN_ASKED)
        step = CardPin(
            self.console,
            card,
            above=self._amount,
            block_format=self._order.pin_format,
            timeout_s=self._order.timeout_s,
            done=lambda entry, sealed: self._pin_given(card, entry, sealed),
            leaving=self._leaving,
            removed=self._pulled if self._entry is Entry.CONTACT else None,
        )
        self._enter(step)

    def _pin_given(self, card: Card, pin: PinEntry, sealed: SealedPin | None) -> None:
        self._step = None
        self._advance(Step.PIN_GIVEN)
        self._extras = replace(self._extras, pin=pin, sealed_pin=sealed)
        self._authorise(card)

    def _authorise(self, card: Card) -> None:
        self._advance(Step.CARD_READ)
        technology = TECHNOLOGY[self._entry]
        terms = terms_of(
            card, self._entry, self._order, habits=self._habits, above=self._amount
        )
        step = Authorisation(
            self.console,
            read_card(
                card,
                self.console.bench,
                entry=self._entry,
                purchase=self._purchase,
                is_fallback=self._is_fallback,
                extras=self._extras,
            ),
            terms,
            ended=lambda outcome, extension, text: self._end(
                technology, outcome, text, extension
            ),
            pulled=self._pulled,
        )
        self._enter(step)

    def _typed(self, card: TypedCard) -> None:
        record_typed(self.console, read_typed(card, self.console.bench, self._extras))
        self._end(Technology.MANUAL, Outcome.COMPLETED, StringId.WELCOME)

    def _pulled(self) -> None:
        self.card_inside = None
        self.console.notify(CardUpdate(Technology.CONTACT, CardChange.REMOVED))
        # Which outcome the manual means by it is unverified.
        self._end(Technology.CONTACT, Outcome.TAG_REMOVED, StringId.CARD_ERROR)

    def _tag_left(self) -> None:
        self._end(Technology.CONTACTLESS, Outcome.TAG_REMOVED, StringId.WELCOME)

    def _give_up(self, outcome: Outcome) -> None:
        self._end(Technology.NONE, outcome, StringId.WELCOME)

    def _enter(self, step: Activity) -> None:
        self.alarm.stop()
        self._step = step
        step.begin()

    def _end(
        self,
        technology: Technology,
        outcome: Outcome,
        text: StringId,
        extension: OutcomeExtension = OutcomeExtension.NONE,
    ) -> None:
        self._advance(Step.END)
        self.alarm.stop()
        if self._step is not None:
            self._step.abandon()
            self._step = None
        self.console.notify(TransactionComplete(technology, outcome, extension))
        self.console.over(text, self._order.final_text)

    def _advance(self, step: Step) -> None:
        self.phase = TRANSITIONS[self.phase, step]
