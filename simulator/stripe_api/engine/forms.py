"""Request parameters to a tree of strings, lists and dicts. Pure, and free of meaning.

Which names exist and what their values mean is for `parameters` to say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from simulator.stripe_api.engine.errors import InvalidRequest

Tree = dict[str, Any]
"""Names to strings, lists and trees; JSON bodies also bring numbers, booleans, null."""

MAXIMUM_DEPTH = 16
MAXIMUM_PARAMETERS = 2000


def decode_form(encoded: bytes) -> Tree:
    """Decode `a[b][]=1`-style parameters as Rack does.

    Raises InvalidRequest for bytes that are not UTF-8, for a name used both as a
    value and as a container, and beyond the limits on depth and number.
    """
    return build_tree(_pairs(encoded))


def build_tree(pairs: Iterable[tuple[str, Any]]) -> Tree:
    """Names such as `a[b][]` with their values as a tree; raises InvalidRequest."""
    tree: Tree = {}
    for name, value in pairs:
        if "[" in name:
            _insert(tree, path=_split(name), value=value, name=name)
        elif isinstance(tree.get(name), (dict, list)):
            raise _conflict(name)
        else:
            tree[name] = value
    return tree


def decode_json(encoded: bytes) -> Tree:
    """Decode a JSON object; raises InvalidRequest for anything else."""
    try:
        tree = json.loads(encoded, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        raise InvalidRequest("Invalid JSON in the request body.") from None
    if not isinstance(tree, dict):
        raise InvalidRequest("The request body must be a JSON object.")
    if b"\\u" in encoded:
        _refuse_half_characters(tree)
    return tree


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAXIMUM_PARAMETERS,
        )
    except UnicodeError:
        raise InvalidRequest("Invalid encoding in the request's parameters.") from None
    except ValueError:
        raise InvalidRequest("Too many parameters in the request.") from None


def _split(name: str) -> list[str]:
    """`a[b][]` to `["a", "b", ""]`; a name that is not so built stays whole."""
    root, _, rest = name.partition("[")
    if not root or not rest.endswith("]"):
        return [name]
    parts = rest[:-1].split("][")
    if any("[" in part or "]" in part for part in parts):
        return [name]
    if len(parts) >= MAXIMUM_DEPTH:
        raise InvalidRequest("The request's parameters are nested too deeply.")
    return [root, *parts]


def _insert(tree: Tree, *, path: list[str], value: Any, name: str) -> None:
    container: Any = tree
    for part, following in pairwise(path):
        container = _descend(container, part, following=following, name=name)
    last = path[-1]
    if last == "":
        _expect(container, list, name).append(value)
    elif isinstance(_expect(container, dict, name).get(last), (dict, list)):
        raise _conflict(name)
    else:
        container[last] = value


def _descend(container: Any, part: str, *, following: str, name: str) -> Any:
    """The container that `part` names within `container`, made where it is missing."""
    kind: type = list if following == "" else dict
    if part != "":
        return _expect(
            _expect(container, dict, name).setdefault(part, kind()), kind, name
        )
    items = _expect(container, list, name)
    # Rack: `a[][b]=1&a[][c]=2` fills one element until a name comes a second time.
    last = items[-1] if items else None
    if not isinstance(last, dict) or kind is list or following in last:
        items.append(kind())
    return items[-1]


def _expect(container: Any, kind: type, name: str) -> Any:
    if not isinstance(container, kind):
        raise _conflict(name)
    return container


def _conflict(name: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid request: conflicting uses of parameter '{name}'.")


def _finite(text: str) -> float:
    """A number; ValueError for one that no JSON can hold."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _refuse_half_characters(tree: Tree) -> None:
    """JSON can escape half of a surrogate pair, which no other encoding can write."""
    try:
        json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidRequest("Invalid encoding in the request's parameters.") from None
