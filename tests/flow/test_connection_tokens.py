"""Stripe's SDKs wait a minute for a connection token: they must hear before that."""

from __future__ import annotations

import asyncio

from flow_agent import Stack, good

from agent.rest.connection_tokens import WITHIN_S
from simulator.stripe_api.engine.faults import Delay

TOKENS = "/v1/terminal/connection_tokens"


async def test_a_token_is_scoped_to_its_location(stack: Stack) -> None:
    rest = stack.agent.rest
    address = {"address[country]": "US", "address[line1]": "1 Main St"}
    place = {"display_name": "Shop", **address, "address[city]": "Here"}
    where = {**place, "address[state]": "CA", "address[postal_code]": "94111"}
    location = good(await rest.post("/v1/terminal/locations", where))["id"]

    token = good(await rest.post(TOKENS, {"location": location}))

    assert token["location"] == location
    assert token["secret"].startswith("pst_")


async def test_an_sdk_hears_of_a_stalled_stripe_before_it_gives_up(
    stack: Stack,
) -> None:
    loop = asyncio.get_running_loop()
    stack.world.stripe_fault(Delay(600.0), path=TOKENS)
    began_s = loop.time()

    refused = await stack.agent.rest.post(TOKENS)

    assert refused.status >= 500
    assert loop.time() - began_s <= WITHIN_S
