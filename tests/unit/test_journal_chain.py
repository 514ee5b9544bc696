"""The hash chain: what it covers, and that tampering shows."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from agent_clock import StillClock
from hypothesis import given
from hypothesis import strategies as st
from journal_entries import CARD_COLLECTED, CONFIRM_STARTED, CONFIRMED, requested

from agent.errors import JournalBroken
from agent.ids import PaymentId
from agent.journal.chain import GENESIS, link
from agent.journal.entry_table import TAIL_LENGTH
from agent.journal.journal import Journal

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def test_a_link_hashes_previous_place_time_kind_and_body() -> None:
    expected = hashlib.sha256(
        bytes(32) + bytes(7) + b"\x01" + b"noon\0" + b"reversed\0" + b"{}\0"
    )

    hash_ = link(GENESIS, seq=1, at="noon", kind="reversed", body="{}")

    assert hash_ == expected.hexdigest()


@given(st.tuples(TEXT, TEXT, TEXT), st.tuples(TEXT, TEXT, TEXT))
def test_different_entries_have_different_hashes(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    hashes = {
        link(GENESIS, seq=1, at=at, kind=kind, body=body)
        for at, kind, body in (one, other)
    }

    assert len(hashes) == len({one, other})


async def filled(path: Path, *, payments: int = 1) -> str:
    """Write three entries for each payment; the head's hash."""
    journal = await Journal.open(path, clock=StillClock())
    try:
        await journal.append(requested())
        await journal.append(CARD_COLLECTED)
        recorded = await journal.append(CONFIRM_STARTED)
        for n in range(2, payments + 1):
            recorded = await journal.append(requested(PaymentId(f"pay_{n}")))
        return recorded.hash
    finally:
        await journal.aclose()


APPEND = "INSERT INTO entries (seq, at, kind, body, hash) VALUES (?,?,?,?,?)"
OVERWRITE = (
    "INSERT OR REPLACE INTO entries (seq, at, kind, body, hash)"
    " SELECT 1, at, kind, body, hash FROM entries WHERE seq = 2"
)
LEAVE_A_GAP = (
    "INSERT INTO entries (seq, at, kind, body, hash)"
    " SELECT 9, at, kind, body, hash FROM entries WHERE seq = 2"
)


def tamper(path: Path, statement: str, *, values: tuple[object, ...] = ()) -> None:
    """Do what only someone with the file can: switch the triggers off and write."""
    with closing(sqlite3.connect(path)) as connection:
        for trigger in ("changed", "deleted"):
            connection.execute(f"DROP TRIGGER IF EXISTS entries_are_never_{trigger}")
        connection.execute("DROP TRIGGER entries_leave_no_gap")
        connection.execute(statement, values)
        connection.commit()


async def test_an_untouched_journal_verifies_to_its_head(tmp_path: Path) -> None:
    head = await filled(tmp_path / "journal.db")
    journal = await Journal.open(tmp_path / "journal.db", clock=StillClock())

    verified = journal.verify()
    await journal.aclose()

    assert (verified.entries, verified.head) == (3, head)


async def test_an_empty_journal_verifies(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "journal.db", clock=StillClock())

    verified = journal.verify()
    await journal.aclose()

    assert (verified.entries, verified.head) == (0, GENESIS)


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        (
            "UPDATE entries SET body = replace(body, '1050', '1') WHERE seq = 1",
            "entry 1 does not match its hash",
        ),
        (
            "UPDATE entries SET at = replace(at, '2026', '2025') WHERE seq = 2",
            "entry 2 does not match its hash",
        ),
        (
            "UPDATE entries SET kind = 'reversed' WHERE seq = 3",
            "entry 3 does not match its hash",
        ),
        ("DELETE FROM entries WHERE seq = 2", "entry 2 is missing"),
        ("DELETE FROM entries WHERE seq = 1", "entry 1 is missing"),
    ],
)
async def test_a_changed_entry_is_found_on_opening(
    tmp_path: Path, statement: str, complaint: str
) -> None:
    path = tmp_path / "journal.db"
    await filled(path)
    tamper(path, statement)

    with pytest.raises(JournalBroken, match=complaint):
        await Journal.open(path, clock=StillClock())


async def test_an_old_change_is_found_by_verify_and_not_looked_for_on_opening(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    await filled(path, payments=TAIL_LENGTH)
    tamper(path, "UPDATE entries SET at = 'never' WHERE seq = 2")
    journal = await Journal.open(path, clock=StillClock())

    with pytest.raises(JournalBroken, match="entry 2 does not match its hash"):
        journal.verify()

    await journal.aclose()


async def test_an_entry_of_an_unknown_kind_is_broken_though_its_hash_fits(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    head = await filled(path)
    body = '{"payment_id":"pay_1"}'
    hash_ = link(head, seq=4, at="2026-11-02T12:00:00Z", kind="gifted", body=body)
    tamper(path, APPEND, values=(4, "2026-11-02T12:00:00Z", "gifted", body, hash_))

    with pytest.raises(JournalBroken, match="entry 4 cannot be read: unknown"):
        await Journal.open(path, clock=StillClock())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET at = 'never' WHERE seq = 1",
        "DELETE FROM entries WHERE seq = 3",
        OVERWRITE,
        LEAVE_A_GAP,
    ],
)
async def test_the_table_itself_takes_nothing_but_the_next_entry(
    tmp_path: Path, statement: str
) -> None:
    path = tmp_path / "journal.db"
    await filled(path)

    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="entries are"),
    ):
        connection.execute(statement)


async def test_the_chain_goes_on_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await filled(path)
    journal = await Journal.open(path, clock=StillClock())

    recorded = await journal.append(CONFIRMED)
    verified = journal.verify()
    await journal.aclose()

    assert recorded.seq == 4
    assert verified.head == recorded.hash
