"""What is kept of an action apart from its entries: for a day, and then nowhere."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from agent_clock import StillClock
from journal_entries import requested
from skipping_loop import NOON

from agent.ids import FileId, PaymentId
from agent.journal.db import Database
from agent.journal.details import KEPT_FOR, Details, KeptFile
from agent.journal.entries import ActionFinished, Outcome, Performed
from agent.journal.erasing import EVERY_S, keep_erasing
from agent.journal.journal import Journal
from agent.journal.migrations import SCHEMA_FOLDER, migrations

PAYMENT = PaymentId("pay_1")
NUMBER = "+41791234567"
SIGNATURE = KeptFile(FileId("file_1"), b"<svg>signed</svg>")
ANSWERED = Details({"inputs": [NUMBER]}, (SIGNATURE,))


class MovableClock:
    """Stands still until it is moved; a sleep moves it."""

    def __init__(self) -> None:
        self.at = NOON
        self.day_is_over = asyncio.Event()

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        if self.at > NOON + KEPT_FOR + timedelta(seconds=EVERY_S):
            self.day_is_over.set()
            await asyncio.Event().wait()


async def answered(path: Path, clock: MovableClock) -> Journal:
    """A journal with one answer in it."""
    journal = await Journal.open(path, clock=clock)
    await journal.append(requested(), details=Details({"inputs": []}))
    end = ActionFinished(PAYMENT, Outcome.SUCCEEDED, None, None)
    await journal.append(Performed(PAYMENT), end, details=ANSWERED)
    return journal


def is_anywhere(secret: str, folder: Path) -> bool:
    """Whether any file of the journal holds it, its write-ahead log too."""
    return any(secret.encode() in file.read_bytes() for file in folder.iterdir())


async def test_answers_are_kept_for_a_day_and_shown_no_longer(tmp_path: Path) -> None:
    clock = MovableClock()
    journal = await answered(tmp_path / "journal.db", clock)

    clock.at = NOON + KEPT_FOR - timedelta(seconds=1)
    within = journal.details.of(PAYMENT), journal.details.file(SIGNATURE.file_id)
    clock.at = NOON + KEPT_FOR
    after = journal.details.of(PAYMENT), journal.details.file(SIGNATURE.file_id)

    assert within == ({"inputs": [NUMBER]}, (SIGNATURE, NOON))
    assert after == (None, None)
    await journal.aclose()


async def test_erased_answers_are_in_no_file(tmp_path: Path) -> None:
    clock = MovableClock()
    journal = await answered(tmp_path / "journal.db", clock)
    assert is_anywhere(NUMBER, tmp_path)
    assert is_anywhere("signed", tmp_path)

    clock.at = NOON + KEPT_FOR
    await journal.details.forget_old()

    assert not is_anywhere(NUMBER, tmp_path)
    assert not is_anywhere("signed", tmp_path)
    assert len(journal.entries_of(PAYMENT)) == 3
    await journal.aclose()


async def test_erasing_goes_on_while_the_agent_runs(tmp_path: Path) -> None:
    clock = MovableClock()
    journal = await answered(tmp_path / "journal.db", clock)
    erasing = asyncio.create_task(keep_erasing(journal, clock=clock))

    await clock.day_is_over.wait()

    assert not is_anywhere(NUMBER, tmp_path)
    erasing.cancel()
    await journal.aclose()


async def test_a_journal_that_cannot_be_used_is_tried_again(tmp_path: Path) -> None:
    clock = MovableClock()
    journal = await answered(tmp_path / "journal.db", clock)
    await journal.aclose()
    erasing = asyncio.create_task(keep_erasing(journal, clock=clock))

    await clock.day_is_over.wait()

    assert not erasing.done()
    erasing.cancel()


async def test_of_carts_only_the_newest_is_kept(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "journal.db", clock=StillClock())
    for number in range(1, 4):
        payment = PaymentId(f"pay_{number}")
        cart = Details({"cart": number}, replaces="cart tmr_1")
        await journal.append(requested(payment), details=cart)

    kept = [journal.details.of(PaymentId(f"pay_{number}")) for number in range(1, 4)]

    assert kept == [None, None, {"cart": 3}]
    await journal.aclose()


async def test_answers_are_in_no_repr() -> None:
    assert NUMBER not in repr(ANSWERED)
    assert "signed" not in repr(ANSWERED)


async def test_a_copy_before_a_migration_holds_no_answers(tmp_path: Path) -> None:
    path, clock = tmp_path / "journal.db", MovableClock()
    journal = await answered(path, clock)
    await journal.aclose()
    (tmp_path / "schema").mkdir()
    for file in SCHEMA_FOLDER.iterdir():
        (tmp_path / "schema" / file.name).write_text(file.read_text())
    (tmp_path / "schema" / "9999_more.sql").write_text("CREATE TABLE more (x TEXT);\n")

    database = Database.open(path, steps=migrations(tmp_path / "schema"))
    await database.aclose()

    copy = path.with_name("journal.db.before-9999")
    assert NUMBER.encode() not in copy.read_bytes()
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (3,)


@pytest.mark.parametrize("name", ["action_details", "action_files"])
async def test_nothing_of_a_day_is_in_the_entries(name: str, tmp_path: Path) -> None:
    journal = await answered(tmp_path / "journal.db", MovableClock())

    bodies = [str(recorded) for recorded in journal.read(limit=100)]

    assert not any(NUMBER in body or name in body for body in bodies)
    await journal.aclose()
