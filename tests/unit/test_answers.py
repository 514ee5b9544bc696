"""The answers given to Idempotency-Keys, byte for byte, for a while."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from agent_clock import NOON, StillClock

from agent.journal.answers import StoredAnswer
from agent.journal.journal import Journal

ANSWER = StoredAnswer(
    key="lk_1/key-1", fingerprint="9f86d0", status=200, body=b'{"id": "x"}', at=NOON
)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", clock=StillClock())
    yield journal
    await journal.aclose()


@pytest.mark.parametrize("body", [b"", b'{"id": "x"}', bytes(range(256))])
async def test_an_answer_comes_back_byte_for_byte(
    journal: Journal, body: bytes
) -> None:
    answer = replace(ANSWER, body=body)

    await journal.answers.put(answer)

    assert journal.answers.get(ANSWER.key) == answer


async def test_an_unknown_key_has_no_answer(journal: Journal) -> None:
    assert journal.answers.get("lk_1/key-9") is None


async def test_a_later_answer_takes_the_place_of_an_earlier(journal: Journal) -> None:
    later = replace(ANSWER, status=500, body=b"later")
    await journal.answers.put(ANSWER)

    await journal.answers.put(later)

    assert journal.answers.get(ANSWER.key) == later


async def test_old_answers_are_forgotten_and_young_ones_kept(journal: Journal) -> None:
    young = replace(ANSWER, key="young", at=NOON + timedelta(microseconds=1))
    await journal.answers.put(ANSWER)
    await journal.answers.put(young)

    await journal.answers.prune(young.at)

    assert journal.answers.get(ANSWER.key) is None
    assert journal.answers.get("young") == young
