"""Stripe's list pages: newest first, one cursor, `has_more`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from agent.errors import ParameterInvalid, ResourceMissing
from agent.rest.parameters import Limit, Parameters, Text

T = TypeVar("T")


class Paging(Parameters):
    """The parameters of every list."""

    limit: Limit = 10
    starting_after: Text | None = None
    ending_before: Text | None = None


def page(
    items: Sequence[T], paging: Paging, *, id_of: Callable[[T], str], kind: str
) -> tuple[list[T], bool]:
    """The asked page of `items`, and whether more lie beyond it.

    Raises ParameterInvalid for two cursors, ResourceMissing for an unknown one.
    """
    after, before, limit = paging.starting_after, paging.ending_before, paging.limit
    if after is not None and before is not None:
        raise ParameterInvalid(
            "Received both starting_after and ending_before parameters. "
            "Please pass in only one.",
            param="ending_before",
        )
    positions = {id_of(item): position for position, item in enumerate(items)}
    if before is not None:
        end = _position(before, positions, kind=kind, param="ending_before")
        start = max(0, end - limit)
        return list(items[start:end]), start > 0
    start = 0
    if after is not None:
        start = _position(after, positions, kind=kind, param="starting_after") + 1
    end = start + limit
    return list(items[start:end]), end < len(items)


def _position(cursor: str, positions: dict[str, int], *, kind: str, param: str) -> int:
    try:
        return positions[cursor]
    except KeyError:
        raise ResourceMissing(f"No such {kind}: '{cursor}'", param=param) from None
