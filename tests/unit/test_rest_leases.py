"""Several registers at one reader: who has it, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asgi_client import AsgiClient
from rest_fakes import Agent, running_agent

from agent.events import LeaseOverridden
from agent.ids import ReaderId
from agent.journal.journal import Journal
from agent.rest.auth import KeyScope

READER = ReaderId("tmr_1")
LEASE = f"/agent/readers/{READER}/lease"
PROCESS = f"/v1/terminal/readers/{READER}/process_payment_intent"
CANCEL = f"/v1/terminal/readers/{READER}/cancel_action"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as running:
        running.fleet.add(READER)
        yield running


@pytest.fixture
async def till_1(agent: Agent) -> AsgiClient:
    return await agent.client_with(KeyScope.PAYMENTS)


@pytest.fixture
async def till_2(agent: Agent) -> AsgiClient:
    return await agent.client_with(KeyScope.PAYMENTS, KeyScope.REFUNDS)


async def test_a_leased_reader_works_for_its_holder_only(
    till_1: AsgiClient, till_2: AsgiClient
) -> None:
    taken = await till_1.post(LEASE, {"owner": "till 1", "ttl_s": "30"})
    refused = [
        await till_2.post(PROCESS, {"payment_intent": "pi_1"}),
        await till_2.post(CANCEL),
        await till_2.post(LEASE),
        await till_2.request("DELETE", LEASE),
    ]
    paid = await till_1.post(PROCESS, {"payment_intent": "pi_1"})

    assert (taken.status, paid.status) == (200, 200)
    assert {answer.status for answer in refused} == {409}
    assert refused[0].error["code"] == "reader_leased"
    assert "till 1" in refused[0].error["message"]


async def test_everybody_sees_who_has_a_reader(
    agent: Agent, till_1: AsgiClient, till_2: AsgiClient
) -> None:
    before = (await till_2.get(LEASE)).json()
    await till_1.post(LEASE, {"owner": "till 1", "ttl_s": "30"})
    lease = (await till_2.get(LEASE)).json()["lease"]

    assert before == {"lease": None}
    assert (lease["owner"], lease["token"]) == ("till 1", 1)
    assert lease["expires_at"] == int(agent.clock.now().timestamp()) + 30


async def test_a_holder_without_a_name_goes_by_its_keys_label(
    till_1: AsgiClient,
) -> None:
    lease = (await till_1.post(LEASE)).json()

    assert lease["owner"] == "test"


async def test_a_lease_ends_by_itself(
    agent: Agent, till_1: AsgiClient, till_2: AsgiClient
) -> None:
    await till_1.post(LEASE, {"ttl_s": "30"})
    agent.clock.advance(30)

    taken = (await till_2.post(LEASE)).json()

    assert taken["token"] == 2


async def test_a_renewed_lease_keeps_its_token(
    agent: Agent, till_1: AsgiClient
) -> None:
    first = (await till_1.post(LEASE, {"ttl_s": "30"})).json()
    agent.clock.advance(20)
    renewed = (await till_1.post(LEASE, {"ttl_s": "30"})).json()

    assert renewed["token"] == first["token"]
    assert renewed["expires_at"] == first["expires_at"] + 20


async def test_a_reader_is_given_back(till_1: AsgiClient, till_2: AsgiClient) -> None:
    await till_1.post(LEASE)
    await till_1.request("DELETE", LEASE)
    again = await till_1.request("DELETE", LEASE)

    taken = (await till_2.post(LEASE)).json()

    assert (again.status, taken["token"]) == (200, 2)


async def test_an_order_under_an_old_lease_is_refused(
    agent: Agent, till_1: AsgiClient
) -> None:
    token = (await till_1.post(LEASE, {"ttl_s": "30"})).json()["token"]
    order, held_up = {"payment_intent": "pi_1"}, {"cardlane-lease-token": str(token)}
    good = await till_1.post(PROCESS, order, held_up)
    agent.clock.advance(31)
    too_late = await till_1.post(PROCESS, order, held_up)
    await till_1.post(LEASE)
    still_too_late = await till_1.post(PROCESS, order, held_up)

    assert good.status == 200
    assert too_late.error["code"] == "lease_stale"
    assert still_too_late.error["code"] == "lease_stale"


@pytest.mark.parametrize("token", ["", "one", "-1", "1" * 40])
async def test_a_token_is_a_number(till_1: AsgiClient, token: str) -> None:
    refused = await till_1.post(CANCEL, headers={"cardlane-lease-token": token or " "})

    assert refused.error["code"] == "parameter_invalid"


async def test_an_override_is_audited_and_told(
    agent: Agent, till_1: AsgiClient
) -> None:
    manager = agent.client
    await till_1.post(LEASE, {"owner": "till 1"})
    form = {"override": "true", "owner": "office", "reason": "till 1 hangs"}
    with agent.events.listen() as heard:
        taken = await manager.post(LEASE, form)

        event = heard.get_nowait()
    refused = await till_1.post(CANCEL)

    assert taken.json()["token"] == 2
    assert event == LeaseOverridden(READER, "office", "till 1", token=2)
    assert refused.error["code"] == "reader_leased"
    (audited,) = [recorded.entry for recorded in agent.journal.audit.of(READER)]
    assert (audited.action, audited.reason) == ("lease_overridden", "till 1 hangs")
    assert audited.actor == taken.json()["key_id"]


async def test_an_override_of_nothing_is_a_plain_lease(agent: Agent) -> None:
    form = {"override": "true", "reason": "to be sure"}

    assert (await agent.client.post(LEASE, form)).status == 200
    assert agent.journal.audit.read(after=0, limit=10) == []


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"override": "true"}, "parameter_missing"),
        ({"ttl_s": "0"}, "parameter_invalid"),
        ({"ttl_s": "3601"}, "parameter_invalid"),
        ({"owner": "x" * 101}, "parameter_invalid"),
    ],
)
async def test_a_lease_that_makes_no_sense_is_refused(
    agent: Agent, form: dict[str, str], code: str
) -> None:
    refused = await agent.client.post(LEASE, form)

    assert refused.json()["code"] == code


async def test_a_till_cannot_override(till_1: AsgiClient) -> None:
    refused = await till_1.post(LEASE, {"override": "true", "reason": "I want to"})

    assert (refused.status, refused.json()["code"]) == (403, "local_key_scope")


async def test_a_lease_of_no_reader_is_refused(agent: Agent) -> None:
    refused = await agent.client.post("/agent/readers/tmr_nobody/lease")

    assert refused.status == 404


async def test_a_lease_outlives_the_agent(
    agent: Agent, till_1: AsgiClient, tmp_path: Path
) -> None:
    await till_1.post(LEASE, {"owner": "till 1"})

    reopened = await Journal.open(tmp_path / "journal.db", clock=agent.clock)
    lease = reopened.leases.find(READER)
    chain = reopened.audit.verify()
    await reopened.aclose()

    assert lease is not None
    assert (lease.owner, chain.entries) == ("till 1", 0)
