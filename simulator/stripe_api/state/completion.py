"""Filling in what an object written by hand or by an older API lacks.

What may be null becomes null, what may be empty becomes empty; nothing else is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import (
    Any,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from simulator.stripe_api.engine.store import Object

_NEVER_NULL = frozenset({"amount", "currency", "metadata", "status"})
"""Fields by which the resources reckon and decide."""


class FieldUnusable(Exception):
    """A field that is missing or of another type than its name promises."""

    def __init__(self, problem: str, name: str) -> None:
        """`problem` is a verb: `lacks`, or `has a wrong`."""
        super().__init__(f"{problem} '{name}'")
        self.problem = problem
        self.name = name


def completed(shape: type, value: Object, defaults: Object) -> Object:
    """`value` with every field of its TypedDict; raises FieldUnusable.

    `defaults` are used before anything is filled in by type. Fields come in their
    TypedDict's order, unknown ones at the end.
    """
    known = {**defaults, **value}
    filled: dict[str, Any] = {}
    for name, hint in _fields(shape).items():
        try:
            if name not in known:
                filled[name] = _blank(name, hint)
            elif is_typeddict(hint) and isinstance(known[name], Mapping):
                filled[name] = completed(hint, known[name], {})
            else:
                filled[name] = _checked(name, hint, known[name])
        except FieldUnusable as inner:
            if inner.name == name:
                raise
            raise FieldUnusable(inner.problem, f"{name}.{inner.name}") from None
    return {**filled, **{n: known[n] for n in known if n not in filled}}


def _checked(name: str, hint: Any, value: Any) -> Any:
    alternatives = _alternatives(hint)
    if value is None:
        # What refers to another object may be nothing, whatever its type says.
        is_usable = name not in _NEVER_NULL or NoneType in alternatives
    else:
        is_usable = any(_fits(value, each) for each in alternatives)
    if not is_usable:
        raise FieldUnusable("has a wrong", name)
    return value


def _fits(value: Any, hint: Any) -> bool:
    """Whether a JSON value is of a type, as far as it can be told at a glance."""
    origin = get_origin(hint) or getattr(hint, "__supertype__", hint)
    if origin is Any:
        return True
    if is_typeddict(origin):
        return isinstance(value, dict)
    if not isinstance(origin, type):
        return False
    if issubclass(origin, str):
        return isinstance(value, str)
    if origin in (int, float):
        return isinstance(value, (int, origin)) and not isinstance(value, bool)
    return isinstance(value, dict if issubclass(origin, Mapping) else origin)


def _blank(name: str, hint: Any) -> Any:
    """What stands for a field that is not there."""
    if hint is None or hint is NoneType or NoneType in _alternatives(hint):
        return None
    if hint is bool:
        return False
    if is_typeddict(hint):
        return completed(hint, {}, {})
    origin = get_origin(hint) or hint
    if origin is list:
        return []
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {}
    raise FieldUnusable("lacks", name)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


@cache
def _fields(shape: type) -> Mapping[str, Any]:
    """The fields that are always there, with their types."""
    hints = get_type_hints(shape, include_extras=True)
    return {n: hint for n, hint in hints.items() if get_origin(hint) is not NotRequired}
