"""List pages: newest first, one cursor, never an item twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ParameterInvalid, ResourceMissing
from agent.rest.lists import Paging, page
from agent.rest.preferences import LONGEST_WAIT_S, wait_preferred

ITEMS = ["e", "d", "c", "b", "a"]


def paged(paging: Paging, items: list[str] = ITEMS) -> tuple[list[str], bool]:
    return page(items, paging, id_of=str, kind="letter")


def test_the_first_page_is_the_newest() -> None:
    assert paged(Paging(limit=2)) == (["e", "d"], True)


def test_a_page_after_an_item_starts_with_the_next() -> None:
    assert paged(Paging(limit=2, starting_after="d")) == (["c", "b"], True)


def test_the_last_page_says_that_it_is() -> None:
    assert paged(Paging(limit=2, starting_after="b")) == (["a"], False)


def test_a_page_before_an_item_ends_with_the_one_before() -> None:
    assert paged(Paging(limit=2, ending_before="b")) == (["d", "c"], True)


def test_a_page_before_the_second_item_is_the_first() -> None:
    assert paged(Paging(limit=2, ending_before="d")) == (["e"], False)


def test_two_cursors_are_refused() -> None:
    with pytest.raises(ParameterInvalid, match="only one"):
        paged(Paging(starting_after="a", ending_before="b"))


@pytest.mark.parametrize("cursor", ["starting_after", "ending_before"])
def test_an_unknown_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(ResourceMissing, match="No such letter: 'z'") as refused:
        paged(Paging.model_validate({cursor: "z"}))

    assert refused.value.param == cursor


@given(st.lists(st.uuids().map(str), unique=True), st.integers(1, 100))
def test_walking_the_pages_meets_every_item_once(items: list[str], limit: int) -> None:
    seen: list[str] = []
    has_more = True
    while has_more:
        after = seen[-1] if seen else None
        found, has_more = paged(Paging(limit=limit, starting_after=after), items)
        seen += found

    assert seen == items


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ([], None),
        (["wait=60"], 60),
        (["respond-async, wait=10"], 10),
        (["respond-async", 'Wait="5"'], 5),
        (["wait=7; strict"], 7),
        (["wait=99999"], LONGEST_WAIT_S),
        (["wait=soon"], None),
        (["wait=-1"], None),
        (["handling=lenient"], None),
    ],
)
def test_a_preference_to_wait_is_understood(
    headers: list[str], wait_s: int | None
) -> None:
    assert wait_preferred(headers) == wait_s
