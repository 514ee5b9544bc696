"""Request bodies as Stripe's clients send them: nested form keys, or JSON.

Owns the wire form only; which parameters a route takes is parameters.py's business.
"""

from __future__ import annotations

import json
import re
from typing import TypeAlias
from urllib.parse import parse_qsl

from agent.errors import ParameterInvalid, RequestInvalid

Value: TypeAlias = "str | int | bool | list[Value] | dict[str, Value] | None"
"""A parameter as sent. JSON fractions stay text: a float never touches money."""

MAX_FIELDS = 1000
MAX_DEPTH = 6

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")


def decode_body(body: bytes, *, content_type: str) -> dict[str, Value]:
    """The parameters of a request body; an empty body has none.

    Raises ParameterInvalid for a key that makes no sense, RequestInvalid for bytes
    that are neither a form nor a JSON object, or are declared as something else.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if not body.strip():
        return {}
    if media_type == "application/json":
        return _decode_json(body)
    if media_type in ("application/x-www-form-urlencoded", ""):
        return decode_form(body)
    raise RequestInvalid(
        "The body must be application/x-www-form-urlencoded or application/json."
    )


def decode_form(encoded: bytes) -> dict[str, Value]:
    """The parameters of a form body or query string.

    `a[b]=1` nests, `a[]=1` appends, `a[0]=1` is kept under the key "0" because only
    the parameter's type tells a list from a hash. Raises as `decode_body`.
    """
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise RequestInvalid(
            f"The form is not URL-encoded UTF-8, or has over {MAX_FIELDS} fields."
        ) from None
    parameters: dict[str, Value] = {}
    for key, value in pairs:
        _insert(parameters, key, value)
    return parameters


def _insert(parameters: dict[str, Value], key: str, value: str) -> None:
    *path, last = _path_of(key)
    node = parameters
    for part in path if last else path[:-1]:
        child = node.setdefault(part, {})
        if not isinstance(child, dict):
            raise _invalid_key(key)
        node = child
    if last:
        if isinstance(node.get(last), dict | list):
            raise _invalid_key(key)
        node[last] = value
    else:
        values = node.setdefault(path[-1], [])
        if not isinstance(values, list):
            raise _invalid_key(key)
        values.append(value)


def _path_of(key: str) -> list[str]:
    """`a[b][]` → ["a", "b", ""]; only the last part may be empty."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise _invalid_key(key)
    path = [match[1], *_PART.findall(match[2])]
    if len(path) > MAX_DEPTH or not all(path[:-1]):
        raise _invalid_key(key)
    return path


def _invalid_key(key: str) -> ParameterInvalid:
    return ParameterInvalid(f"Invalid parameter name: {key[:100]}", param=key[:100])


def _decode_json(body: bytes) -> dict[str, Value]:
    try:
        decoded: Value = json.loads(body, parse_float=str, parse_constant=_refuse)
        # JSON can spell half a character (a lone surrogate), which nothing can store.
        json.dumps(decoded, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise RequestInvalid("The body is not JSON.") from None
    if not isinstance(decoded, dict):
        raise RequestInvalid("The JSON body must be an object.")
    return decoded


def _refuse(constant: str) -> Value:
    raise ValueError(constant)
