"""Entries on disk: every one comes back, and nothing else does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_entries import (
    DECLINED,
    FINISHED,
    ONE_OF_EACH,
    any_entry,
    requested,
)

from agent.journal.codec import (
    KINDS,
    EntryUnreadable,
    decode,
    encode,
    kind_of,
    time_of,
    time_text,
)
from agent.journal.entries import ActionFinished, Entry


@given(any_entry)
def test_every_entry_comes_back_as_it_went(entry: Entry) -> None:
    assert decode(kind_of(entry), encode(entry)) == entry


@given(any_entry)
def test_one_entry_has_one_spelling(entry: Entry) -> None:
    body = encode(entry)

    assert encode(decode(kind_of(entry), body)) == body
    assert body.isascii()


def test_every_kind_of_entry_has_a_name() -> None:
    assert set(KINDS.values()) == set(get_args(Entry))
    assert [kind_of(entry) for entry in ONE_OF_EACH] == list(KINDS)


def test_the_spelling_is_the_one_that_old_journals_were_hashed_with() -> None:
    assert encode(DECLINED) == (
        '{"charge":"ch_1","code":"card_declined","decline_code":"do_not_honor",'
        '"message":"Declined.","payment_id":"pay_1"}'
    )


def test_outcome_comes_back_as_an_outcome() -> None:
    entry = decode("action_finished", encode(FINISHED))

    assert isinstance(entry, ActionFinished)
    assert entry.outcome is FINISHED.outcome


def test_entry_older_than_one_of_its_fields_gets_the_default() -> None:
    fields = json.loads(encode(FINISHED))
    del fields["card_verdict_missing"]

    assert decode("action_finished", json.dumps(fields)) == FINISHED


@pytest.mark.parametrize(
    ("kind", "body", "complaint"),
    [
        ("refunded", "{}", "unknown kind 'refunded'"),
        ("reversed", "{", "the body is not JSON"),
        ("reversed", "[]", "the body is not an object"),
        ("reversed", '{"payment_id":"pay_1","by":"me"}', "unknown field 'by'"),
        ("reversed", "{}", "no field 'payment_id'"),
        ("reversed", '{"payment_id":1}', "payment_id is of the wrong type"),
    ],
)
def test_what_is_not_an_entry_is_refused(kind: str, body: str, complaint: str) -> None:
    with pytest.raises(EntryUnreadable, match=complaint):
        decode(kind, body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "1050"),
        ("amount", True),
        ("amount", 10.5),
        ("currency", None),
        ("parameters", []),
        ("parameters", {"tip": None}),
        ("parameters", {"tip": {"amount": 1}}),
    ],
)
def test_field_of_another_type_is_refused(name: str, value: object) -> None:
    fields = json.loads(encode(requested())) | {name: value}

    with pytest.raises(EntryUnreadable, match=f"{name} is of the wrong type"):
        decode("action_requested", json.dumps(fields))


def test_unknown_outcome_is_refused() -> None:
    fields = json.loads(encode(FINISHED)) | {"outcome": "perhaps"}

    with pytest.raises(EntryUnreadable, match="outcome is of the wrong type"):
        decode("action_finished", json.dumps(fields))


@given(
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
        min_value=datetime(1000, 1, 2),  # noqa: DTZ001 - the strategy adds the zone
        max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - the strategy adds the zone
    )
)
def test_times_come_back_and_sort_as_text(at: datetime) -> None:
    text = time_text(at)

    assert time_of(text) == at
    assert len(text) == 27
    assert text.endswith("Z")
