"""What a cardholder types on a NEO reader: 62-xx and 83-41 (guide 80139403, 8.24).

A job of 62-xx is answered twice: at once, and when the cardholder is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from drivers.protocol.idtech_neo.basic import Encryption
from drivers.protocol.idtech_neo.commands import Command
from drivers.protocol.idtech_neo.keypad import (
    TIMEOUT_S,
    CancelKeypad,
    CardFields,
    GetAmount,
    GetCard,
    GetNumber,
    GetPin,
    Typed,
    TypedPin,
    encode_digits,
    encode_pin,
    encode_typed,
)
from drivers.protocol.idtech_neo.status import KeypadState, StatusCode
from simulator.emv.pin_block import LEAST_DIGITS, MOST_DIGITS, PinBlockFormat
from simulator.errors import ControlRefused
from simulator.reader.models.idtech_neo import panel
from simulator.reader.models.idtech_neo.activity import Activity
from simulator.reader.models.idtech_neo.card_read import CardReading
from simulator.reader.models.idtech_neo.console import Console, Reply
from simulator.reader.models.idtech_neo.quirks import AES_KEYS, KEY_EXHAUSTED
from simulator.reader.screen import ReaderState
from simulator.reader.typed_digits import CANCEL, CLEAR, ENTER, KEYPAD, TypedDigits

KEYS = KEYPAD | {"*", "#", "f1", "f2", "f3", "f4"}
"""Every key of a reader with a display."""

_LETTERS = {CLEAR: "B", CANCEL: "C", ENTER: "E"}
"""What 62-02 calls keys that are not called by what is printed on them."""
_EXPIRY_DIGITS = 4


def letter_of(key: str) -> str:
    """What a host is told of a key, such as `E` or `F1`."""
    return _LETTERS.get(key, key.upper())


class KeypadJob(Activity):
    """One of 62-xx: only 62-00 is taken while it goes on."""

    COMMAND: ClassVar[int] = 0x62

    def begin(self) -> None:
        """Ask the cardholder, who has as long as the reader gives everyone."""
        self.alarm.set(TIMEOUT_S, self._time_out)
        self.ask()

    def ask(self) -> None:
        """Show the question."""
        raise NotImplementedError

    def takes(self, command: Command) -> bool:
        """Its cancel."""
        return isinstance(command, CancelKeypad)

    def take(self, command: Command) -> Reply | None:
        """The host gives up: that is answered first."""
        self.console.line.answer(self.COMMAND, StatusCode.OK)
        self.cancel()
        return None

    def cancel(self) -> None:
        """The host gives up."""
        self.finish(Typed(KeypadState.CANCELED_BY_HOST))

    def finish(self, typed: Typed) -> None:
        """Tell what was typed, or why nothing was."""
        self.abandon()
        self.console.panel.welcome()
        self.console.line.answer(self.COMMAND, StatusCode.OK, encode_typed(typed))

    def _time_out(self) -> None:
        self.abandon()
        self.console.panel.welcome()
        self.console.line.answer(self.COMMAND, StatusCode.TIMED_OUT)


class KeyJob(KeypadJob):
    """62-02: one key."""

    def ask(self) -> None:
        """Nothing is shown."""
        self.console.panel.show(ReaderState.WAITING_FOR_CUSTOMER)

    def press_key(self, key: str) -> None:
        """Whichever comes first."""
        self.finish(Typed(KeypadState.OK, letter_of(key).encode("ascii")))


class DigitsJob(KeypadJob):
    """62-01, 62-03 and 62-04: digits."""

    def __init__(
        self,
        console: Console,
        prompt: str,
        typed: TypedDigits,
        *,
        show: Callable[[TypedDigits], str],
        done: Callable[[str], Typed],
    ) -> None:
        """`show` is what stands below the prompt, `done` what becomes of the digits."""
        super().__init__(console)
        self._prompt = prompt
        self._typed = typed
        self._show = show
        self._done = done

    def ask(self) -> None:
        """Prompt, and what was typed."""
        shown = self._show(self._typed)
        self.console.panel.show(ReaderState.WAITING_FOR_CUSTOMER, self._prompt, shown)

    def press_key(self, key: str) -> None:
        """A digit, `clear`, `enter` or `cancel`; raises ControlRefused."""
        if key == CANCEL:
            self.finish(Typed(KeypadState.CANCELED_BY_CUSTOMER))
        elif key == ENTER and self._typed.is_enough:
            self.finish(self._done(self._typed.value))
        else:
            self._typed = self._typed.pressed(key)
            self.ask()


def number_job(console: Console, command: GetNumber) -> DigitsJob:
    """62-03."""
    return DigitsJob(
        console,
        command.message,
        TypedDigits(command.least_digits, command.most_digits),
        show=lambda typed: typed.masked if command.is_hidden else typed.value,
        done=lambda digits: Typed(KeypadState.OK, encode_digits(digits)),
    )


def amount_job(console: Console, command: GetAmount) -> DigitsJob:
    """62-04."""
    return DigitsJob(
        console,
        command.message,
        TypedDigits(command.least_digits, command.most_digits),
        show=_with_two_decimals,
        done=lambda digits: Typed(KeypadState.OK, encode_digits(digits)),
    )


def _with_two_decimals(typed: TypedDigits) -> str:
    whole, hundredths = divmod(int(typed.value or "0"), 100)
    return f"{whole}.{hundredths:02d}"


class Unable(KeypadJob):
    """A job that cannot even begin."""

    def __init__(self, console: Console, state: KeypadState) -> None:
        super().__init__(console)
        self._state = state

    def begin(self) -> None:
        """Say why."""
        self.finish(Typed(self._state))


def pin_job(console: Console, command: GetPin) -> KeypadJob:
    """62-01: the PIN of the card that was read last."""
    card = console.memory.last_card
    least, most = command.least_digits, command.most_digits
    if not LEAST_DIGITS <= least <= most <= MOST_DIGITS:
        return Unable(console, KeypadState.BAD_PARAMETER)
    if console.quirks.strikes(KEY_EXHAUSTED):
        return Unable(console, KeypadState.KEY_EXHAUSTED)
    if card is None:
        return Unable(console, KeypadState.PAN_ERROR)
    number = card.account.number
    is_aes = console.quirks.strikes(AES_KEYS)
    block_format = PinBlockFormat.ISO_4 if is_aes else PinBlockFormat.ISO_0

    def done(pin: str) -> Typed:
        sealed = console.bench.pin_keys.seal(
            pin,
            number,
            block_format=block_format,
            random=console.bench.random,
        )
        block = TypedPin(sealed.ksn, sealed.block)
        return Typed(KeypadState.OK, encode_pin(block))

    return DigitsJob(
        console,
        command.message or panel.ENTER_PIN,
        TypedDigits(least, most),
        show=lambda typed: typed.masked,
        done=done,
    )


class CardJob(Activity):
    """83-41: a card number and its expiry date, encrypted like a swipe.

    Answered once. Takes the numbers of virtual cards alone, so that nobody types a real
    one here.
    """

    COMMAND: ClassVar[int] = GetCard.CODE[0]

    def __init__(self, console: Console, command: GetCard) -> None:
        super().__init__(console)
        self._command = command
        self._number: str | None = None
        self._typed = TypedDigits(12, 19)

    def begin(self) -> None:
        """Ask for the number."""
        self.alarm.set_unless_zero(self._command.timeout_s, self._time_out)
        self._ask()

    def cancel(self) -> None:
        """The host gives up."""
        self._fail(KeypadState.CANCELED_BY_HOST)

    def press_key(self, key: str) -> None:
        """A digit, `clear`, `enter` or `cancel`; raises ControlRefused."""
        if key == CANCEL:
            self._fail(KeypadState.CANCELED_BY_CUSTOMER)
        elif key == ENTER and self._typed.is_enough:
            self._entered(self._typed.value)
        else:
            self._typed = self._typed.pressed(key)
            self._ask()

    def _entered(self, digits: str) -> None:
        if self._number is not None:
            self._finish(self._number, expiry=digits[2:] + digits[:2])
            return
        if self.console.bench.card_numbered(digits) is None:
            raise ControlRefused("the number typed is no virtual card's")
        self._number = digits
        if CardFields.EXPIRY in self._command.fields:
            self._typed = TypedDigits(_EXPIRY_DIGITS, _EXPIRY_DIGITS)
            self._ask()
        else:
            self._finish(digits, expiry="")

    def _ask(self) -> None:
        is_number = self._number is None
        prompt = panel.ENTER_CARD_NUMBER if is_number else panel.ENTER_EXPIRY
        self.console.panel.show(
            ReaderState.WAITING_FOR_CUSTOMER, prompt, self._typed.masked
        )

    def _finish(self, number: str, *, expiry: str) -> None:
        console = self.console
        console.memory.last_card = console.bench.card_numbered(number)
        encrypts = console.encrypts(Encryption.MSR)
        reading = CardReading(console.bench, encrypts, key=console.next_key())
        self._end(StatusCode.OK, reading.typed(number, expiry))

    def _fail(self, state: KeypadState) -> None:
        self._end(StatusCode.FAILED, bytes((state,)))

    def _time_out(self) -> None:
        self._end(StatusCode.TIMED_OUT)

    def _end(self, status: StatusCode, data: bytes = b"") -> None:
        self.abandon()
        self.console.panel.welcome()
        self.console.line.answer(self.COMMAND, status, data)
