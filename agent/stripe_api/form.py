"""Parameters as Stripe reads them: nested names, form-encoded. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote_plus

_PLAIN = re.compile(r"[\w.~-]*", re.ASCII).fullmatch
_PLAIN_NAME = re.compile(r"[\w.~\[\]-]*", re.ASCII).fullmatch
"""As RFC 3986, 2.3 has it, and the brackets that Stripe takes as they are."""


def encode(params: Mapping[str, object]) -> str:
    """`{"a": {"b": 1}, "c": ["d"]}` is `a[b]=1&c[0]=d`; None is left out.

    Values are strings, integers, booleans, and mappings and lists of them; anything
    else is a ValueError.
    """
    fields: list[str] = []
    _flatten("", params, into=fields)
    return "&".join(fields)


def _quoted(text: str, *, safe: str = "") -> str:
    # Nearly nothing that is sent needs quoting; to see that takes a tenth of doing it.
    is_plain = _PLAIN_NAME if safe else _PLAIN
    return text if is_plain(text) else quote_plus(text, safe=safe)


def _flatten(name: str, value: object, *, into: list[str]) -> None:
    if isinstance(value, bool):
        into.append(f"{_quoted(name, safe='[]')}={str(value).lower()}")
    elif isinstance(value, str | int):
        into.append(f"{_quoted(name, safe='[]')}={_quoted(str(value))}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _flatten(f"{name}[{key}]" if name else str(key), item, into=into)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            _flatten(f"{name}[{place}]", item, into=into)
    elif value is not None:
        raise ValueError(f"{name}: {type(value).__name__} has no form encoding")
