"""One list of two kinds of readers: no page misses one or shows one twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ParameterInvalid, StripeUnreachable
from agent.rest.lists import Paging
from agent.rest.reader_list import Ours, StripesPage, page_of_readers


class Stripe:
    """Stripe's own list, and how often it was asked for."""

    def __init__(self, ids: Sequence[str] = ()) -> None:
        self.ids = list(ids)
        self.asked: list[Paging] = []

    async def page(self, paging: Paging) -> StripesPage:
        self.asked.append(paging)
        start, end = 0, len(self.ids)
        if paging.starting_after is not None:
            start = self.ids.index(paging.starting_after) + 1
        if paging.ending_before is not None:
            end = self.ids.index(paging.ending_before)
        found = self.ids[start:end]
        shown = found[: paging.limit]
        if paging.ending_before is not None:
            shown = found[-paging.limit :]
        return StripesPage(
            [{"id": one} for one in shown], has_more=len(found) > paging.limit
        )


def paged(paging: Paging, ours: Ours[str], stripe: Stripe) -> tuple[list[str], bool]:
    found = asyncio.run(page_of_readers(ours, paging, ask_stripe=stripe.page))
    return [*found.ours, *(str(one["id"]) for one in found.theirs)], found.has_more


def ours_of(*ids: str) -> Ours[str]:
    return Ours(ids, id_of=str)


def test_this_machines_readers_come_first() -> None:
    assert paged(Paging(limit=5), ours_of("b", "a"), Stripe(["y", "x"])) == (
        ["b", "a", "y", "x"],
        False,
    )


def test_a_page_of_our_own_alone_asks_stripe_nothing() -> None:
    stripe = Stripe(["x"])

    assert paged(Paging(limit=1), ours_of("b", "a"), stripe) == (["b"], True)
    assert stripe.asked == []


def test_a_full_page_of_our_own_knows_of_stripes_readers() -> None:
    assert paged(Paging(limit=2), ours_of("b", "a"), Stripe(["x"])) == (
        ["b", "a"],
        True,
    )
    assert paged(Paging(limit=2), ours_of("b", "a"), Stripe()) == (["b", "a"], False)


def test_a_page_before_stripes_first_reader_is_of_our_own() -> None:
    ours, stripe = ours_of("c", "b", "a"), Stripe(["y", "x"])

    assert paged(Paging(limit=2, ending_before="y"), ours, stripe) == (["b", "a"], True)
    assert paged(Paging(limit=2, ending_before="x"), ours, stripe) == (["a", "y"], True)


def test_a_cursor_that_is_filtered_out_still_marks_its_place() -> None:
    ours = Ours(["c", "b", "a"], id_of=str, is_wanted=lambda one: one != "b")

    assert paged(Paging(starting_after="b"), ours, Stripe(["x"])) == (["a", "x"], False)
    assert paged(Paging(ending_before="b"), ours, Stripe(["x"])) == (["c"], False)


def test_two_cursors_are_refused() -> None:
    with pytest.raises(ParameterInvalid, match="only one"):
        paged(Paging(starting_after="a", ending_before="b"), ours_of(), Stripe())


def test_what_stripe_refuses_is_not_hidden() -> None:
    async def unreachable(paging: Paging) -> StripesPage:
        raise StripeUnreachable("no route")

    with pytest.raises(StripeUnreachable):
        asyncio.run(page_of_readers(ours_of(), Paging(), ask_stripe=unreachable))


IDS = st.lists(st.uuids().map(str), unique=True, max_size=12)


@given(IDS, st.integers(0, 12), st.integers(1, 6))
def test_walking_forwards_meets_every_reader_once(
    ids: list[str], split: int, limit: int
) -> None:
    ours, stripe = ours_of(*ids[:split]), Stripe(ids[split:])
    seen: list[str] = []
    has_more = True

    while has_more:
        after = seen[-1] if seen else None
        paging = Paging(limit=limit, starting_after=after)
        found, has_more = paged(paging, ours, stripe)
        seen += found

    assert seen == ids


@given(IDS.filter(bool), st.integers(0, 12), st.integers(1, 6))
def test_walking_backwards_meets_every_reader_before_once(
    ids: list[str], split: int, limit: int
) -> None:
    ours, stripe = ours_of(*ids[:split]), Stripe(ids[split:])
    seen: list[str] = [ids[-1]]
    has_more = True

    while has_more:
        paging = Paging(limit=limit, ending_before=seen[0])
        found, has_more = paged(paging, ours, stripe)
        seen = found + seen

    assert seen == ids
