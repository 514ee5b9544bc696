"""A journal that grows: time per payment, start-up, size and questions, early and late.

Nothing is ever removed from the journal, so whatever it does must not become slower
with its length. Most payments are written many at a time; those that are measured one
after the other, in turns with a new journal, each entry durable before the next.

    python benchmarks/journal_growth.py [PAYMENTS]
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from agent.clock import SystemClock
from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.entries import (
    ActionFinished,
    ActionRequested,
    CardCollected,
    Confirmed,
    ConfirmStarted,
    Outcome,
)
from agent.journal.journal import Journal
from agent.payments.narrator import Narrator
from agent.payments.payment import Payment
from agent.payments.reference import reference_digest

PAYMENTS = 20_000
MEASURED = 500
AT_ONCE = 64
GOAL = {"slowdown": 1.2, "open_ms": 50.0, "find_ms": 2.0}
"""A payment takes at most a fifth longer than in a new journal; opening and a question by
reference hardly depend on the length at all."""
CARD = bytes(range(256)) * 2


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    payments = int(sys.argv[1]) if len(sys.argv) > 1 else PAYMENTS
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as folder:
        figures = uvloop.run(measured(Path(folder), payments))
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "journal_growth", **figures, "goal": GOAL, "met": met}))
    return 0


async def measured(folder: Path, payments: int) -> dict[str, Any]:
    """The figures of a journal that has come to so many payments, beside a new one."""
    path = folder / "long.db"
    journal = await opened(path)
    for tenth in range(10):
        begin, end = tenth * payments // 10, (tenth + 1) * payments // 10
        await many_at_once(journal, begin=begin, end=end)
        # Events are kept for a while only, as the running agent sees to.
        await journal.events.forget(through=journal.events.head())
    await journal.aclose()
    size = path.stat().st_size
    journal, open_ms = await timed_opening(path)
    new, new_open_ms = await timed_opening(folder / "new.db")
    new_ms, long_ms = await in_turns(new, journal, begin=payments)
    find_ms = timed(lambda: found(journal, payments // 2))
    verify_ms = timed(journal.verify)
    for each in (new, journal):
        await each.aclose()
    print(f"new journal {new_ms:6.2f} ms a payment, after {payments} {long_ms:6.2f} ms")
    return {
        "payments": payments,
        "new_ms": new_ms,
        "long_ms": long_ms,
        "slowdown": round(long_ms / new_ms, 3),
        "new_open_ms": new_open_ms,
        "open_ms": open_ms,
        "find_ms": find_ms,
        "verify_s": round(verify_ms / 1000, 1),
        "size_mb": round(size / 1e6, 1),
        "bytes_per_payment": round(size / payments),
    }


async def opened(path: Path) -> Journal:
    """The journal as the agent has it, with somebody to tell."""
    journal = await Journal.open(path, clock=SystemClock())
    journal.narrator = Narrator(journal, show_reader=shown)
    return journal


def shown(payment: Payment) -> dict[str, Any]:
    """About as much as a reader is."""
    return {"id": payment.reader_id, "object": "terminal.reader", "label": "x" * 400}


async def in_turns(new: Journal, long: Journal, *, begin: int) -> tuple[float, float]:
    """How long one payment takes in each, median, in ms: a busy disk slows both."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(begin, begin + MEASURED):
        for journal, taken in zip((new, long), times, strict=True):
            started = time.perf_counter()
            await pay(journal, number)
            taken.append((time.perf_counter() - started) * 1000)
    first, second = (round(statistics.median(taken), 3) for taken in times)
    return first, second


async def many_at_once(journal: Journal, *, begin: int, end: int) -> None:
    """Write these payments, some of them at a time."""
    numbers = iter(range(begin, end))

    async def till() -> None:
        for number in numbers:
            await pay(journal, number)

    await asyncio.gather(*(till() for _ in range(AT_ONCE)))


async def pay(journal: Journal, number: int) -> None:
    """One approved payment, with the writes that it takes."""
    name = PaymentId(f"pay_{number:024}")
    requested = ActionRequested(
        payment_id=name,
        reader_id=ReaderId(f"tmr_{number % 16:024}"),
        action="process_payment_intent",
        payment_intent=PaymentIntentId(f"pi_{number:024}"),
        amount=1234,
        currency="usd",
        parameters={},
        reference_digest=reference_digest(f"sale {number}"),
    )
    collected = CardCollected(name, "contact_emv", "0" * 64)
    started = ConfirmStarted(name, f"cardlane-{name}")
    confirmed = Confirmed(name, "succeeded", f"ch_{number:024}", "8A023030")
    finished = ActionFinished(name, Outcome.SUCCEEDED, None, None)
    await journal.append(requested)
    await journal.append(collected, started, held_card=CARD)
    await journal.append(confirmed, finished)


async def timed_opening(path: Path) -> tuple[Journal, float]:
    """The journal, opened as at the agent's start, and how long that took in ms."""
    started = time.perf_counter()
    journal = await opened(path)
    journal.unfinished(), journal.holds()
    for number in range(16):
        journal.latest_payment(ReaderId(f"tmr_{number:024}"))
    return journal, round((time.perf_counter() - started) * 1000, 2)


def found(journal: Journal, number: int) -> None:
    """What became of a sale, by the register's reference."""
    digest = reference_digest(f"sale {number}") or ""
    for payment_id in journal.payments_of_reference(digest, limit=10):
        journal.entries_of(payment_id)


def timed(action: Callable[[], object]) -> float:
    """How long it takes, in ms."""
    started = time.perf_counter()
    action()
    return round((time.perf_counter() - started) * 1000, 3)


if __name__ == "__main__":
    sys.exit(main())
