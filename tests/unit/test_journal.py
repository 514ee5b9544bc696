"""The journal as payments use it: append, recover, and hold a card for a while."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from agent_clock import NOON, StillClock
from journal_entries import (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    DECLINED,
    FINISHED,
    NOT_CHARGED,
    PAYMENT,
    READER,
    requested,
)

from agent.errors import InternalError, JournalUnavailable
from agent.ids import PaymentId, ReaderId
from agent.journal.answers import StoredAnswer
from agent.journal.entries import ActionFinished, Entry, Outcome
from agent.journal.journal import Journal

CIPHERTEXT = bytes.fromhex("DF8F5A00C1D2E3F4A5B6C7D8E9FA0B1C")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(path, clock=StillClock())
    yield journal
    await journal.aclose()


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow: the kernel refuses it as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def everything_in(folder: Path) -> bytes:
    """The bytes of all files there."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_an_entry_is_on_disk_when_append_returns(
    journal: Journal, path: Path
) -> None:
    recorded = await journal.append(requested())

    with closing(sqlite3.connect(path)) as other:
        rows = other.execute("SELECT seq, kind, hash FROM entries").fetchall()
    assert rows == [(1, "action_requested", recorded.hash)]


async def test_entries_come_back_with_time_and_place(journal: Journal) -> None:
    await journal.append(requested())
    await journal.append(requested(PaymentId("pay_2")))
    await journal.append(CARD_COLLECTED)

    entries = journal.entries_of(PAYMENT)

    assert [recorded.entry for recorded in entries] == [requested(), CARD_COLLECTED]
    assert [recorded.seq for recorded in entries] == [1, 3]
    assert [recorded.at for recorded in entries] == [NOON, NOON]


async def test_entries_survive_a_restart(journal: Journal, path: Path) -> None:
    recorded = await journal.append(requested())
    await journal.aclose()

    reopened = await Journal.open(path, clock=StillClock())
    entries = reopened.entries_of(PAYMENT)
    await reopened.aclose()

    assert entries == [recorded]


async def test_the_journal_is_read_in_pages(journal: Journal) -> None:
    for n in range(5):
        await journal.append(requested(PaymentId(f"pay_{n}")))

    first = journal.read(limit=2)
    second = journal.read(after=first[-1].seq, limit=2)

    assert [recorded.seq for recorded in first] == [1, 2]
    assert [recorded.seq for recorded in second] == [3, 4]
    assert journal.read(after=5) == []


async def test_unfinished_payments_are_told_oldest_first(journal: Journal) -> None:
    for n in ("c", "a", "b"):
        await journal.append(requested(PaymentId(n)))
    await journal.append(
        ActionFinished(PaymentId("a"), Outcome.CANCELED, "customer_canceled", None)
    )

    assert journal.unfinished() == ["c", "b"]


async def test_finding_unfinished_payments_does_not_read_the_finished(
    journal: Journal, path: Path
) -> None:
    await journal.append(requested())

    with closing(sqlite3.connect(path)) as other:
        (*_, plan) = other.execute(
            "EXPLAIN QUERY PLAN SELECT payment_id FROM unfinished"
            " ORDER BY requested_seq"
        ).fetchone()
    assert plan == "SCAN unfinished"


async def test_latest_payment_is_the_one_requested_last_on_that_reader(
    journal: Journal,
) -> None:
    await journal.append(requested(PaymentId("pay_1"), ReaderId("tmr_1")))
    await journal.append(requested(PaymentId("pay_2"), ReaderId("tmr_1")))
    await journal.append(requested(PaymentId("pay_3"), ReaderId("tmr_2")))
    await journal.append(
        ActionFinished(PaymentId("pay_2"), Outcome.FAILED, "reader_error", None)
    )

    assert journal.latest_payment(READER) == "pay_2"
    assert journal.latest_payment(ReaderId("tmr_9")) is None


@pytest.mark.parametrize("again", [requested(), FINISHED])
async def test_a_payment_begins_once_and_ends_once(
    journal: Journal, again: Entry
) -> None:
    await journal.append(requested())
    finished = await journal.append(FINISHED)

    with pytest.raises(InternalError, match="refuses"):
        await journal.append(again)

    assert journal.read()[-1] == finished


