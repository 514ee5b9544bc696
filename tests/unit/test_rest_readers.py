"""Readers over HTTP: what a register app built for Stripe expects."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rest_fakes import Agent, running_agent

from agent.errors import ReaderOffline, RegistrationCodeInvalid
from agent.journal.entries import Outcome
from agent.stripe_api.client import ForwardedAnswer

READERS = "/v1/terminal/readers"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        yield agent


async def test_a_reader_is_registered_with_what_was_sent(agent: Agent) -> None:
    answer = await agent.client.post(
        READERS,
        {
            "registration_code": "serial:/dev/ttyUSB0",
            "label": "Counter",
            "location": "tml_9",
            "metadata[aisle]": "3",
            "metadata[empty]": "",
        },
    )

    assert answer.status == 200
    reader = answer.json()
    assert reader["object"] == "terminal.reader"
    assert (reader["label"], reader["location"]) == ("Counter", "tml_9")
    assert reader["metadata"] == {"aisle": "3"}


async def test_a_json_body_registers_as_well(agent: Agent) -> None:
    body = json.dumps({"registration_code": "serial:/dev/ttyUSB0", "label": "A"})

    answer = await agent.client.request(
        "POST",
        READERS,
        headers={"content-type": "application/json"},
        chunks=[body.encode()],
    )

    assert answer.json()["label"] == "A"


async def test_a_reader_that_cannot_be_registered_says_why(agent: Agent) -> None:
    agent.fleet.refusal = RegistrationCodeInvalid(
        "'usb:x' is not a code.", param="registration_code"
    )

    answer = await agent.client.post(READERS, {"registration_code": "usb:x"})

    assert answer.status == 400
    assert answer.error == {
        "type": "invalid_request_error",
        "code": "registration_code_invalid",
        "message": "'usb:x' is not a code.",
        "param": "registration_code",
        "remedy": RegistrationCodeInvalid.remedy,
    }


async def test_readers_are_listed_newest_first_in_pages(agent: Agent) -> None:
    for number in range(1, 4):
        agent.fleet.add(f"tmr_{number}")

    first = (await agent.client.get(f"{READERS}?limit=2")).json()
    second = (await agent.client.get(f"{READERS}?limit=2&starting_after=tmr_2")).json()

    assert [reader["id"] for reader in first["data"]] == ["tmr_3", "tmr_2"]
    assert (first["object"], first["has_more"]) == ("list", True)
    assert first["url"] == READERS
    assert [reader["id"] for reader in second["data"]] == ["tmr_1"]
    assert second["has_more"] is False


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("serial_number=B2", ["tmr_2"]),
        ("status=offline", ["tmr_1"]),
        ("location=tml_1", ["tmr_2", "tmr_1"]),
        ("device_type=stripe_m2", []),
    ],
)
async def test_a_list_can_be_narrowed(
    agent: Agent, query: str, found: list[str]
) -> None:
    agent.fleet.add("tmr_1", serial_number="B1").status = "offline"
    agent.fleet.add("tmr_2", serial_number="B2")

    listed = (await agent.client.get(f"{READERS}?{query}")).json()

    assert [reader["id"] for reader in listed["data"]] == found


async def test_a_list_refuses_what_it_does_not_know(agent: Agent) -> None:
    answer = await agent.client.get(f"{READERS}?colour=red")

    assert answer.status == 400
    assert answer.error["message"] == "Received unknown parameter: colour"


async def test_a_reader_is_retrieved_with_its_action(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    await agent.client.post(
        f"{READERS}/tmr_1/process_payment_intent", {"payment_intent": "pi_1"}
    )

    reader = (await agent.client.get(f"{READERS}/tmr_1")).json()

    assert reader["action"]["status"] == "in_progress"


async def test_without_stripe_an_unknown_reader_is_missing(agent: Agent) -> None:
    agent.stripe.has_key = False

    answer = await agent.client.get(f"{READERS}/tmr_9")

    assert answer.status == 404
    assert answer.error["code"] == "resource_missing"
    assert answer.error["message"] == "No such reader: 'tmr_9'"


async def test_metadata_are_merged_and_empty_values_unset(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.post(
        f"{READERS}/tmr_1",
        {"label": "New", "metadata[aisle]": "", "metadata[floor]": "2"},
    )

    assert answer.json()["label"] == "New"
    assert answer.json()["metadata"] == {"floor": "2"}


async def test_empty_metadata_clear_all_keys(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.post(f"{READERS}/tmr_1", {"metadata": ""})

    assert answer.json()["metadata"] == {}


async def test_an_update_without_metadata_keeps_them(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.post(f"{READERS}/tmr_1", {"label": "New"})

    assert answer.json()["metadata"] == {"aisle": "7"}


async def test_a_deleted_reader_is_gone(agent: Agent) -> None:
    agent.stripe.has_key = False
    agent.fleet.add("tmr_1")

    answer = await agent.client.request("DELETE", f"{READERS}/tmr_1")

    assert answer.json()["deleted"] is True
    assert (await agent.client.get(f"{READERS}/tmr_1")).status == 404


async def test_the_payment_intent_of_an_action_is_expanded(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    agent.stripe.answer = ForwardedAnswer(200, {}, b'{"id": "pi_1", "amount": 5}')
    path = "action.process_payment_intent.payment_intent"
    await agent.client.post(
        f"{READERS}/tmr_1/process_payment_intent", {"payment_intent": "pi_1"}
    )

    reader = (await agent.client.get(f"{READERS}/tmr_1?expand[]={path}")).json()
    listed = (await agent.client.get(f"{READERS}?expand[]=data.{path}")).json()

    expanded = {"id": "pi_1", "amount": 5}
    processed = reader["action"]["process_payment_intent"]
    assert processed["payment_intent"] == expanded
    action = listed["data"][0]["action"]
    assert action["process_payment_intent"]["payment_intent"] == expanded


async def test_an_id_that_stripe_does_not_know_stays_an_id(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    agent.stripe.answer = ForwardedAnswer(404, {}, b"{}")

    reader = (await agent.client.get(f"{READERS}/tmr_1?expand[]=location")).json()

    assert reader["location"] == "tml_1"


async def test_without_an_action_there_is_nothing_to_expand(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    path = "action.process_payment_intent.payment_intent"

    reader = (await agent.client.get(f"{READERS}/tmr_1?expand[]={path}")).json()

    assert reader["action"] is None
    assert agent.stripe.asked == []


@pytest.mark.parametrize("query", ["expand[]=label", "expand[]=data.location"])
async def test_what_cannot_be_expanded_is_refused(agent: Agent, query: str) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.get(f"{READERS}/tmr_1?{query}")

    assert answer.status == 400
    assert "cannot be expanded" in answer.error["message"]


async def test_a_canceled_action_is_gone_from_the_reader(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    await agent.client.post(
        f"{READERS}/tmr_1/process_payment_intent", {"payment_intent": "pi_1"}
    )

    answer = await agent.client.post(f"{READERS}/tmr_1/cancel_action")

    assert answer.status == 200
    assert answer.json()["action"] is None


async def test_every_parameter_of_the_action_arrives(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.post(
        f"{READERS}/tmr_1/process_payment_intent",
        {
            "payment_intent": "pi_1",
            "process_config[skip_tipping]": "false",
            "process_config[enable_customer_cancellation]": "true",
            "process_config[allow_redisplay]": "limited",
            "process_config[return_url]": "https://till.example/back",
            "process_config[tipping][amount_eligible]": "900",
        },
    )

    assert answer.status == 200
    assert agent.actions.requests[0].parameters() == {
        "skip_tipping": False,
        "enable_customer_cancellation": True,
        "allow_redisplay": "limited",
        "return_url": "https://till.example/back",
        "amount_eligible": 900,
    }


async def test_tips_cannot_be_skipped_and_sized(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.post(
        f"{READERS}/tmr_1/process_payment_intent",
        {
            "payment_intent": "pi_1",
            "process_config[skip_tipping]": "true",
            "process_config[tipping][amount_eligible]": "900",
        },
    )

    assert answer.status == 400
    assert answer.error["param"] == "process_config[tipping][amount_eligible]"
    assert agent.actions.requests == []


async def test_an_offline_reader_is_told_in_stripes_code(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    agent.actions.refusal = ReaderOffline("Reader is currently offline.")

    answer = await agent.client.post(
        f"{READERS}/tmr_1/process_payment_intent", {"payment_intent": "pi_1"}
    )

    assert answer.status == 400
    assert answer.error["code"] == "terminal_reader_offline"


async def test_a_caller_who_waits_gets_the_outcome(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    waiting = asyncio.ensure_future(
        agent.client.post(
            f"{READERS}/tmr_1/process_payment_intent",
            {"payment_intent": "pi_1"},
            {"prefer": "wait=30"},
        )
    )
    await agent.actions.waiting.acquire()
    agent.actions.end("tmr_1", Outcome.SUCCEEDED)

    answer = await waiting

    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.json()["action"]["status"] == "succeeded"


async def test_a_wait_that_runs_out_shows_the_action_under_way(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.post(
        f"{READERS}/tmr_1/process_payment_intent",
        {"payment_intent": "pi_1"},
        {"prefer": "wait=0"},
    )

    assert answer.headers["preference-applied"] == "wait=0"
    assert answer.json()["action"]["status"] == "in_progress"
