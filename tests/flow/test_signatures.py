"""Signatures drawn on readers: shown for a day, kept apart from the journal's entries."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from asgi_client import Answer
from flow_agent import Stack
from flow_cables import DYNAPROX, Hardware
from skipping_loop import SkippingLoop

from agent.events import SignatureKept
from agent.ids import ReaderId
from agent.journal.backup import back_up
from drivers.wires import WireKind
from simulator.reader.actions import Sign
from simulator.reader.screen import ReaderState

SIGNING = Hardware("magtek_dynaflex", WireKind.HID)
STROKES = (((20, 120), (160, 60)), ((200, 60), (300, 120)))
signing_readers = pytest.mark.parametrize(
    "hardware", [SIGNING, Hardware("magtek_dynaflex_ii_ped", WireKind.HID)], ids=str
)


async def signed(stack: Stack) -> str:
    """Take a payment for which the cardholder signs; its id."""
    stack.world.customer("visa_signature")
    stack.world.when(ReaderState.WAITING_FOR_CUSTOMER, Sign(STROKES))
    action = await stack.agent.pay(stack.reader, await stack.agent.intent())
    assert action["status"] == "succeeded"
    return stack.payment().payment_id


async def asked(stack: Stack, payment_id: str) -> Answer:
    return await stack.agent.rest.get(f"/agent/payments/{payment_id}/signature")


@signing_readers
async def test_a_register_gets_the_signature_as_a_picture(stack: Stack) -> None:
    with stack.agent.events.listen() as events:
        payment_id = await signed(stack)
        told = [events.get_nowait() for _ in range(events.qsize())]

    answer = await asked(stack, payment_id)

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.body.count(b"<path") == len(STROKES)
    assert SignatureKept(ReaderId(stack.reader), stack.payment().payment_id) in told


@pytest.mark.parametrize("hardware", [SIGNING], ids=str)
async def test_a_signature_is_erased_after_a_day(stack: Stack, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    loop.may_take(48 * 3600.0)
    payment_id = await signed(stack)

    await stack.world.passed(24 * 3600 - 3000)
    in_time = await asked(stack, payment_id)
    await stack.world.passed(3001)
    late = await asked(stack, payment_id)
    await stack.agent.journal.details.forget_old()

    assert in_time.status == 200
    assert (late.status, late.json()["code"]) == (404, "signature_missing")
    assert count(tmp_path / "journal.db") == 0


@pytest.mark.parametrize("hardware", [SIGNING], ids=str)
async def test_no_entry_and_no_backup_holds_a_signature(
    stack: Stack, tmp_path: Path
) -> None:
    await signed(stack)
    copy = tmp_path / "copy.db"

    await back_up(tmp_path / "journal.db", copy, clock=stack.world.clock)

    exported = "".join(map(repr, stack.agent.journal.read(limit=1000)))
    assert "<path" not in exported
    assert count(tmp_path / "journal.db") == 1
    assert count(copy) == 0


@pytest.mark.parametrize("hardware", [SIGNING, DYNAPROX], ids=str)
async def test_a_payment_nobody_signed_for_has_no_signature(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    await stack.agent.pay(stack.reader, await stack.agent.intent())

    answer = await asked(stack, stack.payment().payment_id)

    assert (answer.status, answer.json()["code"]) == (404, "signature_missing")


async def test_a_payment_that_is_not_known_is_missing(stack: Stack) -> None:
    answer = await asked(stack, "pay_unknown")

    assert (answer.status, answer.json()["code"]) == (404, "resource_missing")


@pytest.mark.parametrize("hardware", [SIGNING], ids=str)
async def test_a_full_disk_costs_the_signature_and_not_the_payment(
    stack: Stack,
) -> None:
    stack.world.customer("visa_signature")
    stack.world.when(ReaderState.WAITING_FOR_CUSTOMER, Sign(STROKES), after_s=1.0)
    intent = await stack.agent.intent(12_00)
    await stack.agent.begin(stack.reader, intent)
    await stack.world.is_in(ReaderState.WAITING_FOR_CUSTOMER)
    stack.agent.journal.disk.is_full = True
    await stack.world.is_done_with(ReaderState.WAITING_FOR_CUSTOMER)
    await stack.world.passed(0.01)
    stack.agent.journal.free_disk()

    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "succeeded"
    assert await stack.taken(intent) == [12_00]


def count(path: Path) -> int:
    """The signatures in this file."""
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute("SELECT count(*) FROM action_files").fetchone()
        return int(number)
