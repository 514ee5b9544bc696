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


class FieldMissing(Exception):
    """A field without which the object means nothing; holds its dotted name."""


def completed(shape: type, value: Object, defaults: Object) -> Object:
    """`value` with every field of its TypedDict; raises FieldMissing.

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
                filled[name] = known[name]
        except FieldMissing as inner:
            if str(inner) == name:
                raise
            raise FieldMissing(f"{name}.{inner}") from None
    return {**filled, **{n: known[n] for n in known if n not in filled}}


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
    raise FieldMissing(name)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


@cache
def _fields(shape: type) -> Mapping[str, Any]:
    """The fields that are always there, with their types."""
    hints = get_type_hints(shape, include_extras=True)
    return {n: hint for n, hint in hints.items() if get_origin(hint) is not NotRequired}
