"""`/v1/events`: the events of this machine, as Stripe's own clients read them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import stripe
from rest_fakes import Agent, running_agent
from served_agent import ServedAgent, served_agent

from agent.events import Event, PhaseChanged, ReaderActionChanged
from agent.ids import PaymentId, ReaderId
from agent.rest.auth import KeyScope

READER = ReaderId("tmr_1")
SUCCEEDED = "terminal.reader.action_succeeded"
SHOWN_READER = {"id": "tmr_1", "object": "terminal.reader", "action": None}


def phase(name: str) -> Event:
    return PhaseChanged(READER, PaymentId("pay_1"), name)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    """One that has told of five phases, a minute between them, and of an end."""
    async with running_agent(tmp_path) as agent:
        for number in range(5):
            await agent.journal.events.keep(phase(f"phase_{number}"))
            agent.clock.advance(60.0)
        end = ReaderActionChanged(SUCCEEDED, READER, SHOWN_READER)
        await agent.journal.events.keep(end)
        yield agent


async def listed(agent: Agent, query: str = "") -> list[str]:
    """The phases and types that are listed."""
    answer = await agent.client.get(f"/v1/events?{query}")
    assert answer.status == 200, answer.body
    return [name(event) for event in answer.json()["data"]]


def name(event: Any) -> str:
    return str(event["data"]["object"].get("phase", event["type"]))


async def test_the_newest_event_is_the_first(agent: Agent) -> None:
    answer = (await agent.client.get("/v1/events?limit=2")).json()

    assert [name(event) for event in answer["data"]] == [SUCCEEDED, "phase_4"]
    assert (answer["object"], answer["url"]) == ("list", "/v1/events")
    assert answer["has_more"] is True


async def test_an_event_of_our_own_has_an_object_of_its_name(agent: Agent) -> None:
    event = (await agent.client.get("/v1/events?type=phase_changed")).json()["data"][0]

    assert event["object"] == "event"
    assert event["data"]["object"] == {
        "object": "phase_changed",
        "reader_id": "tmr_1",
        "payment_id": "pay_1",
        "payment_intent": None,
        "phase": "phase_4",
        "failure_code": None,
    }


async def test_pages_follow_each_other_both_ways(agent: Agent) -> None:
    first = (await agent.client.get("/v1/events?limit=2")).json()["data"]
    last, head = first[-1]["id"], first[0]["id"]

    older = await listed(agent, f"limit=3&starting_after={last}")
    end = (await agent.client.get(f"/v1/events?limit=9&starting_after={last}")).json()
    newer = await listed(agent, f"ending_before={last}")
    none = await listed(agent, f"ending_before={head}")
    near = (
        await agent.client.get(
            f"/v1/events?limit=1&ending_before={end['data'][-1]['id']}"
        )
    ).json()

    assert older == ["phase_3", "phase_2", "phase_1"]
    assert (len(end["data"]), end["has_more"]) == (4, False)
    assert (newer, none) == ([SUCCEEDED], [])
    assert ([name(event) for event in near["data"]], near["has_more"]) == (
        ["phase_1"],
        True,
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"type={SUCCEEDED}", 1),
        ("type=terminal.*", 1),
        (f"types[]=phase_changed&types[]={SUCCEEDED}", 6),
        ("types[]=reader_moved", 0),
        ("created={third}", 1),
        ("created[gt]={third}", 3),
        ("created[gte]={third}&created[lt]={last}", 3),
        ("created[lte]={third}", 3),
    ],
)
async def test_events_are_chosen_by_type_and_time(
    query: str, found: int, agent: Agent
) -> None:
    everything = (await agent.client.get("/v1/events")).json()["data"]
    third, last = everything[3]["created"], everything[0]["created"]

    filled = quote(query.format(third=third, last=last), safe="=&")

    assert len(await listed(agent, filled)) == found


@pytest.mark.parametrize(
    ("query", "status", "code", "param"),
    [
        ("type=a&types[]=b", 400, "parameter_invalid", "types"),
        (
            "&".join(f"types[]={n}" for n in range(21)),
            400,
            "parameter_invalid",
            "types",
        ),
        ("created=yesterday", 400, "parameter_invalid", "created[gte]"),
        ("starting_after=evt_1", 404, "resource_missing", "starting_after"),
        ("ending_before=evt_1", 404, "resource_missing", "ending_before"),
        ("ending_before=a&starting_after=b", 400, "parameter_invalid", "ending_before"),
    ],
)
async def test_what_cannot_be_listed_is_told(
    query: str, status: int, code: str, param: str, agent: Agent
) -> None:
    answer = await agent.client.get(f"/v1/events?{query}")

    assert (answer.status, answer.error["code"]) == (status, code)
    assert answer.error["param"] == param


async def test_an_event_that_is_gone_is_missing(agent: Agent) -> None:
    oldest = agent.journal.events.read(after=0)[0].event_id
    await agent.journal.events.forget(through=1)

    answer = await agent.client.get(f"/v1/events/{oldest}")

    assert (answer.status, answer.error["code"]) == (404, "resource_missing")


async def test_events_ask_for_their_scope(agent: Agent) -> None:
    caller = await agent.client_with(KeyScope.PAYMENTS)

    answer = await caller.get("/v1/events")

    assert answer.error["code"] == "local_key_scope"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedAgent]:
    with served_agent(tmp_path) as served:
        yield served


def test_the_official_sdk_reads_them(served: ServedAgent) -> None:
    end = ReaderActionChanged(SUCCEEDED, READER, SHOWN_READER)
    for event in [*(phase(f"phase_{number}") for number in range(25)), end]:
        served.do(partial(Agent.tell, event=event))
    client = stripe.StripeClient(served.key, base_addresses={"api": served.url})

    found = list(client.v1.events.list({"limit": 10}).auto_paging_iter())
    one = client.v1.events.retrieve(found[0].id)

    assert [event.type for event in found] == [SUCCEEDED] + 25 * ["phase_changed"]
    assert one.to_dict() == found[0].to_dict()
    assert isinstance(one.data.object, dict | stripe.StripeObject)
    assert one.data.object["id"] == "tmr_1"
