"""This machine's readers and Stripe's as one list: ours first, each newest first.

Stripe's readers do not tell when they were registered, so the two kinds are not mixed.
Which readers Stripe has, and in what order, is Stripe's affair: it is asked for pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agent.errors import ParameterInvalid
from agent.rest.lists import Paging
from agent.rest.reader_object import JsonObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StripesPage:
    """A part of Stripe's own list."""

    data: Sequence[JsonObject] = ()
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of the whole list: `ours`, then `theirs`."""

    ours: Sequence[T]
    theirs: Sequence[JsonObject] = ()
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Ours(Generic[T]):
    """The readers of this machine, newest first."""

    items: Sequence[T]
    id_of: Callable[[T], str]
    is_wanted: Callable[[T], bool] = field(default=lambda _: True)
    """Whether it passes the list's filters."""

    def position(self, reader_id: str | None) -> int | None:
        """Where the reader stands; None where it is not of this machine."""
        for position, item in enumerate(self.items):
            if self.id_of(item) == reader_id:
                return position
        return None

    def between(self, start: int, end: int | None = None) -> list[T]:
        """Those of the range that pass the filters."""
        return [item for item in self.items[start:end] if self.is_wanted(item)]


AskStripe = Callable[[Paging], Awaitable[StripesPage]]
"""A page of Stripe's list; raises what the caller is to be told."""


async def page_of_readers(
    ours: Ours[T], paging: Paging, *, ask_stripe: AskStripe
) -> Page[T]:
    """The asked page of the whole list; Stripe is asked only where it may matter.

    A cursor that is not of this machine is Stripe's to know. Raises ParameterInvalid
    for two cursors, and what `ask_stripe` raises.
    """
    after, before = paging.starting_after, paging.ending_before
    if after is not None and before is not None:
        raise ParameterInvalid(
            "Received both starting_after and ending_before parameters. "
            "Please pass in only one.",
            param="ending_before",
        )
    if before is not None:
        return await _before(ours, paging, ask_stripe=ask_stripe)
    position = ours.position(after)
    if after is not None and position is None:
        stripes = await ask_stripe(paging)
        return Page([], stripes.data, stripes.has_more)
    found = ours.between(0 if position is None else position + 1)
    shown = found[: paging.limit]
    if len(found) > paging.limit:
        return Page(shown, has_more=True)
    # Asked for one at least: whether there is more depends on it.
    room = paging.limit - len(shown)
    stripes = await ask_stripe(Paging(limit=max(room, 1)))
    has_more = stripes.has_more or len(stripes.data) > room
    return Page(shown, stripes.data[:room], has_more)


async def _before(ours: Ours[T], paging: Paging, *, ask_stripe: AskStripe) -> Page[T]:
    """The page that ends before the cursor."""
    limit, position = paging.limit, ours.position(paging.ending_before)
    if position is not None:
        found = ours.between(0, position)
        return Page(found[-limit:], has_more=len(found) > limit)
    stripes, found = await ask_stripe(paging), ours.between(0)
    if stripes.has_more:
        return Page([], stripes.data, has_more=True)
    room = limit - len(stripes.data)
    start = max(0, len(found) - room)
    return Page(found[start:], stripes.data, has_more=start > 0)
