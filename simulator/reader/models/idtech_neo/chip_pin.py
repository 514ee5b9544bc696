"""The PIN that a chip wants, typed at the reader and judged by the chip.

Only a PIN that the chip itself judges is asked for. How the block of a PIN that the issuer
judges travels in the answer to 60-11 is not published: such a PIN counts as entered and
right.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.cards.card import Card, Verification
from simulator.emv.kernel import PinEntry
from simulator.emv.pin_block import LEAST_DIGITS, MOST_DIGITS
from simulator.reader.alarm import Alarm
from simulator.reader.models.idtech_neo import panel
from simulator.reader.models.idtech_neo.console import Console
from simulator.reader.models.idtech_neo.quirks import PIN_PAD
from simulator.reader.screen import ReaderState
from simulator.reader.typed_digits import CANCEL, ENTER, TypedDigits

TRIES = 3
"""As many as most chips allow."""
TYPING_S = 30
"""For each try; how long real readers wait is unverified."""


def is_typed_here(console: Console, card: Card) -> bool:
    """Whether this card's PIN is asked for at this reader."""
    has_keys = console.description.has_display or console.quirks.strikes(PIN_PAD)
    return has_keys and card.verification is Verification.OFFLINE_PIN


class ChipPin:
    """Ends with what became of the PIN."""

    def __init__(
        self,
        console: Console,
        card: Card,
        *,
        show_at_host: Callable[[str], None],
        done: Callable[[PinEntry], None],
        canceled: Callable[[], None],
        timed_out: Callable[[], None],
    ) -> None:
        self._console = console
        self._card = card
        self._show_at_host = show_at_host
        self._done = done
        self._canceled = canceled
        self._timed_out = timed_out
        self._alarm = Alarm(console.bench.later)
        self._tries_left = TRIES
        self._typed = TypedDigits(LEAST_DIGITS, MOST_DIGITS)
        self._prompt = panel.ENTER_PIN

    def begin(self) -> None:
        """Ask for it."""
        self._typed = TypedDigits(LEAST_DIGITS, MOST_DIGITS)
        self._alarm.set(TYPING_S, self._timed_out)
        self._show()
        self._show_at_host(self._prompt)

    def stop(self) -> None:
        """Nobody waits for it any more."""
        self._alarm.stop()

    def press_key(self, key: str) -> None:
        """A digit, `clear`, `enter` or `cancel`; raises ControlRefused.

        `enter` alone leaves the PIN out (EMV Book 4, 6.3.4).
        """
        if key == CANCEL:
            self._canceled()
        elif key == ENTER and not self._typed.value:
            self._done(PinEntry.BYPASSED)
        elif key == ENTER and self._typed.is_enough:
            self._judge(self._typed.value)
        else:
            self._typed = self._typed.pressed(key)
            self._show()

    def _judge(self, pin: str) -> None:
        self._tries_left -= 1
        if pin == self._card.account.pin:
            self._done(PinEntry.DONE)
        elif not self._tries_left:
            self._done(PinEntry.FAILED)
        else:
            self._prompt = panel.INCORRECT_PIN
            self.begin()

    def _show(self) -> None:
        state = ReaderState.WAITING_FOR_CUSTOMER
        self._console.panel.show(state, self._prompt, self._typed.masked)
