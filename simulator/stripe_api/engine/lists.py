"""List pages: newest first, walked by `starting_after` and `ending_before`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from simulator.stripe_api.engine.errors import ParameterInvalid, ResourceMissing
from simulator.stripe_api.engine.parameters import (
    Fields,
    Integer,
    Parameter,
    Text,
    Values,
)
from simulator.stripe_api.engine.store import Kind, Object, Store, T
from simulator.stripe_api.engine.versions import ApiVersion

DEFAULT_LIMIT = 10

_CURSORS: Mapping[str, Parameter] = {
    "limit": Integer(minimum=1, maximum=100),
    "starting_after": Text(),
    "ending_before": Text(),
}

Condition = Callable[[Any], bool]


def list_parameters(**filters: Parameter) -> Fields:
    """The parameters of a list operation: the cursors and its own filters."""
    return Fields({**_CURSORS, **filters})


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A Unix time, or bounds on one: `created=1` or `created[gte]=1`."""

    _BOUNDS = Fields({name: Integer() for name in ("gt", "gte", "lt", "lte")})

    def read(self, raw: Any, name: str, version: ApiVersion) -> Values:
        """The bounds, by name; an exact time is bounded from both sides."""
        if isinstance(raw, dict):
            return self._BOUNDS.read(raw, name, version)
        exact = Integer().read(raw, name, version)
        return {"gte": exact, "lte": exact}


def within(created: int, bounds: Values | None) -> bool:
    """Whether a time lies within what TimeRange read."""
    if bounds is None:
        return True
    return bool(
        created > bounds.get("gt", -1)
        and created >= bounds.get("gte", 0)
        and created < bounds.get("lt", created + 1)
        and created <= bounds.get("lte", created)
    )


def page(
    store: Store,
    kind: Kind[T],
    *,
    params: Values,
    url: str,
    equal: Sequence[str] = (),
    where: Condition | None = None,
) -> Object:
    """One page of a kind's objects.

    `equal` names parameters that must equal the field of the same name; `where` is
    any other condition. Raises ParameterInvalid for both cursors at once and
    ResourceMissing for a cursor that names no object.
    """
    backwards = _backwards(store, kind, params)
    candidates = _candidates(store, kind, params=params, equal=equal)
    matching = (
        value
        for value in candidates
        if all(name not in params or value[name] == params[name] for name in equal)
        and (where is None or where(value))
    )
    limit = params.get("limit", DEFAULT_LIMIT)
    found = list(islice(matching, limit + 1))
    data = found[:limit]
    if backwards:
        data.reverse()
    return envelope(data, url=url, has_more=len(found) > limit)


def envelope(data: Sequence[Any], *, url: str, has_more: bool = False) -> Object:
    """Stripe's list object around `data`."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _backwards(store: Store, kind: Kind[T], params: Values) -> bool:
    cursors = [name for name in ("starting_after", "ending_before") if name in params]
    if len(cursors) > 1:
        raise ParameterInvalid(
            "You may only specify one of these parameters: starting_after, "
            "ending_before.",
            code="parameters_exclusive",
        )
    for name in cursors:
        if store.of(kind).get(params[name]) is None:
            raise ResourceMissing(kind.noun, params[name], param=name, status=400)
    return cursors == ["ending_before"]


def _candidates(
    store: Store, kind: Kind[T], *, params: Values, equal: Sequence[str]
) -> Iterable[T]:
    """Objects on the right side of the cursor, by an index where one helps."""
    collection = store.of(kind)
    after, before = params.get("starting_after"), params.get("ending_before")
    for name in equal:
        if name in params and name in kind.indexes:
            found = collection.having(name, params[name])
            if after is not None:
                bound = collection.position(after)
                return [v for v in found if collection.position(v["id"]) < bound]
            if before is not None:
                bound = collection.position(before)
                newer = [v for v in found if collection.position(v["id"]) > bound]
                newer.reverse()
                return newer
            return found
    if before is not None:
        return collection.oldest_first(after=before)
    return collection.newest_first(after=after)
