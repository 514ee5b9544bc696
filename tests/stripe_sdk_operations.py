"""Which operations the official SDK has: what each takes and what it answers with.

Read from the SDK's own services, so that nothing about the API is written by hand.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import stripe
from stripe_sdk_types import type_checking_names

ROOT = Path(stripe.__file__).parent
PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class SdkOperation:
    """One method of one of the SDK's services."""

    answer: Any
    """The annotation of what it returns."""
    parameters: Any
    """The TypedDict of what it takes; None where it takes nothing."""


def sdk_operation(method: str, path: str) -> SdkOperation | None:
    """What the SDK knows of a method and path such as `/v1/refunds/{refund}`."""
    anonymous = _anonymous(path)
    return _operations(anonymous.split("{")[0].rstrip("/")).get((method, anonymous))


def _anonymous(path: str) -> str:
    return PLACEHOLDER.sub("{}", path)


@cache
def _operations(stem: str) -> Mapping[tuple[str, str], SdkOperation]:
    """The operations in all services that mention paths which start with `stem`."""
    found: dict[tuple[str, str], SdkOperation] = {}
    for file in _service_files():
        source = file.read_text()
        if f'"{stem}' in source:
            found.update(_declared(file, source))
    return found


@cache
def _service_files() -> tuple[Path, ...]:
    return tuple(sorted(ROOT.rglob("_*_service.py")))


def _declared(
    file: Path, source: str
) -> Iterator[tuple[tuple[str, str], SdkOperation]]:
    parts = file.relative_to(ROOT.parent).with_suffix("").parts
    module = importlib.import_module(".".join(parts))
    names = type_checking_names(module.__name__)
    for service in ast.parse(source).body:
        if not isinstance(service, ast.ClassDef):
            continue
        for function in service.body:
            if isinstance(function, ast.FunctionDef):
                route = _route(function)
                declared = getattr(getattr(module, service.name), function.name)
                if route is not None:
                    hints = get_type_hints(declared, localns=names)
                    yield route, SdkOperation(hints["return"], hints.get("params"))


def _route(function: ast.FunctionDef) -> tuple[str, str] | None:
    """The method and path of the request that a service's method makes."""
    for node in ast.walk(function):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="_request"),
                args=[ast.Constant(value=str(method)), path, *_],
            ):
                return method.upper(), _anonymous(_constant(path))
            case _:
                continue
    return None


def _constant(path: ast.expr) -> str:
    match path:
        case ast.Constant(value=str(text)):
            return text
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)))):
            return text
        case _:
            raise TypeError(f"no path: {ast.unparse(path)}")
