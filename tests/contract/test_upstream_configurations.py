"""What the agent asks of Stripe to know its settings, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from agent_clock import NOON
from stripe_wire import HangUp, Reply, StripeWire, error

from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import AnswerLost, StripeRefused, StripeUnreachable
from agent.terminal_configuration.fetching import fetch

DEFAULT: dict[str, object] = {"data": [{"id": "tmc_0", "is_account_default": True}]}
MISSING = Reply(error("resource_missing"), status=404)


@pytest.fixture
async def wire() -> AsyncIterator[StripeWire]:
    async with StripeWire().open() as wire:
        yield wire


@pytest.fixture
async def client(wire: StripeWire) -> AsyncIterator[StripeClient]:
    async with wire.client() as client:
        yield client


async def fetched(client: StripeClient, *locations: str) -> dict[str, object]:
    """The bodies that are kept, by name."""
    kept = await fetch(client, locations=locations, at=NOON)
    return {each.name: each.body for each in kept}


async def test_each_object_is_asked_for_once(
    client: StripeClient, wire: StripeWire
) -> None:
    location: dict[str, object] = {"configuration_overrides": "tmc_1"}
    wire.play(
        Reply(DEFAULT),
        Reply({"id": "tml_1", **location}),
        Reply({"id": "tmc_1"}),
        Reply({"id": "tml_2", **location}),
    )

    kept = await fetched(client, "tml_2", "tml_1", "tml_1")

    assert [each.target for each in wire.received] == [
        "/v1/terminal/configurations?is_account_default=true&limit=1",
        "/v1/terminal/locations/tml_1",
        "/v1/terminal/configurations/tmc_1",
        "/v1/terminal/locations/tml_2",
    ]
    assert set(kept) == {"account_default", "tml_1", "tml_2", "tmc_1"}


@pytest.mark.parametrize("gone", [MISSING, Reply({"id": "tml_1", "deleted": True})])
async def test_a_location_that_is_gone_is_known_to_be_gone(
    gone: Reply, client: StripeClient, wire: StripeWire
) -> None:
    wire.play(Reply(DEFAULT), gone)

    kept = await fetched(client, "tml_1")

    assert kept["tml_1"] is None


async def test_a_configuration_that_is_gone_is_known_to_be_gone(
    client: StripeClient, wire: StripeWire
) -> None:
    location: dict[str, object] = {"id": "tml_1", "configuration_overrides": "tmc_1"}
    wire.play(Reply(DEFAULT), Reply(location), MISSING)

    kept = await fetched(client, "tml_1")

    assert kept["tmc_1"] is None


@pytest.mark.parametrize("data", [[], "none", [7]])
async def test_an_account_without_a_default_is_no_answer(
    data: object, client: StripeClient, wire: StripeWire
) -> None:
    answer: dict[str, object] = {"data": data}
    wire.play(Reply(answer))

    with pytest.raises(AnswerLost):
        await fetched(client)


async def test_a_key_without_the_permission_is_refused(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(Reply(DEFAULT), Reply(error(), status=403))

    with pytest.raises(StripeRefused):
        await fetched(client, "tml_1")


async def test_a_network_that_fails_in_between_gives_nothing(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(Reply(DEFAULT), HangUp())

    with pytest.raises(StripeUnreachable):
        await fetched(client, "tml_1")
