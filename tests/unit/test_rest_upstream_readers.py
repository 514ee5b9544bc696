"""Stripe's own readers over HTTP, beside those of this machine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rest_fakes import Agent, running_agent

from agent.errors import StripeUnreachable
from agent.rest.auth import KeyScope
from agent.stripe_api.client import ForwardedAnswer

READERS = "/v1/terminal/readers"
HELPERS = "/v1/test_helpers/terminal/readers"
SMART = {"id": "tmr_smart", "object": "terminal.reader", "action": None}
REFUSAL = {"error": {"type": "invalid_request_error", "message": "Invalid."}}


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        agent.stripe.objects[READERS] = {"data": [SMART], "has_more": False}
        agent.stripe.objects[f"{READERS}/tmr_smart"] = SMART
        yield agent


def refusal(param: str) -> ForwardedAnswer:
    error = {**REFUSAL["error"], "param": param}
    return ForwardedAnswer(400, {}, json.dumps({"error": error}).encode())


@pytest.mark.parametrize("code", ["simulated-wpe", "puppies-plug-could"])
async def test_words_are_registered_at_stripe(agent: Agent, code: str) -> None:
    answer = await agent.client.post(READERS, {"registration_code": code})

    assert answer.json()["data"] == [SMART]
    assert agent.stripe.paths("POST") == [READERS]
    assert agent.fleet.sessions() == []


@pytest.mark.parametrize("code", ["serial:/dev/x", "usb:1:2:3", "ble:0", "tcp:h:1"])
async def test_ports_are_bound_on_this_machine(agent: Agent, code: str) -> None:
    await agent.client.post(READERS, {"registration_code": code})

    assert len(agent.fleet.sessions()) == 1
    assert agent.stripe.asked == []


async def test_json_reaches_stripe_as_a_form(agent: Agent) -> None:
    body = {"registration_code": "simulated-wpe", "metadata": {"aisle": 7}}

    await agent.client.request(
        "POST",
        READERS,
        headers={"content-type": "application/json"},
        chunks=[json.dumps(body).encode()],
    )

    _, _, headers, sent = agent.stripe.asked[0]
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert sent == b"registration_code=simulated-wpe&metadata[aisle]=7"


async def test_both_kinds_are_in_one_list(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    listed = (await agent.client.get(READERS)).json()

    assert [reader["id"] for reader in listed["data"]] == ["tmr_1", "tmr_smart"]
    assert (listed["has_more"], listed["url"]) == (False, READERS)


async def test_stripe_filters_and_expands_its_own(agent: Agent) -> None:
    query = "status=online&location=tml_1&limit=3&expand[]=data.location"

    await agent.client.get(f"{READERS}?{query}")

    (asked,) = agent.stripe.paths("GET")
    assert (
        asked
        == f"{READERS}?limit=3&location=tml_1&status=online&expand[0]=data.location"
    )


async def test_a_type_that_stripe_does_not_know_is_none_of_stripes(
    agent: Agent,
) -> None:
    agent.fleet.add("tmr_1")
    del agent.stripe.objects[READERS]
    agent.stripe.answer = refusal("device_type")

    listed = await agent.client.get(f"{READERS}?device_type=magtek_dynaprox")

    assert [reader["id"] for reader in listed.json()["data"]] == ["tmr_1"]


async def test_what_stripe_refuses_of_a_list_is_told(agent: Agent) -> None:
    del agent.stripe.objects[READERS]
    agent.stripe.answer = refusal("starting_after")

    listed = await agent.client.get(f"{READERS}?starting_after=tmr_nobody")

    assert listed.status == 400
    assert listed.error["param"] == "starting_after"


async def test_without_stripe_this_machines_readers_are_listed(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    agent.stripe.refusal = StripeUnreachable("no route")

    listed = await agent.client.get(READERS)

    assert [reader["id"] for reader in listed.json()["data"]] == ["tmr_1"]
    assert listed.headers["cardlane-incomplete"] == "stripe_unreachable"


async def test_nothing_to_list_without_stripe_is_an_error(agent: Agent) -> None:
    agent.stripe.refusal = StripeUnreachable("no route")

    listed = await agent.client.get(READERS)

    assert listed.status == 503
    assert listed.error["code"] == "stripe_unreachable"


async def test_an_answer_that_is_no_list_is_no_empty_list(agent: Agent) -> None:
    agent.stripe.objects[READERS] = {}

    listed = await agent.client.get(READERS)

    assert listed.error["code"] == "stripe_unreachable"


async def test_without_a_key_stripe_is_not_asked(agent: Agent) -> None:
    agent.stripe.has_key = False

    listed = await agent.client.get(READERS)

    assert listed.json()["data"] == []
    assert agent.stripe.asked == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_reader_that_is_not_ours_is_stripes(agent: Agent, method: str) -> None:
    answer = await agent.client.request(method, f"{READERS}/tmr_smart")

    assert answer.json() == SMART
    assert agent.stripe.paths(method) == [f"{READERS}/tmr_smart"]


async def test_test_helpers_reach_stripes_readers(agent: Agent) -> None:
    path = f"{HELPERS}/tmr_smart/present_payment_method"

    await agent.client.post(path, {"type": "card_present"})

    assert agent.stripe.asked[0][:2] == ("POST", path)
    assert agent.stripe.asked[0][3] == b"type=card_present"


async def test_test_helpers_cannot_play_a_real_customer(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.post(f"{HELPERS}/tmr_1/present_payment_method")

    assert answer.error["code"] == "reader_feature_unsupported"
    assert agent.stripe.asked == []


async def test_a_leased_smart_reader_works_for_its_holder_only(agent: Agent) -> None:
    holder = await agent.client_with(KeyScope.PAYMENTS)
    other = await agent.client_with(KeyScope.PAYMENTS, KeyScope.REFUNDS)
    action = f"{READERS}/tmr_smart/process_payment_intent"

    taken = await holder.post("/agent/readers/tmr_smart/lease", {"owner": "till 1"})
    refused = await other.post(action, {"payment_intent": "pi_1"})
    canceled = await other.post(f"{READERS}/tmr_smart/cancel_action")
    tried = await holder.post(action, {"payment_intent": "pi_1"})

    assert taken.status == 200
    assert refused.error["code"] == canceled.error["code"] == "reader_leased"
    assert tried.error["code"] == "stripe_unreachable"
