"""`POST /v1/terminal/readers/:id/set_reader_display`: a cart on a reader's screen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator
from starlette.requests import Request
from starlette.responses import Response

from agent.payments.cart import Cart, LineItem
from agent.payments.wanted import SetReaderDisplay, Wanted
from agent.rest.parameters import (
    Currency,
    NotNegative,
    Parameters,
    Positive,
    Text,
    items,
)
from agent.rest.reader_actions import Action, begin_action


class LineItemParameters(Parameters):
    """One of `cart[line_items]`."""

    amount: NotNegative
    description: Text
    quantity: Positive


class CartParameters(Parameters):
    """`cart`."""

    currency: Currency
    line_items: Annotated[tuple[LineItemParameters, ...], BeforeValidator(items())]
    tax: NotNegative | None = None
    total: NotNegative


class SetReaderDisplayParameters(Action):
    """`POST …/set_reader_display`."""

    type: Literal["cart"]
    cart: CartParameters


async def set_reader_display(request: Request) -> Response:
    """Show a cart until something else is wanted."""
    return await begin_action(request, SetReaderDisplayParameters, _wanted)


def _wanted(asked: SetReaderDisplayParameters) -> Wanted:
    cart = asked.cart
    line_items = tuple(
        LineItem(each.amount, each.description, each.quantity)
        for each in cart.line_items
    )
    return SetReaderDisplay(Cart(cart.currency, line_items, cart.total, cart.tax))
