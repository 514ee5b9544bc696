"""The log of events: what is kept, in which order it is told, and by which id."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from agent_clock import StillClock
from flow_disk import FlowJournal, open_flow_journal
from hypothesis import given
from hypothesis import strategies as st
from journal_entries import PAYMENT, READER

from agent.errors import JournalUnavailable
from agent.events import CardEvent, Event, ReaderMoved
from agent.journal.event_ids import event_id, seq_in
from agent.journal.event_log import EventLog, RecordedEvent, Told

REMOVED = CardEvent(READER, PAYMENT, "removed", None)


def moved(port: int) -> Event:
    return ReaderMoved(READER, f"serial:/dev/ttyUSB{port}")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[FlowJournal]:
    journal = open_flow_journal(tmp_path / "journal.db", clock=StillClock())
    yield journal
    await journal.aclose()


@pytest.fixture
def log(journal: FlowJournal) -> EventLog:
    return journal.events


@pytest.fixture
def told(log: EventLog) -> list[Told]:
    told: list[Told] = []
    log.tell = told.append
    return told


async def test_a_kept_event_is_told_once_it_can_be_read(
    log: EventLog, told: list[Told]
) -> None:
    keeping = log.keep(moved(1))
    told_before = list(told)

    await keeping

    assert told_before == []
    assert told == log.read(after=0)
    assert [event.data for event in log.read(after=0)] == [
        '{"reader_id":"tmr_1","spec":"serial:/dev/ttyUSB1"}'
    ]


async def test_a_passing_event_waits_for_those_that_are_being_written(
    log: EventLog, told: list[Told]
) -> None:
    first, second = log.keep(moved(1)), log.keep(moved(2))
    log.pass_on(REMOVED)
    third = log.keep(moved(3))

    for keeping in (first, second, third):
        await keeping

    assert [e.seq if isinstance(e, RecordedEvent) else e for e in told] == [
        1,
        2,
        REMOVED,
        3,
    ]


async def test_a_passing_event_is_told_at_once_where_nothing_is_written(
    log: EventLog, told: list[Told]
) -> None:
    log.pass_on(REMOVED)

    assert told == [REMOVED]


async def test_what_could_not_be_written_holds_nobody_up(
    journal: FlowJournal, log: EventLog, told: list[Told]
) -> None:
    journal.disk.is_full = True
    keeping = log.keep(moved(1))
    log.pass_on(REMOVED)

    with pytest.raises(JournalUnavailable):
        await keeping

    assert told == [REMOVED]
    assert log.read(after=0) == []


async def test_an_event_is_told_though_its_writer_was_canceled(
    log: EventLog, told: list[Told]
) -> None:
    canceled = log.keep(moved(1))
    canceled.cancel()

    await log.keep(moved(2))

    assert [event for event in told if isinstance(event, RecordedEvent)] == log.read(
        after=0
    )
    assert log.head() == 2


async def test_an_event_stays_or_goes_with_what_it_tells_of(
    log: EventLog, told: list[Told]
) -> None:
    def fails(_: sqlite3.Connection) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await log.write(fails, [moved(1)], at=StillClock().now())

    assert (log.head(), log.oldest(), told) == (0, 0, [])


async def test_an_event_is_found_by_its_id(log: EventLog) -> None:
    await log.keep(moved(1), moved(2))
    second = log.read(after=1)[0]

    assert log.get(second.event_id) == second
    assert log.get(second.event_id[:-1] + "_") is None
    assert log.get(second.event_id[:-3] + "yyy") is None
    assert log.get("evt_1") is None


async def test_the_same_event_has_another_id_at_another_place(log: EventLog) -> None:
    await log.keep(moved(1), moved(1))

    first, second = log.read(after=0)
    assert first.event_id < second.event_id
    assert (first.data, first.type) == (second.data, second.type)


async def test_an_event_is_never_changed(journal: FlowJournal) -> None:
    await journal.events.keep(moved(1))

    with pytest.raises(Exception, match="events are never changed"):
        await journal.disk.execute("UPDATE events SET type = 'other'")


@given(seq=st.integers(1, 10**10 - 1), data=st.text(max_size=20))
def test_an_id_tells_the_place(seq: int, data: str) -> None:
    id_ = event_id(seq, at="2026-11-02", type="reader_moved", data=data)

    assert seq_in(id_) == seq
    assert len(id_) == 28


@given(a=st.integers(1, 10**10 - 1), b=st.integers(1, 10**10 - 1))
def test_ids_sort_as_their_events(a: int, b: int) -> None:
    ids = [event_id(seq, at="", type="", data="") for seq in (a, b)]

    assert (ids[0] < ids[1]) == (a < b)


@given(st.text(max_size=40))
def test_a_text_that_is_no_id_has_no_place(text: str) -> None:
    assert seq_in(text) is None or len(text) == 28
