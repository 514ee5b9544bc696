"""Asking for a tip before the card, on readers with menu and keypad."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.families.idtech_neo import asking
from drivers.families.idtech_neo.device import Device
from drivers.features import InputEnd
from drivers.protocol.currency import STRIPE_EXPONENTS, currency_of
from drivers.protocol.idtech_neo.keypad import GetAmount
from drivers.reader import TipChoices, TransactionRequest

MOST_CHOICES = 6
TITLE = "TIP?"
CUSTOM = "OTHER AMOUNT"
NONE = "NO TIP"
PROMPT = "TIP AMOUNT"
MOST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the tip menu; None is an amount the customer types."""

    text: str
    tip: int | None


async def ask_for_tip(
    device: Device, request: TransactionRequest, choices: TipChoices
) -> int | InputEnd:
    """The tip in minor units, or why there is no answer."""
    offers = tuple(offers_of(request, choices))
    if not offers:
        return 0
    index = await asking.chosen(
        device,
        (TITLE,),
        [offer.text for offer in offers],
        timeout_s=request.timeout_s,
    )
    if isinstance(index, InputEnd):
        return index
    tip = offers[index].tip
    if tip is not None:
        return tip
    command = GetAmount(MOST_DIGITS, 1, PROMPT)
    return await asking.typed_amount(device, command, timeout_s=request.timeout_s)


def offers_of(request: TransactionRequest, choices: TipChoices) -> Iterator[Offer]:
    """The lines of the menu; percentages are of the amount, rounded half up."""
    for percent in choices.percents[:MOST_CHOICES]:
        tip = (request.amount * percent + 50) // 100
        yield Offer(f"{percent}% {_decimal(tip, request.currency)}", tip)
    if not choices.percents:
        for tip in choices.amounts[:MOST_CHOICES]:
            yield Offer(_decimal(tip, request.currency), tip)
    if choices.allows_custom:
        yield Offer(CUSTOM, None)
    if choices.allows_none:
        yield Offer(NONE, 0)


def _decimal(amount: int, currency: str) -> str:
    known = currency_of(currency)
    exponent = STRIPE_EXPONENTS.get(currency, known.exponent)
    if not exponent:
        return str(amount)
    whole, rest = divmod(amount, 10**exponent)
    return f"{whole}.{rest:0{exponent}}"
