"""Commands 2001 and 2002: a PIN outside a transaction, in a session the host ends.

The account number that command 2001 may carry is none of the codec's values, so the
reader never has one there and makes a block of format 1 (manual, 6, group 20).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.pin import (
    EncryptedPinBlock,
    PinSequence,
    RequestCardPin,
    RequestPin,
)
from drivers.protocol.magtek_mms.pin_notices import (
    PinCardUpdate,
    PinEntered,
    PinFailed,
    PinFailure,
)
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from simulator.cards.card import Behaviour, Card, Entry
from simulator.emv.pin_block import LEAST_DIGITS, MOST_DIGITS, PinBlockFormat
from simulator.emv.sealing import pin_objects
from simulator.errors import ControlRefused
from simulator.reader.models.magtek_mms.account_data import with_account
from simulator.reader.models.magtek_mms.activity import (
    Activity,
    Answer,
    Console,
    Leaving,
    done,
    refuse,
    started,
)
from simulator.reader.models.magtek_mms.phases import ARRIVAL, TECHNOLOGY
from simulator.reader.models.magtek_mms.pin_step import (
    ENTER_PIN,
    ENTER_PIN_AGAIN,
    INCORRECT_PIN,
    PinStep,
)
from simulator.reader.screen import ReaderState
from simulator.reader.typed_digits import TypedDigits

PinRequest = RequestPin | RequestCardPin

_UNREADABLE = {
    Entry.CONTACT: frozenset({Behaviour.CHIP_UNREADABLE, Behaviour.REMOVED_EARLY}),
    Entry.CONTACTLESS: frozenset({Behaviour.COLLISION}),
    Entry.SWIPE: frozenset({Behaviour.STRIPE_UNREADABLE}),
}
_TWICE = frozenset({PinSequence.ENTER_TWICE, PinSequence.PRESENT_CARD_AND_ENTER_TWICE})
_LAST = {
    PinSequence.CANCEL: StringId.CANCELED,
    PinSequence.FAIL: StringId.INCORRECT_PIN,
    PinSequence.SUCCEED: StringId.PIN_OK,
}
_FIRST: dict[type[PinRequest], frozenset[PinSequence]] = {
    RequestPin: frozenset({PinSequence.ENTER, PinSequence.ENTER_TWICE}),
    RequestCardPin: frozenset(
        {
            PinSequence.PRESENT_CARD_AND_ENTER,
            PinSequence.PRESENT_CARD_AND_ENTER_TWICE,
        }
    ),
}
_NEXT = frozenset(
    {PinSequence.TRY_AGAIN, PinSequence.ENTER_TWICE, PinSequence.ENTER_AGAIN}
)


def answer_to_pin_request(
    command: PinRequest, *, console: Console, begin: Callable[[Activity], None]
) -> Answer:
    """Begin a session; refused without keypad or session, or beyond the limits."""
    if not console.description.takes_pins:
        return refuse(StatusDetail.FEATURE_UNAVAILABLE)
    if not _is_possible(command):
        return refuse(StatusDetail.PARAMETER_INVALID)
    if command.entry.sequence not in _FIRST[type(command)]:
        return refuse(StatusDetail.NO_PIN_SESSION)
    return started(lambda: begin(PinSession(console, command)))


class PinSession(Activity):
    """Ends by the host's word, a cardholder who gives up, or time."""

    busy: ClassVar[StatusDetail] = StatusDetail.PIN_IN_PROGRESS

    def __init__(self, console: Console, command: PinRequest) -> None:
        super().__init__(console)
        self._command = command
        self._card: tuple[Card, Entry] | None = None
        self._step: PinStep | None = None
        self._first: str | None = None
        """What was typed, where it has to be typed once more."""

    def begin(self) -> None:
        """Ask for the card, or at once for the PIN."""
        if isinstance(self._command, RequestCardPin):
            self.console.say(ReaderState.WAITING_FOR_CARD, StringId.PRESENT_CARD)
            self.alarm.set(self._command.timeout_s, self._time_out)
        else:
            self._ask(ENTER_PIN)

    def take(self, command: Command) -> Answer | None:
        """The same command with another screen, or the one that ends the session."""
        if not isinstance(command, RequestPin | RequestCardPin):
            return None
        text = _LAST.get(command.entry.sequence)
        if text is not None:
            return done(lambda: self._over(text))
        if type(command) is not type(self._command) or self._step is not None:
            return refuse(StatusDetail.PIN_IN_PROGRESS)
        if command.entry.sequence not in _NEXT or not _is_possible(command):
            return refuse(StatusDetail.PARAMETER_INVALID)
        return started(lambda: self._go_on(command))

    def abandon(self) -> None:
        """Stop without a word."""
        super().abandon()
        if self._step is not None:
            self._step.abandon()

    def present_card(self, card: Card, entry: Entry) -> None:
        """The card whose PIN is asked for; raises ControlRefused."""
        if not isinstance(self._command, RequestCardPin) or self._card is not None:
            raise ControlRefused("the reader waits for no card")
        if entry not in _entries(self._command):
            raise ControlRefused(f"the reader takes no {entry} now")
        self.alarm.stop()
        self._card = card, entry
        self.console.notify(PinCardUpdate(TECHNOLOGY[entry], ARRIVAL[entry]))
        if card.behaviour in _UNREADABLE[entry]:
            self._fail(PinFailure.CARD_NOT_READ)
        else:
            self._ask(ENTER_PIN)

    def press_key(self, key: str) -> None:
        """A digit, `clear`, `enter` or `cancel`; raises ControlRefused."""
        if self._step is None:
            super().press_key(key)
        else:
            self._step.press_key(key)

    def _go_on(self, command: PinRequest) -> None:
        self._command = command
        self._first = None
        is_wrong = command.entry.sequence is PinSequence.TRY_AGAIN
        self._ask(INCORRECT_PIN if is_wrong else ENTER_PIN)

    def _ask(self, prompt: str) -> None:
        self.alarm.stop()
        entry = self._command.entry
        self._step = PinStep(
            self.console,
            prompt,
            digits=TypedDigits(entry.least_digits, entry.most_digits),
            timeout_s=self._command.timeout_s,
            typed=self._typed,
            leaving=Leaving(
                canceled=lambda: self._fail(PinFailure.CANCELED),
                timed_out=self._time_out,
            ),
        )
        self._step.begin()

    def _typed(self, pin: str) -> None:
        if self._command.entry.sequence in _TWICE and self._first is None:
            self._first = pin
            self._ask(ENTER_PIN_AGAIN)
            return
        self._step = None
        if self._first not in (None, pin):
            self.console.notify(PinFailed(PinFailure.NOT_THE_SAME_TWICE))
        else:
            self._tell(pin)
        self._first = None
        self.console.say(ReaderState.MESSAGE, StringId.PLEASE_WAIT)
        self.alarm.set(self._command.timeout_s, lambda: self._over(StringId.WELCOME))

    def _tell(self, pin: str) -> None:
        bench = self.console.bench
        number, block_format = "", PinBlockFormat.ISO_1
        if self._card is not None:
            number = self._card[0].account.number
            block_format = PinBlockFormat(self._command.entry.block_format)
        sealed = bench.pin_keys.seal(
            pin, number, block_format=block_format, random=bench.random
        )
        entered = PinEntered(EncryptedPinBlock.from_parameters(pin_objects(sealed)))
        if self._card is None:
            self.console.notify(entered)
        else:
            card, entry = self._card
            self.console.notify(with_account(entered, card, entry, bench.keys))

    def _time_out(self) -> None:
        self._fail(PinFailure.TIMED_OUT)

    def _fail(self, reason: PinFailure) -> None:
        self.console.notify(PinFailed(reason))
        self._over(StringId.WELCOME)

    def _over(self, text: StringId) -> None:
        self.abandon()
        self.console.over(text, StringId.WELCOME)


def _entries(command: RequestCardPin) -> frozenset[Entry]:
    enabled = {
        Entry.SWIPE: command.swipe,
        Entry.CONTACT: command.insert,
        Entry.CONTACTLESS: command.tap,
    }
    return frozenset(entry for entry, is_on in enabled.items() if is_on)


def _is_possible(command: PinRequest) -> bool:
    entry = command.entry
    has_limits = LEAST_DIGITS <= entry.least_digits <= entry.most_digits <= MOST_DIGITS
    formats = set(PinBlockFormat)
    if isinstance(command, RequestCardPin):
        formats.discard(PinBlockFormat.ISO_1)
        has_limits = has_limits and bool(_entries(command))
    return has_limits and entry.block_format in formats and command.timeout_s > 0
