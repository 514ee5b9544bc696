"""The journal taken elsewhere: whole, checkable, and without card data."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from agent_clock import NOON, StillClock
from journal_entries import (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    FINISHED,
    PAYMENT,
    requested,
)

from agent.cli.journal_copies import exported_line
from agent.errors import JournalBroken, JournalUnavailable
from agent.journal.backup import Backup, back_up
from agent.journal.chain import GENESIS, link
from agent.journal.codec import canonical
from agent.journal.journal import Journal

CIPHERTEXT = bytes.fromhex("DF8F5A00C1D2E3F4A5B6C7D8E9FA0B1C")
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
async def journal(folder: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(folder / "journal.db", clock=StillClock())
    yield journal
    await journal.aclose()


async def backed_up(folder: Path) -> Backup:
    clock = StillClock()
    return await back_up(folder / "journal.db", folder / "copy.db", clock=clock)


async def test_a_backup_holds_what_is_still_in_the_write_ahead_log(
    journal: Journal, folder: Path
) -> None:
    last = await journal.append(requested(), CARD_COLLECTED, CONFIRM_STARTED)

    backup = await backed_up(folder)

    assert (backup.payments.entries, backup.payments.head) == (3, last.hash)
    copy = await Journal.open(backup.path, clock=StillClock())
    assert copy.entries_of(PAYMENT) == journal.entries_of(PAYMENT)
    assert copy.unfinished() == [PAYMENT]
    await copy.aclose()


async def test_a_backup_is_one_file_for_its_owner_only(
    journal: Journal, folder: Path
) -> None:
    await journal.append(requested())
    before = set(os.listdir(folder))

    backup = await backed_up(folder)

    assert set(os.listdir(folder)) - before == {"copy.db"}
    assert os.stat(backup.path).st_mode & 0o777 == 0o600


async def test_a_backup_holds_no_card_and_the_journal_keeps_its_own(
    journal: Journal, folder: Path
) -> None:
    await journal.append(requested(), CARD_COLLECTED, held_card=CIPHERTEXT)

    backup = await backed_up(folder)

    assert CIPHERTEXT not in content(backup.path)
    assert journal.held_card(PAYMENT) == CIPHERTEXT


async def test_a_backup_replaces_no_file(journal: Journal, folder: Path) -> None:
    write(folder / "copy.db", b"older")

    with pytest.raises(JournalUnavailable, match="exists"):
        await backed_up(folder)

    assert content(folder / "copy.db") == b"older"
    assert "copy.db.partial" not in os.listdir(folder)


async def test_a_broken_journal_makes_no_backup(journal: Journal, folder: Path) -> None:
    await journal.append(requested(), CARD_COLLECTED)
    with closing(sqlite3.connect(folder / "journal.db")) as connection, connection:
        connection.execute("DROP TRIGGER entries_are_never_changed")
        connection.execute("UPDATE entries SET kind = 'confirmed' WHERE seq = 1")

    with pytest.raises(JournalBroken):
        await backed_up(folder)

    assert not [name for name in os.listdir(folder) if name.startswith("copy")]


async def test_others_can_follow_the_chain_through_an_export(journal: Journal) -> None:
    await journal.append(requested(), CARD_COLLECTED, CONFIRM_STARTED)
    last = await journal.append(CONFIRMED, FINISHED)

    exported = journal.export(since=NOON, until=NOON + DAY)

    head = GENESIS
    for line in map(exported_line, exported):
        told = json.loads(line)
        body = canonical(told["entry"])
        head = link(head, seq=told["seq"], at=told["at"], kind=told["kind"], body=body)
        assert told["hash"] == head
    assert head == last.hash


@pytest.mark.parametrize(
    ("since", "until", "kinds"),
    [
        (NOON, NOON + DAY, ["action_requested"]),
        (NOON + DAY, NOON + 2 * DAY, ["card_collected"]),
        (NOON - DAY, NOON, []),
    ],
)
async def test_an_export_ends_before_its_end(
    folder: Path, since: datetime, until: datetime, kinds: list[str]
) -> None:
    clock = StillClock()
    journal = await Journal.open(folder / "journal.db", clock=clock)
    await journal.append(requested())
    clock.advance(DAY.total_seconds())
    await journal.append(CARD_COLLECTED)

    exported = [e.kind for e in journal.export(since=since, until=until)]

    assert exported == kinds
    await journal.aclose()


def content(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
