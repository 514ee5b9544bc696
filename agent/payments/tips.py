"""Whether a reader asks for a tip, and what it offers. Pure.

The rules are Stripe's: amounts below the smart threshold and percentages from it on,
of what is eligible; nobody is asked twice for one PaymentIntent.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.terminal_configuration.effective import Tipping
from drivers.reader import TipChoices

MOST_ON_A_BUTTON = 999_999
"""Minor units: six digits are what every reader's screen has room for."""


@dataclass(frozen=True, slots=True)
class Tippable:
    """What a register wants to be paid, as far as tips go."""

    amount: int
    """Minor units."""
    tip: int | None = None
    """What the amount already has of a tip; None where nobody was asked."""
    skip_tipping: bool = False
    amount_eligible: int | None = None
    """What percentages are of; None for all of it, 0 for no tip."""


def tip_choices(tipping: Tipping | None, wanted: Tippable) -> TipChoices | None:
    """What the reader offers; None where it does not ask.

    `tipping` is what counts for the currency. The cardholder may always choose no tip,
    or type an amount.
    """
    eligible = wanted.amount_eligible
    if eligible is None:
        eligible = wanted.amount
    is_unwanted = wanted.skip_tipping or bool(wanted.tip) or eligible <= 0
    if tipping is None or is_unwanted:
        return None
    if _takes_amounts(tipping, eligible):
        return _amounts(tipping.fixed_amounts)
    if eligible == wanted.amount:
        return TipChoices(percents=tipping.percentages)
    # A reader's own percentages would be of the whole amount.
    return _amounts(tuple(_percent(each, eligible) for each in tipping.percentages))


def _takes_amounts(tipping: Tipping, eligible: int) -> bool:
    if not tipping.fixed_amounts or not tipping.percentages:
        return bool(tipping.fixed_amounts)
    threshold = tipping.smart_tip_threshold
    return threshold is not None and eligible < threshold


def _amounts(amounts: tuple[int, ...]) -> TipChoices:
    shown = (each for each in amounts if 0 < each <= MOST_ON_A_BUTTON)
    return TipChoices(amounts=tuple(dict.fromkeys(shown)))


def _percent(percentage: int, of_amount: int) -> int:
    """Halves of a minor unit are rounded up, as readers do it."""
    return (of_amount * percentage + 50) // 100
