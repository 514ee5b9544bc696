"""What durability costs: the journal beside the bare disk, and how often it is asked for.

Every commit of SQLite with `synchronous=FULL` in a write-ahead log is one fsync of that
log, and its last frame says so: the frames count the fsyncs, whoever wrote them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from agent.clock import SystemClock
from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.entries import ActionRequested
from agent.journal.journal import Journal

WAL_HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
ENTRY = ActionRequested(
    PaymentId("pay_0"),
    ReaderId("tmr_1"),
    "process_payment_intent",
    PaymentIntentId("pi_1"),
    amount=1200,
    currency="usd",
    parameters={},
)


def commits_in(journal: Path) -> int:
    """How many transactions the journal's log holds; only whole ones end in a frame.

    https://www.sqlite.org/fileformat2.html, 4.1: the size of the database after the
    commit is in the frame's second word, and 0 in all other frames; the log's salts are
    those of its frames until it begins anew.
    """
    log = journal.with_name(f"{journal.name}-wal").read_bytes()
    page_bytes = int.from_bytes(log[8:12], "big")
    salts = log[16:24]
    return sum(
        int.from_bytes(header[4:8], "big") > 0
        for header in _frame_headers(log, page_bytes)
        if header[8:16] == salts
    )


def _frame_headers(log: bytes, page_bytes: int) -> Iterator[bytes]:
    step = FRAME_HEADER_BYTES + page_bytes
    for offset in range(WAL_HEADER_BYTES, len(log) - step + 1, step):
        yield log[offset : offset + FRAME_HEADER_BYTES]


async def commits_and_fsyncs(
    folder: Path, *, turns: int
) -> tuple[list[float], list[float]]:
    """Milliseconds of a durable entry, and of a page written and fsynced, in turn."""
    journal = await Journal.open(folder / "cost.db", clock=SystemClock())
    bare = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY, 0o600)
    page = bytes(4096)
    ours, theirs = [], []
    try:
        for number in range(turns):
            entry = replace(ENTRY, payment_id=PaymentId(f"pay_{number}"))
            started = time.perf_counter()
            await journal.append(entry)
            ours.append((time.perf_counter() - started) * 1000)
            started = time.perf_counter()
            os.write(bare, page)
            os.fsync(bare)
            theirs.append((time.perf_counter() - started) * 1000)
    finally:
        os.close(bare)
        await journal.aclose()
    return [*islice(ours, 10, None)], [*islice(theirs, 10, None)]
