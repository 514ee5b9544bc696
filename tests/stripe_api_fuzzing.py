"""Requests nobody would send on purpose: strategies made from the declared parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from stripe_api_tour import PDF
from stripe_clients import form

from simulator.stripe_api.engine import parameters as declared
from simulator.stripe_api.engine.multipart import FileContent
from simulator.stripe_api.engine.operations import Operation
from simulator.stripe_api.engine.versions import LATEST

_VERSIONS = ("2026-08-26.dahlia", LATEST)
FORM = "application/x-www-form-urlencoded"
_TEXT = st.text(max_size=20)
_ODD_WORDS = st.sampled_from(
    [
        *("", " ", "null", "true", "0", "-1", "1e9", "9" * 5000, "0x10", "1.5", "NaN"),
        *("\x00", "\ud800".encode("utf-8", "replace").decode(), "ﬃ", "A" * 6000),
        *("usd", "xyz", "created>0", "status:'succeeded'", "metadata['a']:'b'"),
    ]
)
_ODD_NUMBERS = st.sampled_from([0, -1, 1, 99, 2**31, 10**18, 10**300, 0.1, 1e308])
_SCALARS = _ODD_WORDS | _ODD_NUMBERS | st.booleans() | st.none() | _TEXT
GARBAGE = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            _TEXT | st.sampled_from(["0", "9" * 5000, ""]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
_NAMES = (
    st.sampled_from(["expand", "limit", "a[b]", "a[", "[]", "metadata[", ""]) | _TEXT
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(values) | st.text(st.characters(max_codepoint=255))
        for name, values in {
            "authorization": ["Bearer", "Basic ====", "Basic c2tfdGVzdA==", "Bearer x"],
            "content-type": [
                *(FORM, "application/json", "multipart/form-data", "text/plain"),
                "multipart/form-data; boundary=x",
            ],
            "idempotency-key": ["k", "k" * 256],
            "stripe-version": ["2026-08-26.dahlia", "2014-01-31", "tomorrow"],
            "stripe-account": ["acct_none"],
        }.items()
    },
)


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def requests(
    operation: Operation, ids: Mapping[str, list[str]]
) -> st.SearchStrategy[Sent]:
    """Requests for an operation that are right in many ways, and wrong in a few.

    `ids` are the ids there are, by the name of their kind.
    """
    known = st.sampled_from(sorted({each for some in ids.values() for each in some}))
    own = st.sampled_from(ids.get(operation.returns.name) or ["none"])
    names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    placeholders = st.fixed_dictionaries(
        {name: own | own | known | _TEXT.filter(bool) for name in names}
    )
    return st.builds(
        _sent,
        st.just(operation),
        placeholders,
        _fields(operation.parameters, known),
        noise=st.dictionaries(_NAMES, GARBAGE, max_size=1),
        is_json=st.booleans(),
        version=st.sampled_from(_VERSIONS),
    )


def variations(
    operation: Operation,
    path: str,
    params: Mapping[str, Any],
    *,
    ids: Mapping[str, list[str]],
) -> st.SearchStrategy[Sent]:
    """A good request with one parameter left out, one changed and some added."""
    known = st.sampled_from(sorted({each for some in ids.values() for each in some}))
    names = st.none() if not params else st.none() | st.sampled_from(sorted(params))
    changes = st.dictionaries(
        st.sampled_from(sorted(operation.parameters.fields) or ["expand"]),
        GARBAGE,
        max_size=1,
    )
    optional = declared.Fields(
        {
            name: parameter
            for name, parameter in operation.parameters.fields.items()
            if name not in params and not isinstance(parameter, declared.Required)
        }
    )

    def varied(
        left_out: str | None, changed: Mapping[str, Any], added: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        kept = {name: value for name, value in params.items() if name != left_out}
        return {**kept, **added, **changed}

    return st.builds(
        _request,
        st.just(operation),
        st.just(path),
        st.builds(varied, names, changes | st.just({}), _fields(optional, known)),
        is_json=st.booleans(),
        version=st.just(LATEST),
    )


def _sent(
    operation: Operation,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    *,
    noise: Mapping[str, Any],
    is_json: bool,
    version: str,
) -> Sent:
    path = operation.path.format_map({k: quote(v, safe="") for k, v in names.items()})
    return _request(
        operation, path, {**params, **noise}, is_json=is_json, version=version
    )


def _request(
    operation: Operation,
    path: str,
    params: Mapping[str, Any],
    *,
    is_json: bool,
    version: str,
) -> Sent:
    asked = version if operation.preview is None else f"{version};{operation.preview}"
    headers = {"stripe-version": asked}
    encoded = urlencode(list(form(params)), errors="replace")
    if operation.method == "GET":
        return Sent("GET", f"{path}?{encoded}", headers=headers)
    if any(isinstance(value, bytes) for value in params.values()):
        body, content_type = _multipart(params), "multipart/form-data; boundary=x"
    elif is_json:
        body, content_type = json.dumps(params).encode(), "application/json"
    else:
        body, content_type = encoded.encode(), FORM
    headers["content-type"] = content_type
    return Sent(operation.method, path, body, headers)


def _multipart(params: Mapping[str, Any]) -> bytes:
    body = b""
    for name, value in params.items():
        filename = b'; filename="a.pdf"' if isinstance(value, bytes) else b""
        content = value if isinstance(value, bytes) else str(value).encode()
        shown = name.encode("ascii", "replace")
        body += b'--x\r\nContent-Disposition: form-data; name="' + shown + b'"'
        body += filename + b"\r\n\r\n" + content + b"\r\n"
    return body + b"--x--\r\n"


def _fields(fields: declared.Fields, known: st.SearchStrategy[str]) -> Any:
    """Mostly what is required and some of the rest, mostly of the right kind."""
    required, optional = {}, {}
    for name, parameter in fields.fields.items():
        value = _mostly(_values(parameter, known))
        if isinstance(parameter, declared.Required):
            required[name] = value
        else:
            optional[name] = value
    few = st.lists(st.sampled_from(sorted(optional)), max_size=4) if optional else None
    if few is None:
        return st.fixed_dictionaries(required)
    return few.flatmap(
        lambda names: st.fixed_dictionaries(
            {**required, **{name: optional[name] for name in names}}
        )
    )


def _mostly(good: Any) -> Any:
    """Right far more often than wrong, or no request would get through."""
    return st.integers(0, 31).flatmap(lambda roll: GARBAGE if roll == 0 else good)


def _values(parameter: Any, known: st.SearchStrategy[str]) -> Any:
    """Values that the parameter may well take."""
    match parameter:
        case declared.Clearable():
            return _values(parameter.parameter, known) | st.just("")
        case declared.Required() | declared.Since() | declared.Until():
            return _values(parameter.parameter, known)
        case declared.Fields():
            return st.deferred(lambda: _fields(parameter, known))
        case declared.Items():
            return st.lists(_values(parameter.item, known), max_size=3)
        case declared.Text():
            return known | _TEXT | _ODD_WORDS
        case _:
            return _single_values(parameter)


def _single_values(parameter: Any) -> Any:
    match parameter:
        case declared.Choice():
            return st.sampled_from(parameter.words)
        case declared.Boolean():
            return st.booleans()
        case declared.Integer():
            low = parameter.minimum if parameter.minimum is not None else -5
            high = parameter.maximum if parameter.maximum is not None else 10**8
            return st.integers(low, high)
        case declared.Hexadecimal():
            return st.binary(min_size=1, max_size=10).map(bytes.hex)
        case FileContent():
            return st.sampled_from([PDF, b"", b"\x89PNG\r\n\x1a\n"])
        case _:
            return st.sampled_from(["usd", "card_present", "US"]) | GARBAGE
