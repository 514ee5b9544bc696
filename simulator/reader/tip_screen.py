"""The buttons of a tip screen, and what each of them adds; for readers that are touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.reader.amounts import amount_line

ADD_A_TIP = "ADD A TIP"
NO_TIP = "NO TIP"
CUSTOM = "CUSTOM"


@dataclass(frozen=True, slots=True)
class TipButton:
    """One button; `tip` is in minor units, and None asks the cardholder for one."""

    label: str
    tip: int | None


NO_TIP_BUTTON = TipButton(NO_TIP, 0)
CUSTOM_BUTTON = TipButton(CUSTOM, None)


def percent_button(percent: int, *, of_amount: int) -> TipButton:
    """So many percent, halves of a minor unit rounded up."""
    return TipButton(f"{percent}%", (of_amount * percent + 50) // 100)


def amount_button(amount: int, *, currency_code: int) -> TipButton:
    """A fixed amount in minor units of a currency (ISO 4217 numeric)."""
    return TipButton(amount_line(amount, currency_code), amount)


def labels(buttons: Iterable[TipButton]) -> tuple[str, ...]:
    """What can be touched."""
    return tuple(button.label for button in buttons)


def button_named(label: str, buttons: Iterable[TipButton]) -> TipButton | None:
    """The button that reads so."""
    return next((button for button in buttons if button.label == label), None)
