"""The registered readers, kept across restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from agent_clock import NOON, StillClock

from agent.ids import ReaderId
from agent.journal.journal import Journal
from agent.journal.readers import RegisteredReader

READER = RegisteredReader(
    reader_id=ReaderId("tmr_1"),
    spec="serial:/dev/ttyACM0",
    model="magtek_dynaprox",
    device_type="magtek_dynaprox",
    serial_number="B500001",
    firmware_version=None,
    label="Counter",
    location="tml_1",
    metadata={"till": "4", "note": "né"},
    registered_at=NOON,
)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", clock=StillClock())
    yield journal
    await journal.aclose()


async def test_a_reader_comes_back_as_it_was_put(
    journal: Journal, tmp_path: Path
) -> None:
    await journal.readers.put(READER)
    await journal.aclose()

    reopened = await Journal.open(tmp_path / "journal.db", clock=StillClock())
    reader = reopened.readers.get(READER.reader_id)
    await reopened.aclose()

    assert reader == READER


async def test_a_reader_put_again_is_replaced(journal: Journal) -> None:
    moved = replace(READER, spec="serial:/dev/ttyACM7", firmware_version="1.2")
    await journal.readers.put(READER)

    await journal.readers.put(moved)

    assert journal.readers.all() == [moved]


async def test_readers_are_told_newest_first(journal: Journal) -> None:
    for n in range(3):
        at = NOON + timedelta(minutes=n)
        reader = replace(READER, reader_id=ReaderId(f"tmr_{n}"), registered_at=at)
        await journal.readers.put(reader)

    ids = [reader.reader_id for reader in journal.readers.all()]

    assert ids == ["tmr_2", "tmr_1", "tmr_0"]


async def test_a_deleted_reader_is_gone(journal: Journal) -> None:
    await journal.readers.put(READER)

    await journal.readers.delete(READER.reader_id)
    await journal.readers.delete(READER.reader_id)

    assert journal.readers.get(READER.reader_id) is None
    assert journal.readers.all() == []