async def test_an_answer_is_kept_with_the_entry_it_belongs_to(
    journal: Journal,
) -> None:
    answer = StoredAnswer("key-1", "digest", 200, b"{}", NOON)

    await journal.append(requested(), answer=answer)

    assert journal.answers.get("key-1") == answer


async def test_an_answer_is_not_kept_where_the_entry_is_refused(
    journal: Journal,
) -> None:
    await journal.append(requested())

    with pytest.raises(InternalError):
        await journal.append(
            requested(), answer=StoredAnswer("key-1", "digest", 200, b"{}", NOON)
        )

    assert journal.answers.get("key-1") is None


async def test_a_held_card_survives_a_restart(journal: Journal, path: Path) -> None:
    await journal.append(requested())
    await journal.append(CARD_COLLECTED, held_card=CIPHERTEXT)
    await journal.append(CONFIRM_STARTED)
    await journal.aclose()

    reopened = await Journal.open(path, clock=StillClock())
    card = reopened.held_card(PAYMENT)
    await reopened.aclose()

    assert card == CIPHERTEXT


@pytest.mark.parametrize("end", [CONFIRMED, DECLINED, NOT_CHARGED, FINISHED])
async def test_a_held_card_is_gone_once_the_outcome_is_known(
    journal: Journal, path: Path, end: Entry
) -> None:
    await journal.append(requested())
    await journal.append(CARD_COLLECTED, held_card=CIPHERTEXT)

    await journal.append(end)

    assert journal.held_card(PAYMENT) is None
    await journal.aclose()
    assert CIPHERTEXT not in everything_in(path.parent)


async def test_the_end_of_one_payment_leaves_the_card_of_another(
    journal: Journal,
) -> None:
    other = PaymentId("pay_2")
    await journal.append(requested(other), held_card=CIPHERTEXT)

    await journal.append(FINISHED)

    assert journal.held_card(other) == CIPHERTEXT


async def test_appends_at_the_same_moment_are_all_recorded_in_order(
    journal: Journal,
) -> None:
    entries = [requested(PaymentId(f"pay_{n}")) for n in range(500)]

    recorded = await asyncio.gather(*(journal.append(entry) for entry in entries))

    assert [each.seq for each in recorded] == list(range(1, 501))
    assert [each.entry for each in journal.read(limit=500)] == entries
    assert journal.verify().entries == 500


async def test_an_entry_whose_caller_was_cancelled_is_recorded_nevertheless(
    journal: Journal,
) -> None:
    task = asyncio.ensure_future(journal.append(requested()))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    await journal.append(CARD_COLLECTED)
    assert [each.entry for each in journal.read()] == [requested(), CARD_COLLECTED]


async def test_a_full_disk_refuses_the_entry_and_leaves_nothing_of_it(
    journal: Journal,
) -> None:
    await journal.append(requested())

    with full_disk(), pytest.raises(JournalUnavailable):
        await journal.append(CARD_COLLECTED, held_card=CIPHERTEXT)

    assert [each.entry for each in journal.entries_of(PAYMENT)] == [requested()]
    assert journal.held_card(PAYMENT) is None


async def test_the_journal_goes_on_when_there_is_room_again(journal: Journal) -> None:
    await journal.append(requested())
    with full_disk(), pytest.raises(JournalUnavailable):
        await journal.append(CARD_COLLECTED)

    await journal.append(CARD_COLLECTED)

    assert journal.verify().entries == 2


async def test_a_closed_journal_takes_no_more_entries(journal: Journal) -> None:
    await journal.aclose()

    with pytest.raises(JournalUnavailable, match="closed"):
        await journal.append(requested())


async def test_closing_finishes_what_is_queued(journal: Journal, path: Path) -> None:
    appending = asyncio.ensure_future(journal.append(requested()))
    await asyncio.sleep(0)

    await journal.aclose()

    assert (await appending).seq == 1
