"""Locations and Configurations while Stripe does not answer: what it told last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rest_fakes import Agent, running_agent

from agent.errors import StripeUnreachable
from agent.stripe_api.client import ForwardedAnswer
from agent.stripe_api.objects import JsonObject

LOCATIONS = "/v1/terminal/locations"
CONFIGURATIONS = "/v1/terminal/configurations"
SHOP: JsonObject = {
    "id": "tml_1",
    "object": "terminal.location",
    "display_name": "Shop",
}
DEFAULT: JsonObject = {
    "id": "tmc_1",
    "object": "terminal.configuration",
    "is_account_default": True,
}
AIRPORT: JsonObject = {
    "id": "tmc_2",
    "object": "terminal.configuration",
    "is_account_default": False,
}


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    """One that knew its objects when the network went."""
    async with running_agent(tmp_path) as running:
        running.configurations.objects = [SHOP, DEFAULT, AIRPORT]
        running.stripe.refusal = StripeUnreachable("no connection to Stripe")
        yield running


@pytest.mark.parametrize(
    ("target", "ids"),
    [
        (LOCATIONS, ["tml_1"]),
        (CONFIGURATIONS, ["tmc_1", "tmc_2"]),
        (f"{CONFIGURATIONS}?is_account_default=true", ["tmc_1"]),
        (f"{CONFIGURATIONS}?is_account_default=false&expand[]=data", ["tmc_2"]),
    ],
)
async def test_without_network_what_is_kept_is_listed(
    agent: Agent, target: str, ids: list[str]
) -> None:
    answer = await agent.client.get(target)

    listed = answer.json()
    assert [one["id"] for one in listed["data"]] == ids
    assert (listed["url"], listed["has_more"]) == (target.partition("?")[0], False)
    assert answer.headers["cardlane-incomplete"] == "stripe_unreachable"


async def test_a_page_of_what_is_kept_says_that_there_is_more(agent: Agent) -> None:
    listed = (await agent.client.get(f"{CONFIGURATIONS}?limit=1")).json()

    assert (len(listed["data"]), listed["has_more"]) == (1, True)


async def test_without_network_one_that_is_kept_is_shown(agent: Agent) -> None:
    answer = await agent.client.get(f"{LOCATIONS}/tml_1")

    assert (answer.status, answer.json()) == (200, SHOP)
    assert answer.headers["cardlane-incomplete"] == "stripe_unreachable"


@pytest.mark.parametrize(
    "target",
    [
        f"{LOCATIONS}/tml_2",
        f"{LOCATIONS}/tmc_1",
        f"{LOCATIONS}?starting_after=tml_1",
        f"{CONFIGURATIONS}?ending_before=tmc_2",
    ],
)
async def test_what_nobody_here_knows_is_not_made_up(agent: Agent, target: str) -> None:
    answer = await agent.client.get(target)

    assert (answer.status, answer.error["code"]) == (503, "stripe_unreachable")


async def test_nothing_is_changed_without_network(agent: Agent) -> None:
    answer = await agent.client.post(f"{LOCATIONS}/tml_1", {"display_name": "A"})

    assert answer.status == 503


async def test_where_stripe_answers_its_answer_is_passed_on(agent: Agent) -> None:
    agent.stripe.refusal = None
    agent.stripe.answer = ForwardedAnswer(404, {}, b'{"error": {}}')

    answer = await agent.client.get(f"{LOCATIONS}/tml_1")

    assert (answer.status, answer.body) == (404, b'{"error": {}}')
    assert "cardlane-incomplete" not in answer.headers
