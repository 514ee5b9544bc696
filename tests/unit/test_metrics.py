"""What Prometheus reads of the agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from house import ROOT
from prometheus_client.parser import text_string_to_metric_families
from rest_fakes import Agent, running_agent

from agent.events import (
    PhaseChanged,
    ReaderDisconnected,
    ReaderQuarantined,
    ReaderReconnectFailed,
    ReaderReconnectStarted,
    ReaderReconnectSucceeded,
    ReaderStatusChanged,
    UpdateFinished,
)
from agent.ids import PaymentId, ReaderId, UpdateId
from agent.metrics.exposition import Standing, exposition
from agent.metrics.measurements import Measurements
from agent.rest.auth import KeyScope

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

READER, PAYMENT = ReaderId("tmr_1"), PaymentId("pay_1")
STANDING = Standing(
    readers_online={"tmr_1": True, "tmr_2": False},
    payments_unfinished=2,
    payments_unsettled=1,
    payments_held=3,
    authorizations_expiring=1,
    offline_payments={"queued": 4, "declined": 1},
    offline_oldest_s=90.0,
    certificate_days_left={"tls": 29.5, "fleet": -1.0},
    free_bytes=4096,
    is_ready=True,
)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as running:
        yield running


def samples(text: str) -> Samples:
    """Every sample of a scrape, as Prometheus' own parser understands it."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(of: Samples, name: str, **labels: str) -> float | None:
    return of.get((name, frozenset(labels.items())))


def test_how_the_agent_stands_is_told() -> None:
    told = samples(exposition(Measurements(), STANDING).decode())

    assert value(told, "cardlane_reader_online", reader="tmr_1") == 1
    assert value(told, "cardlane_reader_online", reader="tmr_2") == 0
    assert value(told, "cardlane_payments_unfinished") == 2
    assert value(told, "cardlane_payments_unsettled") == 1
    assert value(told, "cardlane_payments_held") == 3
    assert value(told, "cardlane_authorizations_expiring") == 1
    assert value(told, "cardlane_offline_payments", status="queued") == 4
    assert value(told, "cardlane_offline_payments", status="declined") == 1
    assert value(told, "cardlane_offline_oldest_seconds") == 90
    assert value(told, "cardlane_certificate_days_left", use="tls") == 29.5
    assert value(told, "cardlane_certificate_days_left", use="fleet") == -1
    assert value(told, "cardlane_journal_free_bytes") == 4096
    assert value(told, "cardlane_ready") == 1


def test_what_happens_is_counted() -> None:
    measurements = Measurements()
    for event in (
        PhaseChanged(READER, PAYMENT, phase="confirming"),
        PhaseChanged(READER, PAYMENT, phase="succeeded"),
        ReaderReconnectStarted(READER, reason="unknown"),
        ReaderReconnectSucceeded(READER),
        ReaderReconnectFailed(READER),
        ReaderQuarantined(READER, seconds=300.0),
        ReaderDisconnected(READER, reason="unknown"),
        ReaderStatusChanged(READER, "offline", reason=None),
        UpdateFinished(READER, UpdateId("upd_1"), "done", None, None),
    ):
        measurements.heard(event)

    told = samples(exposition(measurements, STANDING).decode())

    def count(name: str, **labels: str) -> float | None:
        return value(told, name, **labels)

    assert count("cardlane_payments_ended_total", outcome="succeeded") == 1
    assert count("cardlane_payments_ended_total", outcome="confirming") is None
    assert count("cardlane_payment_phases_total", phase="confirming") == 1
    for step in ("started", "succeeded", "failed", "quarantined"):
        assert count("cardlane_reader_reconnects_total", step=step) == 1
    assert count("cardlane_reader_disconnects_total", reason="unknown") == 1
    assert count("cardlane_firmware_updates_ended_total", outcome="done") == 1


@pytest.mark.parametrize(
    ("name", "label", "value_"),
    [
        ("cardlane_payments_ended_total", "outcome", "declined"),
        ("cardlane_reader_reconnects_total", "step", "quarantined"),
        ("cardlane_firmware_updates_ended_total", "outcome", "rolled_back"),
    ],
)
def test_what_never_happened_is_a_zero_so_that_the_first_one_is_an_increase(
    name: str, label: str, value_: str
) -> None:
    told = samples(exposition(Measurements(), STANDING).decode())

    assert value(told, name, **{label: value_}) == 0


def test_durations_fall_into_buckets_that_add_up() -> None:
    measurements = Measurements()
    for seconds in (0.001, 0.004, 0.3, 99.0):
        measurements.asked_stripe("POST", "2xx", seconds)

    told = samples(exposition(measurements, STANDING).decode())

    def bucket(bound: str) -> float | None:
        name = "cardlane_stripe_request_seconds_bucket"
        return value(told, name, method="POST", outcome="2xx", le=bound)

    assert [bucket(bound) for bound in ("0.001", "0.005", "30.0", "+Inf")] == [
        *(1, 2),
        *(3, 4),
    ]
    name = "cardlane_stripe_request_seconds"
    assert value(told, f"{name}_count", method="POST", outcome="2xx") == 4
    assert value(told, f"{name}_sum", method="POST", outcome="2xx") == pytest.approx(
        99.305
    )


async def test_a_scrape_needs_a_key_that_may_look(agent: Agent) -> None:
    refused = await (await agent.client_with(KeyScope.PAYMENTS)).get("/agent/metrics")
    scraped = await (await agent.client_with(KeyScope.READERS)).get("/agent/metrics")

    assert (refused.status, scraped.status) == (403, 200)
    assert scraped.headers["content-type"].startswith("text/plain; version=")


async def test_answers_are_counted_by_route_and_not_by_what_was_written_there(
    agent: Agent,
) -> None:
    agent.fleet.add("tmr_1")
    await agent.client.get("/v1/terminal/readers/tmr_1")
    await agent.client.get("/v1/terminal/readers/tmr_1?wrong=1")
    await agent.client.get("/wp-admin.php")

    told = samples((await agent.client.get("/agent/metrics")).body.decode())

    def count(route: str, status: str) -> float | None:
        name = "cardlane_http_request_seconds_count"
        return value(told, name, method="GET", route=route, status=status)

    assert count("/v1/terminal/readers/{reader_id}", "2xx") == 1
    assert count("/v1/terminal/readers/{reader_id}", "4xx") == 1
    assert count("unknown", "4xx") == 1
    assert not any("wp-admin" in str(labels) for _, labels in told)


async def test_the_agents_readers_are_in_a_scrape(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    told = samples((await agent.client.get("/agent/metrics")).body.decode())

    assert value(told, "cardlane_reader_online", reader="tmr_1") is not None
    assert value(told, "cardlane_journal_free_bytes") != 0


def test_every_metric_is_documented() -> None:
    documented = (ROOT / "docs/operations.md").read_text()
    names = {
        family.name
        for family in text_string_to_metric_families(
            exposition(Measurements(), STANDING).decode()
        )
        if family.name.startswith("cardlane_")
    }

    assert {name for name in names if f"`{name}" not in documented} == set()
