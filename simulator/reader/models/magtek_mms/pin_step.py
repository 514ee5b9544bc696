"""The cardholder types a PIN. No digit of it is ever on the screen."""

from __future__ import annotations

from collections.abc import Callable

from simulator.errors import ControlRefused
from simulator.reader.models.magtek_mms.activity import Activity, Console, Leaving
from simulator.reader.typed_digits import CANCEL, ENTER, TypedDigits

ENTER_PIN = "ENTER PIN"
ENTER_PIN_AGAIN = "ENTER PIN AGAIN"
INCORRECT_PIN = "PIN INCORRECT, TRY AGAIN"
TEXTS = frozenset({ENTER_PIN, ENTER_PIN_AGAIN, INCORRECT_PIN})


class PinStep(Activity):
    """Ends with the PIN that was typed; an empty one where that is allowed."""

    def __init__(
        self,
        console: Console,
        prompt: str,
        *,
        digits: TypedDigits,
        above: str | None = None,
        timeout_s: int,
        typed: Callable[[str], None],
        leaving: Leaving,
    ) -> None:
        super().__init__(console)
        self._prompt = prompt
        self._digits = digits
        self._above = above
        self._timeout_s = timeout_s
        self._typed = typed
        self._leaving = leaving

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed yet."""
        return not self._digits.value

    def begin(self) -> None:
        """Ask."""
        lines = () if self._above is None else (self._above,)
        self.console.ask(*lines, self._prompt, self._digits.masked)
        self.alarm.set_unless_zero(self._timeout_s, self._leaving.timed_out)

    def press_key(self, key: str) -> None:
        """A digit, `clear`, `enter` or `cancel`; raises ControlRefused."""
        if key == CANCEL:
            self.alarm.stop()
            self._leaving.canceled()
        elif key != ENTER:
            self._digits = self._digits.pressed(key)
            self.begin()
        elif self._digits.is_enough:
            self.alarm.stop()
            self._typed(self._digits.value)
        else:
            raise ControlRefused("too few digits")
