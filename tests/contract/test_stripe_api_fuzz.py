"""Whatever is sent, the answer is Stripe's: never a 500, always in form, with its id."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pytest
from asgi_client import Answer, AsgiClient
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from stripe_api_fuzzing import HEADERS, Sent, requests, variations
from stripe_api_server import (
    KEY,
    HttpAnswer,
    StripeApiServer,
    TestIssuer,
    seeded_random,
)
from stripe_api_tour import LAST_STEPS, STEPS, Tour
from stripe_api_witness import Witness

from simulator.clock import ManualClock
from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.engine.operations import Operation
from simulator.stripe_api.engine.router import Router

TYPES = {"api_error", "card_error", "idempotency_error", "invalid_request_error"}


@dataclass(frozen=True)
class Taken:
    """A step of the tour as it was taken, and what there was before it."""

    operation: Operation
    path: str
    params: Mapping[str, Any]
    state: Any


class InProcess:
    """A simulated Stripe API without a network."""

    def __init__(self) -> None:
        """An API without any objects."""
        self.taken: list[Taken] = []
        self.api = StripeApi(
            issuer=TestIssuer(), clock=ManualClock(), random=seeded_random()
        )
        self.witness = Witness(Starlette(routes=self.api.routes), self.api)
        self._client = AsgiClient(self.witness, key=KEY)
        self._runner = asyncio.Runner()

    def send(self, sent: Sent) -> Answer:
        """What is answered to a request."""
        return self._runner.run(
            self._client.request(
                sent.method, sent.target, headers=sent.headers, chunks=[sent.body]
            )
        )

    def request(self, method: str, path: str, **how: Any) -> HttpAnswer:
        """As StripeApiServer does; what changes something is remembered."""
        if method != "GET":
            operation, _ = Router(self.api.operations).find(method, path)
            params = how.get("json_body", {})
            self.taken.append(Taken(operation, path, params, self.api.state.dump()))
        answer = self.send(Sent(method, path, *_encoded(**how)))
        return HttpAnswer(answer.status, answer.headers, answer.body)

    def ids(self) -> Mapping[str, list[str]]:
        """The ids of all objects, by the name of their kind."""
        store = self.api.store()
        kinds = {each.returns.name: each.returns for each in self.api.operations}
        return {
            name: [each["id"] for each in store.of(kind).newest_first()]
            for name, kind in kinds.items()
        }

    def close(self) -> None:
        """Give the event loop back."""
        self._runner.close()


def _encoded(
    *,
    body: bytes = b"",
    json_body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[bytes, Mapping[str, str]]:
    if json_body is None:
        return body, headers or {}
    return json.dumps(json_body).encode(), {"content-type": "application/json"}


def _new_api() -> StripeApi:
    return StripeApi(issuer=TestIssuer(), clock=ManualClock(), random=seeded_random())


OPERATIONS = {
    f"{each.method} {each.path}": each
    for each in [*_new_api().operations, *_new_api().previews]
}
CHANGES = [
    each.operation
    for each in (*STEPS, *LAST_STEPS)
    if not each.operation.startswith("GET")
]


@pytest.fixture(scope="module")
def visited() -> Iterator[InProcess]:
    """An account in which everything has happened once."""
    served = InProcess()
    tour = Tour(cast("StripeApiServer", served))
    tour.take(STEPS)
    tour.take(LAST_STEPS)
    yield served
    served.close()


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_parameters_break(visited: InProcess, name: str) -> None:
    @settings(max_examples=settings().max_examples // 8)
    @given(requests(OPERATIONS[name], visited.ids()))
    def check(sent: Sent) -> None:
        check_answer(visited, sent)

    check()


@pytest.mark.parametrize("number", range(len(CHANGES)), ids=CHANGES)
def test_no_variation_of_a_good_request_breaks(visited: InProcess, number: int) -> None:
    taken = visited.taken[number]
    visited.api.state.restore(taken.state)

    @settings(max_examples=settings().max_examples // 4)
    @given(variations(taken.operation, taken.path, taken.params, ids=visited.ids()))
    def check(sent: Sent) -> None:
        visited.api.state.restore(taken.state)
        check_answer(visited, sent)

    check()


@given(
    name=st.sampled_from(sorted(OPERATIONS)),
    body=st.binary(max_size=200),
    query=st.text(st.characters(max_codepoint=127), max_size=50),
    headers=HEADERS,
)
def test_no_bytes_and_headers_break(
    visited: InProcess, name: str, body: bytes, query: str, headers: Mapping[str, str]
) -> None:
    method, _, path = name.partition(" ")

    check_answer(visited, Sent(method, f"{path}?{query}", body, headers))


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "X"]),
    path=st.lists(st.text(max_size=8) | st.sampled_from(["v1", "charges", "%2e"])),
)
def test_no_path_breaks(visited: InProcess, method: str, path: list[str]) -> None:
    target = "/v1/" + "/".join(path).replace("?", "")

    check_answer(visited, Sent(method, target))


@pytest.mark.parametrize(
    "body",
    [
        b"a" + b"[b]" * 100_000 + b"=1",
        b"&".join(b"a[%d]=1" % index for index in range(5_000)),
        b"metadata[" + b"9" * 6_000 + b"]=1",
        b"expand[" + b"9" * 6_000 + b"]=1",
        b"amount=" + b"9" * 100_000,
        b"%ff%fe=%80&%=%zz",
        b"=" * 100_000,
        b"a=" + b"x" * 2_000_000,
    ],
    ids=lambda body: body[:12].decode("ascii"),
)
def test_no_huge_form_breaks(visited: InProcess, body: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}

    assert check_answer(
        visited, Sent("POST", "/v1/payment_intents", body, headers)
    ).status in {400, 413}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b'{"amount":' + b"9" * 10_000 + b"}",
        b'{"amount":1e999,"currency":"usd"}',
        b'{"amount":NaN,"currency":"usd"}',
        b'{"amount":' + b"9" * 4_000 + b',"currency":"usd"}',
        b'{"description":"\\ud800","amount":100,"currency":"usd"}',
        b"\xff\xfe",
        b"null",
    ],
    ids=lambda body: body[:12].decode("ascii", "replace"),
)
def test_no_huge_json_breaks(visited: InProcess, body: bytes) -> None:
    headers = {"content-type": "application/json"}

    assert (
        check_answer(visited, Sent("POST", "/v1/payment_intents", body, headers)).status
        == 400
    )


def check_answer(api: InProcess, sent: Sent) -> Answer:
    """Send it; the answer must be in Stripe's form."""
    api.witness.seen.clear()
    answer = api.send(sent)
    assert answer.status < 500, (sent, answer)
    assert answer.headers["request-id"].startswith("req_")
    if answer.status >= 400:
        assert answer.json().keys() == {"error"}
        assert answer.error["type"] in TYPES
        assert answer.error["message"]
        assert "request_log_url" in answer.error
    assert list(api.witness.problems()) == [], sent
    return answer
