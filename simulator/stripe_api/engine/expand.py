"""`expand[]`: ids in an answer replaced by the objects they name.

Paths are checked against what an operation returns before it takes effect, so that a
bad path changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.lists import DEFAULT_LIMIT, envelope
from simulator.stripe_api.engine.store import Kind, Object, Store, Sublist

MAXIMUM_DEPTH = 4
TOTAL_COUNT = "total_count"
"""The one member of a search's answer that is there only when expanded."""

Kinds = Mapping[str, Kind[Any]]
"""Every kind by its name, which is also the value of an object's `object`."""


def check_paths(
    paths: list[str], kind: Kind[Any], *, is_list: bool, kinds: Kinds
) -> Set[str]:
    """The names of the kinds that are expanded to.

    Raises InvalidRequest for a path that is too deep or that Stripe refuses.
    """
    found: set[str] = set()
    for path in paths:
        if path.count(".") >= MAXIMUM_DEPTH:
            raise InvalidRequest(
                f"You cannot expand more than {MAXIMUM_DEPTH} levels of a property. "
                f"Property: {path}",
                param="expand",
                code="property_expansion_max_depth",
            )
        found |= _check_steps(path, path.split("."), kind, is_list=is_list, kinds=kinds)
    return found


def expanded(answer: Object, paths: list[str], *, store: Store, kinds: Kinds) -> Object:
    """`answer` with every path expanded, as a new object where anything changed.

    Ids that name nothing stay ids. The paths must have been checked.
    """
    if TOTAL_COUNT in answer and TOTAL_COUNT not in paths:
        answer = {k: value for k, value in answer.items() if k != TOTAL_COUNT}
    for path in paths:
        if path == TOTAL_COUNT:
            continue
        answer = _expand(answer, path.split("."), store=store, kinds=kinds)
    return answer


def _check_steps(
    path: str, steps: list[str], kind: Kind[Any], *, is_list: bool, kinds: Kinds
) -> Set[str]:
    if is_list:
        first, *steps = steps
        if first != "data" or not steps:
            raise _refusal(
                path, f" You may want to try expanding 'data.{path}' instead."
            )
    for length in range(1, len(steps) + 1):
        name, rest = ".".join(steps[:length]), steps[length:]
        sublist = kind.sublists.get(name)
        targets = _targets(kind, name) if sublist is None else (sublist.of,)
        if targets:
            # A kind that is not simulated holds no objects: nothing to check deeper.
            known = {target for target in targets if target in kinds}
            if not rest or targets[0] not in kinds:
                return known
            return known | _check_steps(
                path,
                rest,
                kinds[targets[0]],
                is_list=sublist is not None,
                kinds=kinds,
            )
    raise _refusal(path)


def _refusal(path: str, advice: str = "") -> InvalidRequest:
    return InvalidRequest(
        f"This property cannot be expanded ({path}).{advice}", param="expand"
    )


def _expand(value: Object, steps: list[str], *, store: Store, kinds: Kinds) -> Object:
    """One object, or one list of objects, with one path expanded."""
    if value.get("object") in ("list", "search_result"):
        items = [
            _expand(item, steps[1:], store=store, kinds=kinds) for item in value["data"]
        ]
        return {**value, "data": items}
    kind = kinds[value["object"]]
    for length in range(1, len(steps) + 1):
        name, rest = ".".join(steps[:length]), steps[length:]
        found: Any = None
        if name in kind.sublists:
            # Another path may have made it already, and expanded within it.
            found = value.get(name) or _sublist(value, kind.sublists[name], store)
        elif name in kind.expandable:
            found = _resolved(value, name, store=store, targets=_targets(kind, name))
        if isinstance(found, Mapping):
            if rest:
                found = _expand(found, rest, store=store, kinds=kinds)
            return _with(value, steps[:length], found)
    return value


def _sublist(owner: Object, sublist: Sublist, store: Store) -> Object:
    items = store.belonging(sublist, owner["id"])
    return envelope(
        items[:DEFAULT_LIMIT],
        url=sublist.url.format(id=owner["id"]),
        has_more=len(items) > DEFAULT_LIMIT,
    )


def _targets(kind: Kind[Any], name: str) -> tuple[str, ...]:
    """The names of the kinds that an expandable field may name; none for another."""
    names = kind.expandable.get(name, ())
    return (names,) if isinstance(names, str) else names


def _resolved(
    value: Object, name: str, *, store: Store, targets: tuple[str, ...]
) -> Any:
    """What the field at a dotted name holds or names; None where there is nothing."""
    leaf: Any = value
    for step in name.split("."):
        if not isinstance(leaf, Mapping):
            return None
        leaf = leaf.get(step)
    if not isinstance(leaf, str):
        return leaf
    named = (store.named(target, leaf) for target in targets)
    return next((found for found in named if found is not None), None)


def _with(value: Object, steps: list[str], found: Object) -> Object:
    """`value` with `found` at the end of `steps`; what is on the way is replaced too."""
    first, *rest = steps
    return {**value, first: _with(value[first], rest, found) if rest else found}
