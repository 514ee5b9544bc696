"""Giving money back: until it is certain, whatever Stripe answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from agent_clock import StillClock
from journal_entries import CARD_COLLECTED, CONFIRM_STARTED, PAYMENT, requested
from stripe_wire import Act, HangUp, Reply, StripeWire, error

from agent.events import EventBus
from agent.journal.entries import CardRefused, Confirmed, Outcome
from agent.journal.journal import Journal
from agent.payments.record import PaymentRecord
from agent.payments.settle import finish
from agent.payments.settlement import Settlement
from agent.settings import PaymentSettings, StripeKey
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections

REFUND = Reply({"id": "re_1", "status": "succeeded"})
REFUSED = Reply(error("charge_already_refunded"), status=400)
KEPT_500 = Reply(
    error(type="api_error"), status=500, headers={"Idempotent-Replayed": "true"}
)


def intent(status: str, *, refunded: bool = False) -> Reply:
    """The PaymentIntent in this status, its charge given back or not."""
    return Reply(
        {
            "id": "pi_1",
            "status": status,
            "amount": 1050,
            "currency": "usd",
            "livemode": False,
            "payment_method_types": ["card_present"],
            "latest_charge": {"id": "ch_1", "refunded": refunded},
        }
    )


@pytest.fixture
async def wire() -> AsyncIterator[StripeWire]:
    async with StripeWire().open() as wire:
        yield wire


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", clock=StillClock())
    yield journal
    await journal.aclose()


async def reverse(wire: StripeWire, journal: Journal, *, status: str) -> list[str]:
    """End a payment whose card refused; Stripe's requests as method, path and key."""
    for entry in (
        requested(),
        CARD_COLLECTED,
        CONFIRM_STARTED,
        Confirmed(PAYMENT, status, "ch_1", None),
        CardRefused(PAYMENT, "declined", "0"),
    ):
        await journal.append(entry)
    record = PaymentRecord.reopen(PAYMENT, journal=journal, events=EventBus())
    async with Connections() as connections:
        stripe = StripeClient(
            connections,
            api_base=wire.url,
            key=StripeKey("sk_test_" + "a" * 16),
            api_version="2026-10-28.endive",
            timeout_s=5.0,
        )
        settlement = Settlement(stripe, StillClock(), PaymentSettings())
        await finish(record, settlement=settlement)
    assert record.payment.outcome is Outcome.FAILED
    assert record.payment.failure_code == "declined_by_reader"
    return [
        f"{one.method} {one.target.partition('?')[0].rpartition('/')[2]}"
        f" {one.headers.get('idempotency-key', '').partition('-reversal')[2]}".rstrip()
        for one in wire.received
    ]


@pytest.mark.parametrize(
    ("acts", "asked"),
    [
        ([REFUND], ["POST refunds"]),
        ([HangUp(), REFUND], ["POST refunds", "POST refunds"]),
        ([REFUSED, intent("succeeded", refunded=True)], ["POST refunds", "GET pi_1"]),
        (
            [REFUSED, HangUp(), REFUND],
            ["POST refunds", "GET pi_1", "POST refunds -2"],
        ),
        (
            [REFUSED, intent("succeeded"), REFUND],
            ["POST refunds", "GET pi_1", "POST refunds -2"],
        ),
    ],
)
async def test_a_captured_charge_is_refunded(
    acts: list[Act], asked: list[str], wire: StripeWire, journal: Journal
) -> None:
    wire.play(*acts)

    assert await reverse(wire, journal, status="succeeded") == asked


async def test_an_authorisation_is_canceled(wire: StripeWire, journal: Journal) -> None:
    wire.play(intent("canceled"))

    asked = await reverse(wire, journal, status="requires_capture")

    assert asked == ["POST cancel"]


async def test_an_authorisation_that_was_captured_is_refunded(
    wire: StripeWire, journal: Journal
) -> None:
    wire.play(REFUSED, intent("succeeded"), REFUND)

    asked = await reverse(wire, journal, status="requires_capture")

    assert asked == ["POST cancel", "GET pi_1", "POST refunds -refund"]


async def test_an_authorisation_that_ended_is_back(
    wire: StripeWire, journal: Journal
) -> None:
    wire.play(REFUSED, intent("canceled"), intent("canceled"))

    asked = await reverse(wire, journal, status="requires_capture")

    assert asked == ["POST cancel", "GET pi_1", "GET pi_1"]


async def test_an_error_that_stripe_keeps_for_good_is_asked_under_a_new_key(
    wire: StripeWire, journal: Journal
) -> None:
    wire.play(KEPT_500, intent("succeeded"), KEPT_500, intent("succeeded"), REFUND)

    asked = await reverse(wire, journal, status="succeeded")

    assert asked == [
        "POST refunds",
        "GET pi_1",
        "POST refunds -2",
        "GET pi_1",
        "POST refunds -3",
    ]


async def test_an_error_that_stripe_keeps_may_hide_a_refund(
    wire: StripeWire, journal: Journal
) -> None:
    wire.play(KEPT_500, intent("succeeded", refunded=True))

    asked = await reverse(wire, journal, status="succeeded")

    assert asked == ["POST refunds", "GET pi_1"]
