"""Digits that a cardholder types: a PIN, a card number, an amount.

What was typed is in no `repr` and on no screen; whoever needs it takes `value`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from simulator.errors import ControlRefused

DIGITS = frozenset("0123456789")
CLEAR, ENTER, CANCEL = "clear", "enter", "cancel"
KEYPAD = DIGITS | {CLEAR, ENTER, CANCEL}
"""The keys of a reader on which something can be typed."""


@dataclass(frozen=True, slots=True)
class TypedDigits:
    """What was typed so far, between these limits."""

    least: int
    most: int
    value: str = field(default="", repr=False)

    @property
    def masked(self) -> str:
        """One star for each digit."""
        return "*" * len(self.value)

    @property
    def is_enough(self) -> bool:
        """Whether `enter` would take it."""
        return self.least <= len(self.value)

    def pressed(self, key: str) -> TypedDigits:
        """After a digit or `clear`; raises ControlRefused where the key does nothing."""
        if key == CLEAR:
            return replace(self, value="")
        if key not in DIGITS:
            raise ControlRefused(f"the key {key!r} does nothing now")
        if len(self.value) == self.most:
            raise ControlRefused(f"no more than {self.most} digits can be typed")
        return replace(self, value=self.value + key)
