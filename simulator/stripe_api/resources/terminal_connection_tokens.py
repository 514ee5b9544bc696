"""Connection tokens: secrets by which a Terminal SDK proves its backend. Not stored."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import Fields, Text
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.terminal_locations import LOCATIONS


class ConnectionToken(TypedDict):
    """Stripe's terminal ConnectionToken; it has no id."""

    object: str
    location: NotRequired[str]
    secret: str


CONNECTION_TOKENS = Kind[ConnectionToken](
    name="terminal.connection_token", prefix="pst", noun="connection token"
)


def _create(call: Call) -> ConnectionToken:
    mode = "live" if call.livemode else "test"
    token: ConnectionToken = {
        "object": "terminal.connection_token",
        "secret": call.ids.new(f"pst_{mode}", length=46),
    }
    if "location" in call.params:
        token["location"] = call.referred(LOCATIONS, "location")["id"]
    return token


TERMINAL_CONNECTION_TOKENS = Resource(
    kinds=(CONNECTION_TOKENS,),
    operations=(
        Operation(
            "POST",
            "/v1/terminal/connection_tokens",
            Fields({"location": Text()}),
            CONNECTION_TOKENS,
            _create,
        ),
    ),
)
