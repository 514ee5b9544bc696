"""What the official SDK's annotations say of an object, checked against an answer.

An annotation that is not Optional names a field that must be there; a field without
an annotation must not be there.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from operator import attrgetter
from types import ModuleType, NoneType, UnionType
from typing import (
    Any,
    ClassVar,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import stripe
from stripe._object_classes import OBJECT_CLASSES, get_object_class
from stripe._stripe_object import UntypedStripeObject

_ABOUT_A_PAGE = ("url", "next_page", "total_count")


def violations(value: object, annotation: Any, path: str = "") -> Iterator[str]:
    """Every way in which a JSON value is not what the annotation says."""
    alternatives = _alternatives(annotation)
    found = [list(_mismatches(value, each, path)) for each in alternatives]
    if all(found):
        # Of several alternatives, report on the one that fits best.
        yield from min(found, key=len)


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)


def _mismatches(value: object, annotation: Any, path: str) -> Iterator[str]:
    origin = get_origin(annotation) or annotation
    if annotation in (NoneType, str, int, bool, float):
        if type(value) is not annotation:
            yield f"{path}: {value!r} is not {annotation.__name__}"
    elif origin is Literal:
        if value not in get_args(annotation):
            yield f"{path}: {value!r} is not one of {get_args(annotation)}"
    elif origin is list:
        yield from _list_mismatches(value, get_args(annotation)[0], path)
    elif origin in (stripe.ListObject, stripe.SearchResultObject):
        yield from _page_mismatches(value, origin, path)
        data = value.get("data") if isinstance(value, Mapping) else None
        yield from _list_mismatches(data, get_args(annotation)[0], f"{path}.data")
    elif origin in (dict, UntypedStripeObject):
        yield from _untyped_mismatches(value, path)
    elif annotation is not Any and not isinstance(annotation, TypeVar):
        yield from _object_mismatches(value, annotation, path)


def _list_mismatches(value: object, item: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: not a list"
        return
    for index, element in enumerate(value):
        yield from violations(element, item, f"{path}[{index}]")


def _page_mismatches(value: object, kind: Any, path: str) -> Iterator[str]:
    """What is around the items: the SDK's own classes declare some of it only."""
    if not isinstance(value, Mapping):
        return
    about = {"object": kind.OBJECT_NAME, "has_more": value.get("has_more") is True}
    for name, expected in about.items():
        if value.get(name) != expected:
            yield f"{path}.{name}: {value.get(name)!r} is not {expected!r}"
    for name in sorted(value.keys() - {*about, "data", *_ABOUT_A_PAGE}):
        yield f"{path}.{name}: unknown"


def _untyped_mismatches(value: object, path: str) -> Iterator[str]:
    """An object that says which one it is, as in events, must be that one."""
    if not isinstance(value, Mapping):
        yield f"{path}: {value!r} is not an object"
    elif value.get("object") in OBJECT_CLASSES:
        declared = get_object_class("V1", value["object"])
        yield from _object_mismatches(value, declared, path)


def _object_mismatches(
    value: object, declared: type[stripe.StripeObject], path: str
) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path}: {value!r} is not a {declared.__name__}"
        return
    fields = _fields(declared.__module__, declared.__qualname__)
    # What is left of a deleted object says little more than that.
    may_lack_all = value.get("deleted") is True
    for name in sorted(value.keys() - fields.keys()):
        yield f"{path}.{name}: unknown"
    for name, annotation in fields.items():
        if name in value:
            yield from violations(value[name], annotation, f"{path}.{name}")
        elif NoneType not in _alternatives(annotation) and not may_lack_all:
            yield f"{path}.{name}: missing"


@cache
def _fields(module_name: str, qualified_name: str) -> Mapping[str, Any]:
    declared = attrgetter(qualified_name)(sys.modules[module_name])
    hints = get_type_hints(declared, localns=type_checking_names(module_name))
    return {
        name: hints[name]
        for name in inspect.get_annotations(declared)
        if get_origin(hints[name]) is not ClassVar
    }


@cache
def type_checking_names(module_name: str) -> dict[str, Any]:
    """What a module imports for type checkers only."""
    module: ModuleType = sys.modules[module_name]
    names: dict[str, Any] = {}
    for statement in ast.parse(inspect.getsource(module)).body:
        match statement:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=imports):
                for each in imports:
                    names.update(_imported(each))
            case _:
                continue
    return names


def _imported(statement: ast.stmt) -> Iterator[tuple[str, Any]]:
    match statement:
        case ast.ImportFrom(module=str(module), names=aliases):
            imported = importlib.import_module(module)
            for alias in aliases:
                yield alias.asname or alias.name, getattr(imported, alias.name)
        case _:
            return
