"""A cart of `set_reader_display`, and how it reads on a small screen. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from agent.money import Amount
from agent.stripe_api.objects import JsonObject

TAX, TOTAL = "Tax", "Total"
MORE = "... {count} more"


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line of a cart."""

    amount: int
    """Minor units of the cart's currency."""
    description: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Cart:
    """What the customer is about to pay for."""

    currency: str
    """ISO 4217 alphabetic, lower case, as Stripe writes it."""
    line_items: tuple[LineItem, ...]
    total: int
    tax: int | None = None


def cart_object(cart: Cart) -> JsonObject:
    """The action's object, as Stripe shows it."""
    return {
        "cart": {
            "currency": cart.currency,
            "line_items": [
                {
                    "amount": item.amount,
                    "description": item.description,
                    "quantity": item.quantity,
                }
                for item in cart.line_items
            ],
            "tax": cart.tax,
            "total": cart.total,
        },
        "type": "cart",
    }


def cart_lines(cart: Cart, *, rows: int, columns: int) -> list[str]:
    """The cart on a screen of that size: the newest items, then tax and total.

    Amounts stay whole where a line is too long for its words. A screen of one row has
    the total alone.
    """
    end = [] if cart.tax is None else [(TAX, _decimal(cart.tax, cart.currency))]
    end.append((TOTAL, str(Amount(cart.total, cart.currency))))
    end = end[-rows:]
    items = [
        (f"{item.quantity} {item.description}", _decimal(item.amount, cart.currency))
        for item in cart.line_items
    ]
    room = rows - len(end)
    if len(items) > room > 0:
        hidden = len(items) - room + 1
        items = [(MORE.format(count=hidden), ""), *items[hidden:]]
    shown = [*items[:room], *end] if room else end
    return [_line(words, amount, columns) for words, amount in shown]


def _decimal(minor: int, currency: str) -> str:
    return str(Amount(minor, currency)).partition(" ")[0]


def _line(words: str, amount: str, columns: int) -> str:
    if not amount:
        return words[:columns]
    room = max(columns - len(amount) - 1, 0)
    return f"{words[:room]:<{room}} {amount}"[-columns:]
