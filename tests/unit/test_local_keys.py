"""The local keys: found by hash, revoked once, their last use noted now and then."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from agent_clock import NOON, StillClock

from agent.ids import LocalKeyId
from agent.journal.journal import Journal
from agent.journal.keys import LAST_USE_STEP, LocalKey

KEY = LocalKey(
    key_id=LocalKeyId("lk_1"),
    hash=hashlib.sha256(b"rk_test_example").digest(),
    scopes=frozenset({"payments", "readers"}),
    label="till 4",
    prefix="rk_test_",
    last4="mple",
    created_at=NOON,
)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", clock=StillClock())
    await journal.keys.put(KEY)
    yield journal
    await journal.aclose()


def stored(journal: Journal) -> LocalKey:
    (key,) = journal.keys.all()
    return key


async def test_a_key_is_found_by_its_hash(journal: Journal) -> None:
    assert journal.keys.find(KEY.hash) == KEY
    assert journal.keys.find(bytes(32)) is None


async def test_keys_are_told_newest_first(journal: Journal) -> None:
    newer = replace(
        KEY, key_id=LocalKeyId("lk_2"), hash=bytes(32), created_at=NOON + SECOND
    )
    await journal.keys.put(newer)

    assert [key.key_id for key in journal.keys.all()] == ["lk_2", "lk_1"]


async def test_a_revoked_key_is_still_found_and_says_since_when(
    journal: Journal,
) -> None:
    await journal.keys.revoke(KEY.key_id, NOON + SECOND)

    assert journal.keys.find(KEY.hash) == replace(KEY, revoked_at=NOON + SECOND)


async def test_revoking_again_does_not_move_the_time(journal: Journal) -> None:
    await journal.keys.revoke(KEY.key_id, NOON)

    await journal.keys.revoke(KEY.key_id, NOON + SECOND)

    assert stored(journal).revoked_at == NOON


async def test_the_first_use_is_noted(journal: Journal) -> None:
    await journal.keys.touch(KEY, NOON)

    assert stored(journal).last_used_at == NOON


async def test_a_use_soon_after_is_not_written_again(journal: Journal) -> None:
    await journal.keys.touch(KEY, NOON)

    await journal.keys.touch(stored(journal), NOON + LAST_USE_STEP - SECOND)

    assert stored(journal).last_used_at == NOON


async def test_a_use_long_after_is_noted(journal: Journal) -> None:
    await journal.keys.touch(KEY, NOON)

    await journal.keys.touch(stored(journal), NOON + LAST_USE_STEP)

    assert stored(journal).last_used_at == NOON + LAST_USE_STEP


async def test_the_use_of_a_key_that_is_gone_is_harmless(journal: Journal) -> None:
    await journal.keys.touch(replace(KEY, key_id=LocalKeyId("lk_9")), NOON)

    assert stored(journal) == KEY


async def test_a_key_with_all_its_dates_comes_back(journal: Journal) -> None:
    full = replace(KEY, revoked_at=NOON, last_used_at=NOON + SECOND)

    await journal.keys.put(full)

    assert stored(journal) == full
