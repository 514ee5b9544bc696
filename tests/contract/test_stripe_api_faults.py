"""Fault rules as clients meet them, and answers as they come over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
import stripe
from stripe_api_server import (
    KEY,
    StripeApiServer,
    card_present,
    new_intent,
    serving_here,
)

from simulator.clock import ManualClock, Timer
from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    CutBody,
    Delay,
    FaultRule,
    LoseReply,
    ResetConnection,
    SlowBody,
)

pytest_plugins = ("stripe_api_fixtures",)

INTENTS = "/v1/payment_intents"


class WatchedClock(ManualClock):
    """A clock that tells when somebody waits on it."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited = asyncio.Event()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Start a timer, and say so."""
        self.awaited.set()
        return super().call_later(delay_s, callback)


@pytest.mark.parametrize(
    ("status", "code", "type_"),
    [
        (404, None, "invalid_request_error"),
        (409, "idempotency_key_in_use", "idempotency_error"),
        (429, "rate_limit", "invalid_request_error"),
        (500, None, "api_error"),
        (503, None, "api_error"),
    ],
)
def test_status_is_answered_instead_of_the_effect(
    server: StripeApiServer, status: int, code: str | None, type_: str
) -> None:
    server.api.faults.add(FaultRule(AnswerStatus(status), path=INTENTS))

    answer = server.request("POST", INTENTS, body=b"amount=100&currency=usd")

    assert answer.status == status
    assert (answer.error.get("code"), answer.error["type"]) == (code, type_)
    assert server.request("GET", INTENTS).json["data"] == []


def test_rule_can_name_the_code(server: StripeApiServer) -> None:
    fault = AnswerStatus(400, "terminal_reader_hardware_fault")
    server.api.faults.add(FaultRule(fault, path=INTENTS))

    answer = server.request("GET", INTENTS)

    assert answer.error["code"] == "terminal_reader_hardware_fault"


def test_official_client_repeats_what_met_a_lock(server: StripeApiServer) -> None:
    server.api.faults.add(FaultRule(AnswerStatus(429, "lock_timeout"), "POST"))

    intent = new_intent(server.client(retries=1))

    assert intent.status == "requires_payment_method"


def test_lock_that_stays_is_told(server: StripeApiServer) -> None:
    fault = AnswerStatus(429, "lock_timeout")
    server.api.faults.add(FaultRule(fault, "POST", times=None))

    with pytest.raises(stripe.RateLimitError) as caught:
        new_intent(server.client())

    assert caught.value.error is not None
    assert caught.value.error.code == "lock_timeout"


def test_official_client_does_not_repeat_what_was_too_fast(
    server: StripeApiServer,
) -> None:
    server.api.faults.add(FaultRule(AnswerStatus(429), "POST"))

    with pytest.raises(stripe.RateLimitError):
        new_intent(server.client(retries=1))


def test_official_client_retries_what_a_rule_refuses(server: StripeApiServer) -> None:
    server.api.faults.add(FaultRule(AnswerStatus(503), "POST", INTENTS))

    intent = new_intent(server.client(retries=1))

    assert intent.status == "requires_payment_method"


def test_reset_connection_has_no_effect(server: StripeApiServer) -> None:
    server.api.faults.add(FaultRule(ResetConnection(), "POST", INTENTS))

    with pytest.raises(stripe.APIConnectionError):
        new_intent(server.client())

    assert server.client().v1.payment_intents.list().data == []


def test_lost_reply_has_taken_effect(server: StripeApiServer) -> None:
    client = server.client()
    intent = new_intent(client)
    server.api.faults.add(FaultRule(LoseReply(), path=f"{INTENTS}/*/confirm"))

    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.confirm(intent.id, card_present())

    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_cut_body_breaks_off(server: StripeApiServer) -> None:
    server.api.faults.add(FaultRule(CutBody(after_bytes=10), "POST", INTENTS))

    with pytest.raises(stripe.APIConnectionError):
        new_intent(server.client())

    assert len(server.client().v1.payment_intents.list().data) == 1


def test_rule_strikes_so_often_and_no_more(server: StripeApiServer) -> None:
    server.api.faults.add(FaultRule(AnswerStatus(500), times=2, skip=1))

    statuses = [server.request("GET", "/v1/account").status for _ in range(5)]

    assert statuses == [200, 500, 500, 200, 200]


def test_rule_is_about_its_method_and_path_only(server: StripeApiServer) -> None:
    server.api.faults.add(
        FaultRule(AnswerStatus(500), "POST", "/v1/charges/*", times=None)
    )

    assert server.request("GET", "/v1/charges/ch_1").status == 404
    assert server.request("POST", "/v1/refunds").status == 400
    assert server.request("POST", "/v1/charges/ch_1").status == 500


async def test_repetition_during_the_first_request_is_refused() -> None:
    clock = WatchedClock()
    async with serving_here(clock) as server, _session(server) as session:
        server.api.faults.add(FaultRule(Delay(seconds=30)))
        first = asyncio.create_task(_create(session))
        await clock.awaited.wait()

        refused = await _create(session)
        clock.advance(30)
        created = await first
        repeated = await _create(session)

    assert refused["error"]["code"] == "idempotency_key_in_use"
    assert refused["error"]["type"] == "idempotency_error"
    assert created["object"] == "payment_intent"
    assert repeated == created


async def test_slow_body_arrives_whole_in_the_end() -> None:
    clock = WatchedClock()
    async with serving_here(clock) as server, _session(server) as session:
        server.api.faults.add(FaultRule(SlowBody(seconds=1, piece_bytes=10_000)))
        request = asyncio.create_task(_create(session))
        await clock.awaited.wait()
        assert not request.done()

        clock.advance(1)
        created = await request

    assert created["object"] == "payment_intent"


async def test_answer_leaves_in_one_segment(server: StripeApiServer) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for _ in range(20):
            writer.write(
                f"GET /v1/account HTTP/1.1\r\nHost: {host}\r\n"
                f"Authorization: Bearer {KEY}\r\n\r\n".encode()
            )
            segment = await reader.read(65536)
            head, _, body = segment.partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            assert len(body) == length
    finally:
        writer.close()
        await writer.wait_closed()


def _session(server: StripeApiServer) -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "create-1"}
    return aiohttp.ClientSession(server.url, headers=headers)


async def _create(session: aiohttp.ClientSession) -> dict[str, Any]:
    parameters = {"amount": "100", "currency": "usd"}
    async with session.post(INTENTS, data=parameters) as answer:
        content: dict[str, Any] = await answer.json()
        return content
