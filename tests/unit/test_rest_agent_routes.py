"""The agent's own routes: health, discovery, journal, events."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rest_fakes import Agent, running_agent

from agent.firmware.updates import InstallRequest
from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.update_entries import UpdateOutcome
from agent.payments.hold_watch import ExpiringHold
from agent.payments.payment import Payment
from drivers.errors import PortWatchUnavailable

READERS = "/v1/terminal/readers"


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        yield agent


async def test_a_running_agent_is_live(agent: Agent) -> None:
    assert (await agent.client.get("/agent/health/live")).json() == {"status": "live"}


async def test_an_agent_without_trouble_is_ready(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.get("/agent/health/ready")

    assert answer.status == 200
    assert answer.json() == {"status": "ready", "causes": []}


async def test_an_offline_reader_beside_another_only_degrades(agent: Agent) -> None:
    agent.fleet.add("tmr_1").status = "offline"
    agent.fleet.add("tmr_2")

    answer = await agent.client.get("/agent/health/ready")

    assert answer.status == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["causes"][0]["code"] == "terminal_reader_offline"


async def test_with_all_readers_offline_no_payment_can_start(agent: Agent) -> None:
    agent.fleet.add("tmr_1").status = "offline"
    agent.fleet.add("tmr_2").status = "offline"

    answer = await agent.client.get("/agent/health/ready")

    assert answer.status == 503
    assert answer.json()["status"] == "unavailable"
    codes = [cause["code"] for cause in answer.json()["causes"]]
    assert codes == ["terminal_reader_offline", "terminal_reader_offline"]


async def test_a_smart_reader_takes_payments_where_the_others_are_offline(
    agent: Agent,
) -> None:
    agent.fleet.add("tmr_1").status = "offline"
    agent.smart.heard({"id": "tmr_smart", "status": "online"})

    answer = await agent.client.get("/agent/health/ready")

    assert (answer.status, answer.json()["status"]) == (200, "degraded")


async def test_an_agent_without_readers_waits_for_its_first(agent: Agent) -> None:
    answer = await agent.client.get("/agent/health/ready")

    assert (answer.status, answer.json()["status"]) == (200, "ready")


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("reader_unavailable", "powered on and plugged in"),
        ("reader_quarantined", "cardlane readers connect"),
        ("reader_disconnect_requested", "cardlane readers connect"),
    ],
)
async def test_what_to_do_about_a_reader_depends_on_why_it_is_offline(
    agent: Agent, reason: str, remedy: str
) -> None:
    session = agent.fleet.add("tmr_1")
    session.status, session.offline_reason = "offline", reason

    answer = await agent.client.get("/agent/health/ready")

    assert remedy in answer.json()["causes"][0]["remedy"]


async def test_ports_that_nobody_watches_only_degrade(agent: Agent) -> None:
    agent.fleet.watch_problem = PortWatchUnavailable("netlink is closed")

    answer = await agent.client.get("/agent/health/ready")

    assert answer.status == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["causes"][0]["code"] == "port_watch_unavailable"


@pytest.mark.parametrize(
    ("away_s", "codes"),
    [(None, []), (59.0, []), (600.0, ["fleet_broker_unreachable"])],
)
async def test_a_broker_that_stays_away_only_degrades(
    agent: Agent, away_s: float | None, codes: list[str]
) -> None:
    agent.broker.away_s = away_s

    answer = await agent.client.get("/agent/health/ready")

    assert answer.status == 200
    assert [cause["code"] for cause in answer.json()["causes"]] == codes


async def test_an_unsettled_payment_is_told(agent: Agent) -> None:
    agent.actions.unsettled_payments = [
        Payment(
            payment_id=PaymentId("pay_1"),
            reader_id=ReaderId("tmr_1"),
            action="process_payment_intent",
            payment_intent=PaymentIntentId("pi_1"),
            amount=1,
            currency="usd",
            parameters={},
        )
    ]

    cause = (await agent.client.get("/agent/health/ready")).json()["causes"][0]

    assert cause["code"] == "payment_outcome_unknown"
    assert "pay_1" in cause["message"]


async def test_money_whose_authorization_ends_soon_is_told(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    hold = ExpiringHold(PaymentId("pay_1"), PaymentIntentId("pi_1"), 1_793_700_000)
    agent.holds.held = [hold]

    answer = await agent.client.get("/agent/health/ready")

    (cause,) = answer.json()["causes"]
    assert (answer.status, answer.json()["status"]) == (200, "degraded")
    assert cause["code"] == "authorization_expiring"
    assert "pay_1 ends at 2026-11-03 10:00Z" in cause["message"]
    assert "pi_1" in cause["remedy"]


async def test_without_a_stripe_key_no_payment_can_start(agent: Agent) -> None:
    agent.stripe.has_key = False

    answer = await agent.client.get("/agent/health/ready")

    assert answer.status == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["causes"][0]["code"] == "stripe_key_missing"


async def test_a_failing_journal_makes_the_agent_unavailable(agent: Agent) -> None:
    await agent.journal.aclose()

    answer = await agent.client.get("/agent/health/ready")

    assert answer.status == 503
    assert answer.json()["causes"][0]["code"] == "journal_unavailable"


async def test_a_lost_state_folder_makes_the_agent_unavailable(
    agent: Agent, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path)

    answer = await agent.client.get("/agent/health/ready")

    assert answer.status == 503
    assert answer.json()["causes"][0]["code"] == "journal_unavailable"


async def test_a_nearly_full_disk_makes_the_agent_unavailable(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.statvfs_result((4096, 4096, 10**6, 9, 9, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: full)

    answer = await agent.client.get("/agent/health/ready")

    assert answer.status == 503
    assert "Only 36864 bytes are free" in answer.json()["causes"][0]["message"]


async def test_the_journal_is_read_page_by_page(agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    for number in range(3):
        await agent.client.post(
            f"{READERS}/tmr_1/process_payment_intent",
            {"payment_intent": f"pi_{number}"},
        )

    first = (await agent.client.get("/agent/journal?limit=2")).json()
    last = (await agent.client.get("/agent/journal?limit=2&after=2")).json()

    assert [entry["seq"] for entry in first["entries"]] == [1, 2]
    assert first["entries"][0]["kind"] == "action_requested"
    assert first["entries"][0]["entry"]["payment_intent"] == "pi_0"
    assert first["next_after"] == 2
    assert [entry["seq"] for entry in last["entries"]] == [3]
    assert last["next_after"] is None


@pytest.mark.parametrize(
    ("code", "status", "is_told"),
    [
        ("firmware_keys_changed", "online", True),
        ("firmware_reader_absent", "offline", True),
        ("firmware_reader_absent", "online", False),
        ("firmware_repository_unreachable", "online", False),
    ],
)
async def test_a_reader_that_an_update_has_left_ill_is_told(
    code: str, status: str, is_told: bool, agent: Agent
) -> None:
    agent.fleet.add("tmr_1").status = status
    wanted = InstallRequest(asked_by="lk_1")
    record = await agent.updates.request(ReaderId("tmr_1"), wanted)
    await record.end(UpdateOutcome.FAILED, code=code, message="It went wrong.")

    answer = await agent.client.get("/agent/health/ready")

    told = {cause["code"] for cause in answer.json()["causes"]}
    assert (code in told) is is_told
