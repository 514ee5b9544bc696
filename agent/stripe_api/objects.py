"""Single fields of Stripe's JSON objects, whatever else is in them. Pure."""

from __future__ import annotations

from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = "dict[str, Json]"


def text_at(node: Json, *path: str) -> str | None:
    """The text at `path`; None where there is none."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, str) else None


def number_at(node: Json, *path: str) -> int | None:
    """The whole number at `path`; None where there is none."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, int) and not isinstance(node, bool) else None


def object_at(node: Json, *path: str) -> JsonObject:
    """The object at `path`; an empty one where there is none."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def texts_at(node: JsonObject, name: str) -> tuple[str, ...]:
    """The texts in the list of that name; none where there is no list."""
    found = node.get(name)
    items = found if isinstance(found, list) else []
    return tuple(item for item in items if isinstance(item, str))
