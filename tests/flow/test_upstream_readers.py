"""Stripe's smart readers among this machine's own, at a simulated Stripe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flow_agent import Agent, Stack, good, running_agent
from flow_world import running_world

READERS = "/v1/terminal/readers"
LIVE_KEY = "sk_live_" + "simulated" * 4


async def registered(agent: Agent, code: str = "simulated-wpe") -> str:
    form = {"registration_code": code, "label": "Smart"}
    return str(good(await agent.rest.post(READERS, form))["id"])


async def ids(agent: Agent, query: str = "") -> list[str]:
    listed: Any = good(await agent.rest.get(f"{READERS}?{query}"))
    return [reader["id"] for reader in listed["data"]]


async def test_a_smart_reader_is_registered_and_listed_behind_ours(
    stack: Stack,
) -> None:
    smart = await registered(stack.agent)

    shown = await stack.agent.shown(smart)

    assert (shown["device_type"], shown["label"]) == ("simulated_wisepos_e", "Smart")
    assert await ids(stack.agent) == [stack.reader, smart]
    assert await ids(stack.agent, "device_type=simulated_wisepos_e") == [smart]
    assert await ids(stack.agent, "device_type=magtek_dynaprox") == [stack.reader]


async def test_pages_lead_over_from_our_readers_to_stripes(stack: Stack) -> None:
    older = await registered(stack.agent)
    newer = await registered(stack.agent, "simulated-s700")

    assert await ids(stack.agent, "limit=2") == [stack.reader, newer]
    assert await ids(stack.agent, f"starting_after={newer}") == [older]
    assert await ids(stack.agent, f"ending_before={older}&limit=1") == [newer]
    assert await ids(stack.agent, f"ending_before={older}") == [stack.reader, newer]


async def test_a_code_that_nobody_shows_is_refused_in_stripes_words(
    stack: Stack,
) -> None:
    form = {"registration_code": "puppies-plug-could"}

    answer = await stack.agent.rest.post(READERS, form)

    assert answer.status == 400
    assert answer.json()["error"]["param"] == "registration_code"


async def test_a_smart_reader_is_changed_and_deleted_at_stripe(stack: Stack) -> None:
    smart = await registered(stack.agent)
    path = f"{READERS}/{smart}"

    changed = good(await stack.agent.rest.post(path, {"label": "Window"}))
    deleted = good(await stack.agent.rest.request("DELETE", path))

    assert changed["label"] == "Window"
    assert deleted["deleted"] is True
    assert await ids(stack.agent) == [stack.reader]


async def test_live_readers_have_no_test_helpers(tmp_path: Path) -> None:
    path = "/v1/test_helpers/terminal/readers/tmr_1/present_payment_method"

    async with (
        running_world() as world,
        running_agent(world, tmp_path, key=LIVE_KEY) as agent,
    ):
        answer = await agent.rest.post(path)

    assert answer.json()["error"]["code"] == "route_unknown"
