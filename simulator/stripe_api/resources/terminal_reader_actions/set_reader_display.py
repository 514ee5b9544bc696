"""`set_reader_display`: a cart on the screen, until something else is wanted."""

from __future__ import annotations

from simulator.stripe_api.engine.errors import ParameterMissing
from simulator.stripe_api.engine.parameters import (
    Choice,
    Fields,
    Integer,
    Items,
    Required,
    Text,
)
from simulator.stripe_api.resources.money import Currency
from simulator.stripe_api.resources.terminal_reader_actions.action import SUCCEEDED
from simulator.stripe_api.resources.terminal_reader_actions.replacing import begin
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Step

TYPE = "set_reader_display"

_LINE_ITEM = Fields(
    {
        "amount": Required(Integer(minimum=0)),
        "description": Required(Text()),
        "quantity": Required(Integer(minimum=1)),
    }
)
_CART = Fields(
    {
        "currency": Required(Currency()),
        "line_items": Required(Items(_LINE_ITEM)),
        "tax": Integer(minimum=0),
        "total": Required(Integer(minimum=0)),
    }
)
PARAMETERS = Fields({"cart": _CART, "type": Required(Choice(("cart",)))})


def display(turn: Turn) -> None:
    """Show the cart."""
    params = turn.call.params
    if "cart" not in params:
        raise ParameterMissing("cart")
    cart = {"tax": None, **params["cart"]}
    details = {"cart": cart, "type": params["type"]}
    begin(turn, TYPE, details, step=Step.SHOW_CART)
    turn.afterwards(_shown)


def _shown(turn: Turn) -> None:
    # Stripe sends no event about it.
    if turn.pending == TYPE:
        turn.end(SUCCEEDED)
