"""What the official SDK's types say an operation takes, set against what ours takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from stripe import _request_options
from stripe_sdk_types import type_checking_names
from typing_extensions import is_typeddict

from simulator.stripe_api.engine import parameters as ours
from simulator.stripe_api.engine.versions import LATEST

T = TypeVar("T")


def differences(fields: ours.Fields, declared: Any, path: str = "") -> Iterator[str]:
    """Every way in which declared parameters are not those of the SDK's TypedDict.

    Names, at every depth; the words of closed lists; at the top, what is required.
    """
    known = _known(declared)
    mine = {name: each for name, each in fields.fields.items() if _is_current(each)}
    for name in sorted(mine.keys() ^ known.keys()):
        yield f"{path}[{name}]: {'unknown to the SDK' if name in mine else 'missing'}"
    for name in sorted(mine.keys() & known.keys()):
        yield from _within(mine[name], known[name], f"{path}[{name}]")
        required = isinstance(mine[name], ours.Required)
        if required is not _is_required(declared, name):
            yield f"{path}[{name}]: {'is not' if required else 'is'} required"


def _within(parameter: ours.Parameter, declared: Any, path: str) -> Iterator[str]:
    """The differences below one parameter."""
    match parameter:
        case ours.Required() | ours.Clearable() | ours.Since() | ours.Until():
            yield from _within(parameter.parameter, declared, path)
        case ours.Items():
            for item in _items(declared):
                yield from _within(parameter.item, item, f"{path}[]")
        case ours.Fields():
            for each in _alternatives(declared):
                if is_typeddict(each):
                    yield from differences(parameter, each, path)
        case ours.Choice():
            words = set(_words(declared))
            if words and words != set(parameter.words):
                yield f"{path}: {sorted(words ^ set(parameter.words))} differ"
        case _:
            pass


def _is_current(parameter: ours.Parameter) -> bool:
    match parameter:
        case ours.Since():
            return parameter.version <= LATEST
        case ours.Until():
            return parameter.version > LATEST
        case _:
            return True


@cache
def _known(declared: Any) -> Mapping[str, Any]:
    """The parameters of a TypedDict, without what is about the request itself."""
    module = sys.modules[declared.__module__]
    names = {
        **type_checking_names(_request_options.__name__),
        **type_checking_names(module.__name__),
        **vars(_request_options),
        **vars(module),
    }
    hints = get_type_hints(declared, localns=names)
    about_the_request = {*_request_options.RequestOptions.__annotations__, "expand"}
    return {name: hints[name] for name in hints if name not in about_the_request}


def _is_required(declared: Any, name: str) -> bool:
    """By the annotation as written, for inherited keys count as optional."""
    hints = declared.__annotations__[name]
    text = getattr(hints, "__forward_arg__", str(hints))
    return not text.startswith(("NotRequired", "typing.NotRequired"))


def _alternatives(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin in (Union, NotRequired, Required):
        for each in get_args(annotation):
            yield from _alternatives(each)
    else:
        yield annotation


def _items(annotation: Any) -> Iterator[Any]:
    for each in _alternatives(annotation):
        if get_origin(each) is list:
            yield get_args(each)[0]


def _words(annotation: Any) -> Iterator[str]:
    for each in _alternatives(annotation):
        if get_origin(each) is Literal:
            yield from (word for word in get_args(each) if word)
