"""The cardholder types a card number, its expiry and its security code.

Only numbers of virtual cards are taken, and none is shown: stars, from the first digit.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from drivers.features import Tone
from drivers.protocol.magtek_mms.start import ManualEntry
from simulator.cards.typed import TypedCard
from simulator.errors import ControlRefused
from simulator.reader.models.magtek_mms.activity import Activity, Console, Leaving
from simulator.reader.typed_digits import CANCEL, ENTER, TypedDigits


class Field(StrEnum):
    """What is typed, as the screen asks for it."""

    NUMBER = "CARD NUMBER"
    EXPIRY = "EXPIRY MMYY"
    SECURITY_CODE = "SECURITY CODE"


TEXTS = frozenset(field.value for field in Field)

KEY_SOUND = Tone(1000, 20)

_LIMITS = {
    # Card numbers by the manual, 6, command 1001; the code may be left out.
    Field.NUMBER: (8, 21),
    Field.EXPIRY: (4, 4),
    Field.SECURITY_CODE: (0, 4),
}
_AFTER = {Field.NUMBER: Field.EXPIRY, Field.EXPIRY: Field.SECURITY_CODE}


class ManualStep(Activity):
    """Ends with a TypedCard."""

    def __init__(
        self,
        console: Console,
        mode: ManualEntry,
        *,
        above: str,
        timeout_s: int,
        typed: Callable[[TypedCard], None],
        leaving: Leaving,
    ) -> None:
        """`above` is the line over each question."""
        super().__init__(console)
        self._mode = mode
        self._above = above
        self._timeout_s = timeout_s
        self._typed = typed
        self._leaving = leaving
        self._field = Field.NUMBER
        self._digits: dict[Field, TypedDigits] = {}

    def begin(self) -> None:
        """Ask for the number."""
        self._ask(Field.NUMBER)

    def press_key(self, key: str) -> None:
        """A digit, `clear`, `enter` or `cancel`.

        Raises ControlRefused where the key does nothing, and for a number that no
        virtual card has, which the cardholder may then type anew.
        """
        if self._mode.has_key_sounds:
            self.console.bench.play((KEY_SOUND,))
        if key == CANCEL:
            self.alarm.stop()
            self._leaving.canceled()
        elif key == ENTER:
            self._enter()
        else:
            self._digits[self._field] = self._digits[self._field].pressed(key)
            self._show()

    def _ask(self, field: Field) -> None:
        least, most = _LIMITS[field]
        self._field = field
        self._digits[field] = TypedDigits(least, most)
        self._show()

    def _show(self) -> None:
        masked = self._digits[self._field].masked
        self.console.ask(self._above, self._field, masked)
        self.alarm.set_unless_zero(self._timeout_s, self._leaving.timed_out)

    def _enter(self) -> None:
        if not self._digits[self._field].is_enough:
            raise ControlRefused("too few digits")
        if self._field is Field.NUMBER:
            self._require_virtual_card()
        if self._field is Field.EXPIRY:
            self._require_month()
        following = _AFTER.get(self._field)
        if following is not None:
            self._ask(following)
            return
        self.alarm.stop()
        card = self.console.bench.card_numbered(self._digits[Field.NUMBER].value)
        if card is not None:
            expiry = self._digits[Field.EXPIRY].value
            code = self._digits[Field.SECURITY_CODE].value
            self._typed(TypedCard(card.account.number, expiry, security_code=code))

    def _require_virtual_card(self) -> None:
        number = self._digits[Field.NUMBER].value
        if self.console.bench.card_numbered(number) is None:
            self._ask(Field.NUMBER)
            raise ControlRefused("what was typed is no virtual card's number")

    def _require_month(self) -> None:
        if not 1 <= int(self._digits[Field.EXPIRY].value[:2]) <= 12:
            self._ask(Field.EXPIRY)
            raise ControlRefused("what was typed is no month and year")
