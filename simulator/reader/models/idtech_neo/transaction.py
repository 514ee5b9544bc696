"""One card in front of a NEO reader, from the prompt to the last answer about it.

A stripe or a tap is one answer. A chip in the slot takes three commands, and may be
pulled between any two of them (interface guide 80139403, 02-40 and 60-10 to 60-12).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from drivers.features import Tone
from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import ApplyHostResponse, AuthenticateContact
from drivers.protocol.idtech_neo.basic import Encryption
from drivers.protocol.idtech_neo.commands import Command
from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayMode,
    RefusePin,
)
from drivers.protocol.idtech_neo.events import PinRequested
from drivers.protocol.idtech_neo.status import ErrorCode, ResultCode, StatusCode
from drivers.protocol.tlv import find_value
from simulator.cards.card import Behaviour, Card, Entry, Verification
from simulator.emv.kernel import ChipRead, PinEntry
from simulator.errors import ControlRefused
from simulator.reader.amounts import amount_line
from simulator.reader.models.idtech_neo import panel
from simulator.reader.models.idtech_neo.activity import Activity
from simulator.reader.models.idtech_neo.card_read import (
    CardReading,
    no_card,
    no_transaction,
)
from simulator.reader.models.idtech_neo.chip_pin import ChipPin, is_typed_here
from simulator.reader.models.idtech_neo.console import (
    NOT_ALLOWED_NOW,
    WRONG_PARAMETER,
    Console,
    Reply,
)
from simulator.reader.models.idtech_neo.host_questions import HostQuestions, menu
from simulator.reader.models.idtech_neo.order import CONTACT, Order
from simulator.reader.models.idtech_neo.phases import (
    PENDING,
    TRANSITIONS,
    Phase,
    Step,
)
from simulator.reader.models.idtech_neo.quirks import (
    ASKS_FOR_APPLICATION,
    ASKS_FOR_PIN,
    KEY_EXHAUSTED,
)
from simulator.reader.screen import ReaderState

CARD_SEEN = b"\x01"
"""The data of status 0E."""

_WITH_PIN = {Verification.OFFLINE_PIN, Verification.ONLINE_PIN}
_ONLINE_PIN = 0x01
_CARD_BEEP = Tone(frequency_hz=2700, duration_ms=200)

Answer = Callable[[int, StatusCode, bytes], None]
"""Command, status and data."""


class Transaction(Activity):
    """Does nothing any more once it has ended."""

    def __init__(self, console: Console, order: Order, answer: Answer) -> None:
        """`answer` gets everything that is told of the card."""
        super().__init__(console)
        self.phase = Phase.WAITING
        self._order = order
        self._answer = answer
        self._entries = order.entries
        self._is_fallback = False
        self._entry = Entry.CONTACTLESS
        self._card: Card | None = None
        self._is_pulled = False
        self._reading: CardReading | None = None
        self._chip: ChipRead | None = None
        self._pin: ChipPin | None = None
        self._host = HostQuestions(console)

    @property
    def is_pending(self) -> bool:
        """Whether the host waits for an answer."""
        return self.phase in PENDING

    @property
    def takes_chips(self) -> bool:
        """Whether a card may come into the slot."""
        return Entry.CONTACT in self._entries

    def begin(self) -> None:
        """Ask for a card."""
        if self._order.command == CONTACT:
            self._tell(StatusCode.IN_PROGRESS)
        self._prompt()
        self.alarm.set_unless_zero(self._order.timeout_s, self._time_out)

    def present_card(self, card: Card, entry: Entry) -> None:
        """A card comes; raises ControlRefused unless one is awaited, in this way."""
        if self.phase is not Phase.WAITING:
            raise ControlRefused(f"the reader is {self.phase} and takes no card")
        if entry not in self._entries:
            ways = ", ".join(sorted(self._entries))
            raise ControlRefused(f"the reader takes no {entry} now, only {ways}")
        self._advance(Step.CARD_GIVEN)
        self._card, self._entry = card, entry
        self.card_inside = card if entry is Entry.CONTACT else None
        if entry is not Entry.SWIPE:
            self._tell(StatusCode.USER_INTERFACE_EVENT, CARD_SEEN)
        self._show(ReaderState.READING, panel.PLEASE_WAIT)
        read_s = self.console.bench.timing.read_s
        self.alarm.set(read_s, lambda: self._read(card))

    def remove_card(self) -> None:
        """The inserted card goes; the host hears of it when it asks for the card."""
        is_inserted = self._card is not None and self._entry is Entry.CONTACT
        if not is_inserted or self._is_pulled:
            raise ControlRefused("no card is in the reader")
        self._is_pulled = True
        self.card_inside = None
        if self.is_pending:
            self._lose_chip()

    def press_key(self, key: str) -> None:
        """The cardholder gives up, or types a PIN; raises ControlRefused."""
        if self._pin is not None:
            self._pin.press_key(key)
            return
        if key != "cancel" or self.phase is not Phase.WAITING:
            raise ControlRefused(f"the key {key!r} does nothing now")
        self.cancel()

    def cancel(self) -> None:
        """The host, or the cardholder, gives up."""
        was_pending, command = self.is_pending, self._command
        self._end()
        if was_pending:
            canceled = no_transaction(ResultCode.CANCELED)
            self._tell(StatusCode.FAILED, canceled, command=command)

    def abandon(self) -> None:
        """Stop without a word."""
        super().abandon()
        self._ask_no_more()
        self.phase = Phase.ENDED

    def takes(self, command: Command) -> bool:
        """What the chip in the slot is asked, and what the reader has asked."""
        is_reply = isinstance(command, AnswerDisplay | RefusePin)
        is_for_chip = isinstance(command, AuthenticateContact | ApplyHostResponse)
        return is_for_chip or (is_reply and self._host.is_open)

    def take(self, command: Command) -> Reply | None:
        """What a command makes of the chip."""
        match command, self.phase:
            case ((AnswerDisplay() | RefusePin()), _):
                self._host.take(command)
                return None
            case AuthenticateContact(), Phase.SELECTED:
                self._authenticate(command)
                return None
            case ApplyHostResponse(), Phase.AUTHORISING:
                return self._apply(command)
            case _:
                return NOT_ALLOWED_NOW

    def _read(self, card: Card) -> None:
        if self.console.quirks.strikes(KEY_EXHAUSTED):
            self._fail(ErrorCode.GENERIC)
            return
        match self._entry:
            case Entry.SWIPE:
                self._read_stripe(card)
            case Entry.CONTACTLESS:
                self._read_tap(card)
            case Entry.CONTACT:
                self._read_chip(card)
            case _:
                assert_never(self._entry)

    def _read_stripe(self, card: Card) -> None:
        data = self._sealed(Encryption.MSR).swipe(card, is_fallback=self._is_fallback)
        self._hand_over(StatusCode.OK, data)

    def _read_tap(self, card: Card) -> None:
        error = self._error_of(card)
        if error is not None:
            self._fail(error)
        elif card.behaviour is Behaviour.STRIPE_TAP:
            reading = self._sealed(Encryption.MSR)
            data = reading.tap_of_stripe(card, self._order.purchase)
            self._hand_over(StatusCode.ONLINE_REQUESTED, data)
        else:
            data = self._sealed(Encryption.EMV).tap(card, self._order.purchase)
            self._hand_over(StatusCode.ONLINE_REQUESTED, data)

    def _error_of(self, card: Card) -> ErrorCode | None:
        if card.behaviour is Behaviour.COLLISION:
            return ErrorCode.COLLISION
        if not self._order.purchase.amount:
            return ErrorCode.ZERO_AMOUNT
        return self.console.quirks.error()

    def _read_chip(self, card: Card) -> None:
        if card.behaviour is Behaviour.CHIP_UNREADABLE:
            self._fall_back()
        elif self._host.are_asked(ASKS_FOR_APPLICATION):
            self._host.ask(
                menu(card.application.preferred_name, card.application.label),
                lambda reply: self._chosen(card, reply),
                timed_out=self._time_out,
            )
        else:
            self._select(card)

    def _chosen(self, card: Card, reply: AnswerDisplay | RefusePin) -> None:
        if isinstance(reply, AnswerDisplay) and reply.mode is DisplayMode.MENU:
            self._select(card)
        else:
            self.cancel()

    def _select(self, card: Card) -> None:
        data = self._sealed(Encryption.EMV).application(card)
        self._advance(Step.APPLICATION_READ)
        self._tell(StatusCode.OK, data)
        self._expect_command(self._order.next_command_s)

    def _fall_back(self) -> None:
        """The chip is dead: the stripe may be read instead (EMV Book 4, 10)."""
        self._card = self.card_inside = None
        if not self._order.allows_fallback or Entry.SWIPE not in self._order.entries:
            self._end()
            self._tell(StatusCode.OK, no_transaction(ResultCode.FALLBACK))
            return
        self._advance(Step.CARD_NOT_READ)
        self._is_fallback = True
        self._entries = frozenset({Entry.SWIPE})
        self._prompt()
        self.alarm.set_unless_zero(self._order.timeout_s, self._time_out)

    def _authenticate(self, command: AuthenticateContact) -> None:
        self._advance(Step.ASKED_FOR_CRYPTOGRAM)
        self._tell(StatusCode.IN_PROGRESS, command=CONTACT)
        self._host.show(panel.PLEASE_WAIT)
        read_s = self.console.bench.timing.read_s
        next_command_s = command.next_command_s
        self.alarm.set(read_s, lambda: self._verify(next_command_s))

    def _verify(self, next_command_s: int) -> None:
        """The chip may want a PIN; without a keypad it counts as entered and right."""
        card = self._card
        wants_pin = card is not None and card.verification in _WITH_PIN
        if card is not None and is_typed_here(self.console, card):
            self._pin = ChipPin(
                self.console,
                card,
                show_at_host=self._host.show,
                done=lambda pin: self._read_cryptogram(next_command_s, pin),
                canceled=self.cancel,
                timed_out=self._time_out,
            )
            self._pin.begin()
        elif wants_pin and self._host.are_asked(ASKS_FOR_PIN):
            self._host.ask(
                PinRequested(_ONLINE_PIN),
                lambda _: self._read_cryptogram(next_command_s, PinEntry.BYPASSED),
                timed_out=self._time_out,
            )
        else:
            self._read_cryptogram(next_command_s, PinEntry.DONE)

    def _read_cryptogram(self, next_command_s: int, pin: PinEntry) -> None:
        self._ask_no_more()
        card, reading = self._card, self._reading
        if card is None or reading is None or self._is_gone(Behaviour.REMOVED_EARLY):
            self._lose_chip()
            return
        self._chip = self.console.bench.kernel.read(
            card, Entry.CONTACT, purchase=self._order.purchase, pin=pin
        )
        self._advance(Step.CRYPTOGRAM_READ)
        self._tell(StatusCode.OK, reading.cryptogram(self._chip), command=CONTACT)
        self._show(ReaderState.AUTHORISING, panel.PLEASE_WAIT)
        self._expect_command(next_command_s)

    def _apply(self, command: ApplyHostResponse) -> Reply | None:
        code = find_value(command.objects, emv.AUTHORISATION_RESPONSE_CODE) or b""
        if len(code) != 2 or not code.isalnum():
            return WRONG_PARAMETER
        self._tell(StatusCode.IN_PROGRESS, command=CONTACT)
        chip, reading = self._chip, self._reading
        is_gone = self._is_gone(Behaviour.REMOVED_BEFORE_COMPLETION)
        if chip is None or reading is None or is_gone:
            self._lose_chip()
            return None
        data = find_value(command.objects, emv.ISSUER_AUTHENTICATION_DATA) or b""
        completion = chip.complete(code.decode("ascii"), data, scripts=command.scripts)
        self._end()
        text = panel.APPROVED if completion.approved else panel.DECLINED
        result_s = self.console.bench.timing.result_s
        self.console.panel.linger(ReaderState.IDLE, text, seconds=result_s)
        return Reply(StatusCode.OK, reading.completion(completion))

    def _is_gone(self, behaviour: Behaviour) -> bool:
        is_pulled_now = self._card is not None and self._card.behaviour is behaviour
        return self._is_pulled or is_pulled_now

    def _lose_chip(self) -> None:
        self.card_inside = None
        command = self._command
        self._end()
        error = no_card(ErrorCode.CARD_COMMUNICATION)
        self._tell(StatusCode.FAILED, error, command=command)

    def _sealed(self, kind: Encryption) -> CardReading:
        """The card under a key of its own, for as long as it is in the reader."""
        bench = self.console.bench
        self.console.memory.last_card = self._card
        self._reading = CardReading(
            bench, encrypts=self.console.encrypts(kind), key=self.console.next_key()
        )
        return self._reading

    def _hand_over(self, status: StatusCode, data: bytes) -> None:
        """All that this card tells, which the host takes to its issuer."""
        self._end()
        self.console.bench.play([_CARD_BEEP])
        self.console.panel.linger(
            ReaderState.AUTHORISING,
            panel.PLEASE_WAIT,
            seconds=self.console.bench.timing.online_s,
        )
        self._tell(status, data)

    def _fail(self, error: ErrorCode) -> None:
        self._end()
        self._tell(StatusCode.FAILED, no_card(error))

    def _time_out(self) -> None:
        command = self._command
        self._end()
        self._tell(StatusCode.TIMED_OUT, command=command)

    @property
    def _command(self) -> int:
        """The one that is answered next: the chip's own come after it was selected."""
        is_early = self.phase in (Phase.WAITING, Phase.READING)
        return self._order.command if is_early else CONTACT

    def _expect_command(self, seconds: int) -> None:
        """The chip waits for 60-11 or 60-12, and then no longer."""
        self.alarm.set_unless_zero(seconds, self._end)

    def _end(self) -> None:
        self._advance(Step.END)
        self._ask_no_more()
        super().abandon()
        self.console.panel.welcome()

    def _ask_no_more(self) -> None:
        self._host.close()
        if self._pin is not None:
            self._pin.stop()
            self._pin = None

    def _advance(self, step: Step) -> None:
        self.phase = TRANSITIONS[self.phase, step]

    def _tell(
        self, status: StatusCode, data: bytes = b"", *, command: int | None = None
    ) -> None:
        self._answer(self._order.command if command is None else command, status, data)

    def _prompt(self) -> None:
        prompt = panel.PROMPTS.get(self._entries, panel.PRESENT_CARD)
        self._show(ReaderState.WAITING_FOR_CARD, prompt)

    def _show(self, state: ReaderState, text: str) -> None:
        purchase = self._order.purchase
        amount = amount_line(purchase.amount, purchase.currency_code)
        self.console.panel.show(state, amount, text)
