"""Collecting a card against readers that do what none should."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from agent_clock import StillClock
from journal_entries import READER, requested
from rest_fakes import registered_reader
from scripted_reader import ScriptedReader, ScriptedTransaction

from agent.events import EventBus
from agent.journal.journal import Journal
from agent.payments.cancellation import Cancellation
from agent.payments.collect import process_with_card
from agent.payments.record import PaymentRecord
from agent.payments.settlement import Settlement
from agent.readers.session import ReaderSession
from agent.settings import PaymentSettings
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections
from drivers.errors import Disconnected, ReaderRefused, ReaderTimeout


async def test_a_read_that_ends_without_an_end_is_a_failure(tmp_path: Path) -> None:
    clock, events = StillClock(), EventBus()
    journal = await Journal.open(tmp_path / "journal.db", clock=clock)
    record = PaymentRecord.begin(
        requested(), journal=journal, events=events, answer=None
    )
    session = ReaderSession(
        registered_reader(READER, serial_number="B50"), clock=clock, events=events
    )
    session.set_online(ScriptedReader())
    async with Connections() as connections:
        stripe = StripeClient(
            connections,
            api_base="http://127.0.0.1:1",
            key=None,
            api_version="",
            timeout_s=1.0,
        )
        await process_with_card(
            record,
            session=session,
            settlement=Settlement(stripe, clock, PaymentSettings()),
            events=events,
            cancellation=Cancellation(),
        )
    await journal.aclose()

    assert record.payment.failure_code == "reader_call_invalid"


async def test_a_reader_that_does_not_stop_is_not_waited_for() -> None:
    silent = ScriptedTransaction(refusal=ReaderTimeout("silent"))
    silent.may_answer.set()
    cancellation = Cancellation()

    async def collect() -> None:
        async with cancellation.of(silent):
            await cancellation.request()
            await asyncio.Event().wait()

    with pytest.raises(ReaderTimeout, match="asked to stop"):
        await collect()


async def test_a_cancellation_before_the_read_stops_it_at_once() -> None:
    transaction = ScriptedTransaction()
    transaction.may_answer.set()
    cancellation = Cancellation()
    await cancellation.request()

    async with cancellation.of(transaction):
        assert transaction.asked_to_stop.is_set()


@pytest.mark.parametrize(
    "refusal", [Disconnected("serial:x", "gone"), ReaderRefused("Cancel", detail="0")]
)
async def test_a_read_that_ends_while_it_is_stopped_is_left_alone(
    refusal: Exception,
) -> None:
    transaction = ScriptedTransaction(refusal=refusal)
    cancellation = Cancellation()
    async with cancellation.of(transaction):
        requesting = asyncio.create_task(cancellation.request())
        await transaction.asked_to_stop.wait()
    transaction.may_answer.set()

    await requesting

    assert cancellation.requested
