"""Locations and Configurations: changed through the agent, counting at its readers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from flow_agent import COUNTER, Agent, good, running_agent
from flow_world import World, running_world

from agent.events import ConfigurationChanged
from agent.ids import ReaderId
from simulator.stripe_api.engine.faults import ResetConnection

SHOP = {
    "display_name": "Shop",
    "address[country]": "IE",
    "address[line1]": "1 Quay",
    "address[postal_code]": "D01",
}
CONFIGURATIONS = "/v1/terminal/configurations"
LOCATIONS = "/v1/terminal/locations"


@pytest.fixture
async def shop() -> AsyncIterator[World]:
    async with running_world() as world:
        yield world


async def location(agent: Agent, **settings: str) -> str:
    """A new Location with a Configuration of its own; its id."""
    own = good(await agent.rest.post(CONFIGURATIONS, settings))["id"]
    form = {**SHOP, "configuration_overrides": own}
    return str(good(await agent.rest.post(LOCATIONS, form))["id"])


async def register(agent: Agent, at: str) -> str:
    form = {"registration_code": COUNTER, "location": at}
    return str(good(await agent.rest.post("/v1/terminal/readers", form))["id"])


async def shown(agent: Agent, reader: str) -> Any:
    return good(await agent.rest.get(f"/agent/readers/{reader}/configuration"))


async def default_id(agent: Agent) -> str:
    listed = good(await agent.rest.get(f"{CONFIGURATIONS}?is_account_default=true"))
    return str(listed["data"][0]["id"])


async def test_a_location_overrides_the_account_default(
    shop: World, tmp_path: Path
) -> None:
    async with running_agent(shop, tmp_path) as agent:
        default = await default_id(agent)
        tips = {"tipping[usd][percentages][]": "15"}
        good(await agent.rest.post(f"{CONFIGURATIONS}/{default}", tips))
        reader = await register(
            agent, await location(agent, **{"offline[enabled]": "true"})
        )

        counting = await shown(agent, reader)

    assert counting["settings"]["tipping"] == {
        "value": {"usd": {"percentages": [15]}},
        "source": "account_default",
    }
    assert counting["settings"]["offline"] == {
        "value": {"enabled": True},
        "source": "location",
    }
    assert counting["settings"]["reboot_window"]["source"] == "built_in"
    assert counting["account_default"] == default
    assert counting["problem"] is None


async def test_a_change_through_the_agent_counts_at_once_and_is_told(
    shop: World, tmp_path: Path
) -> None:
    async with running_agent(shop, tmp_path) as agent:
        reader = await register(agent, await location(agent, name="Shop"))
        own = (await shown(agent, reader))["location_configuration"]

        with agent.events.listen() as events:
            change = {"offline[enabled]": "true"}
            good(await agent.rest.post(f"{CONFIGURATIONS}/{own}", change))
            counting = await shown(agent, reader)
            told = [events.get_nowait() for _ in range(events.qsize())]

    assert counting["settings"]["offline"]["value"] == {"enabled": True}
    assert ConfigurationChanged(ReaderId(reader), ("offline",)) in told


async def test_a_deleted_configuration_returns_its_location_to_the_default(
    shop: World, tmp_path: Path
) -> None:
    async with running_agent(shop, tmp_path) as agent:
        reader = await register(
            agent, await location(agent, **{"offline[enabled]": "true"})
        )
        own = (await shown(agent, reader))["location_configuration"]

        good(await agent.rest.request("DELETE", f"{CONFIGURATIONS}/{own}"))

        counting = await shown(agent, reader)
    assert counting["location_configuration"] is None
    assert counting["settings"]["offline"]["source"] == "built_in"


async def test_a_change_made_elsewhere_arrives_with_the_schedule(
    shop: World, tmp_path: Path
) -> None:
    async with running_agent(shop, tmp_path) as agent:
        reader = await register(agent, await location(agent, name="Shop"))
        own = (await shown(agent, reader))["location_configuration"]
        change = {"offline[enabled]": "true"}
        await shop.stripe("POST", f"{CONFIGURATIONS}/{own}", change)
        before = await shown(agent, reader)

        await shop.passed(600.0)

        after = await shown(agent, reader)
    assert before["settings"]["offline"]["source"] == "built_in"
    assert after["settings"]["offline"]["value"] == {"enabled": True}


async def test_a_start_without_network_knows_what_was_known(
    shop: World, tmp_path: Path
) -> None:
    async with running_agent(shop, tmp_path) as agent:
        reader = await register(
            agent, await location(agent, **{"offline[enabled]": "true"})
        )
        known = await shown(agent, reader)
    cut = ResetConnection()
    shop.stripe_fault(cut, method="GET", path="/v1/terminal/*", times=None)
    await shop.passed(3600.0)

    async with running_agent(shop, tmp_path) as agent:
        await shop.passed(1.0)
        counting = await shown(agent, reader)

    assert counting["settings"] == known["settings"]
    assert counting["age_s"] >= 3600
    assert counting["problem"] == "stripe_unreachable"


async def test_an_agent_that_knows_nothing_tries_again_soon(
    shop: World, tmp_path: Path
) -> None:
    cut = ResetConnection()
    shop.stripe_fault(cut, method="GET", path="/v1/terminal/*", times=None)
    async with running_agent(shop, tmp_path) as agent:
        reader = await agent.register()
        blind = await shown(agent, reader)
        shop.mend_stripe()

        await shop.passed(10.0)

        seeing = await shown(agent, reader)
    assert (blind["account_default"], blind["fetched_at"]) == (None, None)
    assert seeing["account_default"] is not None
    assert seeing["problem"] is None


async def test_a_full_disk_does_not_keep_a_change_from_counting(
    shop: World, tmp_path: Path
) -> None:
    async with running_agent(shop, tmp_path) as agent:
        reader = await register(agent, await location(agent, name="Shop"))
        own = (await shown(agent, reader))["location_configuration"]
        agent.journal.disk.is_full = True
        change = {"offline[enabled]": "true"}
        await shop.stripe("POST", f"{CONFIGURATIONS}/{own}", change)
        await shop.passed(600.0)

        full = await shown(agent, reader)
        agent.journal.free_disk()
        await shop.passed(600.0)

        freed = await shown(agent, reader)
    assert full["settings"]["offline"]["value"] == {"enabled": True}
    assert (full["problem"], freed["problem"]) == ("journal_unavailable", None)
