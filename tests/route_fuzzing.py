"""Requests nobody would send on purpose, for every route that the agent declares."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st
from starlette.routing import Route
from stripe_api_fuzzing import FORM, GARBAGE
from stripe_clients import form

from agent.rest.parameters import Parameters
from agent.rest.routes import routes

CARD_NUMBER = "4000056655665556"
"""Sent as a value here and there; no answer that refuses it may repeat it."""
METHODS = ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "X")
IDS = ("tmr_1", "pay_1", "pi_1", "we_1", "evt_1", "pi_offline_1")
PATH_TRICKS = (
    *("..", "%2e%2e", "..%2f..%2fagent%2fjournal", "%2f", "%5c", "a%2fb", "/", "//"),
    *("%00", "tmr_1%00", "%ff", "%c0%af", "%ed%a0%80", ";x=1", "tmr_1;x=1", "%0d%0a"),
    *("%25%30%30", "%", "*", "?", "#", "@127.0.0.1", "'--", "9" * 5000),
)
_PARAMETER = re.compile(r"\{\w+(:path)?\}")
_LATIN = st.text(st.characters(max_codepoint=255), max_size=20)
_HEADERS = {
    "authorization": ["", "Bearer", "Basic ====", "Basic Og==", "Bearer \xff"],
    "content-type": [FORM, "application/json", "multipart/form-data", "\xff/\xff"],
    "content-length": ["-1", "9" * 5000, "\xb2"],
    "idempotency-key": ["k", "k" * 256, "\xff"],
    "stripe-version": ["2014-01-31", "tomorrow"],
    "prefer": ["wait=0", "wait=9", "wait=" + "9" * 5000, "wait=\xb2"],
    "accept": ["text/event-stream", "*/*"],
    "last-event-id": ["0", "9" * 15, "9" * 5000, "\xb2", "-1"],
    "cardlane-lease-token": ["0", "9" * 18, "\xb2", "x"],
    "host": ["localhost", "evil.example", "[::1", ""],
    "origin": ["http://127.0.0.1:7345", "https://evil.example", "null"],
}
_HUGE = (
    b'{"a":' * 50_000,
    b"[" * 50_000,
    b'{"amount":' + b"9" * 5_000 + b"}",
    b'{"label":"\\ud800"}',
    b'{"label":"\xff\xfe"}',
    b"a" + b"[b]" * 20_000 + b"=1",
    b"&".join(b"a[%d]=1" % index for index in range(2_000)),
    b"expand[" + b"9" * 6_000 + b"]=1",
    b"%ff%fe=%80&%=%zz",
    b"label=%ed%a0%80",
)


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]


def declared_paths() -> list[str]:
    """The path of every route, once."""
    return sorted({route.path for route in routes()})


def methods_of(path: str) -> list[str]:
    """What the routes of this path answer to."""
    methods: set[str] = set()
    for route in routes():
        if route.path == path:
            methods |= route.methods or set()
    return sorted(methods)


def declared_routes() -> Iterator[tuple[str, Route]]:
    """Every method with its route."""
    for route in routes():
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, route


def filled(path: str, value: str = "tmr_1") -> str:
    """A route's path with a value in every place."""
    return _PARAMETER.sub(lambda _: value, path)


def parameter_names() -> list[str]:
    """Every name that some route takes as a parameter."""
    names: set[str] = set()
    waiting = [Parameters]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        names |= {field.alias or name for name, field in model.model_fields.items()}
    return sorted(names)


def requests(path: str) -> st.SearchStrategy[Sent]:
    """Requests for a route: mostly its methods, with its parameters and others."""
    own = st.sampled_from(methods_of(path))
    return st.builds(
        _sent,
        own | own | st.sampled_from(METHODS),
        _paths(path),
        st.dictionaries(_names(), GARBAGE | st.just(CARD_NUMBER), max_size=4),
        _bodies(),
        _headers(),
    )


def _sent(
    method: str,
    path: str,
    parameters: Mapping[str, Any],
    body: bytes | str,
    headers: Mapping[str, str],
) -> Sent:
    encoded = urlencode(list(form(parameters)), errors="replace")
    if body == "json":
        as_json = {"content-type": "application/json"}
        return Sent(
            method, path, json.dumps(parameters).encode(), {**as_json, **headers}
        )
    if body == "form":
        return Sent(method, path, encoded.encode(), {"content-type": FORM, **headers})
    if body == "query":
        return Sent(method, f"{path}?{encoded}", b"", headers)
    assert isinstance(body, bytes)
    spelled = "application/json" if body.startswith((b"{", b"[")) else FORM
    return Sent(method, path, body, {"content-type": spelled, **headers})


def _bodies() -> st.SearchStrategy[bytes | str]:
    """How the parameters are sent, or what is sent in their place."""
    ways = st.sampled_from(["json", "form", "query"])
    return ways | ways | ways | st.sampled_from(_HUGE) | st.binary(max_size=60)


def _names() -> st.SearchStrategy[str]:
    declared = st.sampled_from(parameter_names())
    odd = st.sampled_from(["a[b]", "a[", "[]", "metadata[", "", "expand[]"])
    return declared | declared | odd | st.text(max_size=10)


def _paths(path: str) -> st.SearchStrategy[str]:
    """The path with values in it, at times with a trick or a query behind."""
    values = st.sampled_from(IDS)
    odd = st.sampled_from(PATH_TRICKS) | st.text(max_size=9).map(
        lambda text: quote(text, safe="")
    )
    query = st.binary(max_size=20).map(lambda query: "?" + query.decode("latin-1"))
    behind = st.just("") | st.just("") | st.sampled_from(PATH_TRICKS) | query
    return st.builds(lambda value, end: filled(path, value) + end, values | odd, behind)


def _headers() -> st.SearchStrategy[dict[str, str]]:
    """None or two: a request with more that is wrong would not get far."""
    one = st.sampled_from(sorted(_HEADERS)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(_HEADERS[name]) | _LATIN)
    )
    return st.just(dict[str, str]()) | st.lists(one, max_size=2).map(dict)
