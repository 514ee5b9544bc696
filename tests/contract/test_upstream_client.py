"""The client against a wire that misbehaves: what it sends, and what it concludes."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from stripe_wire import (
    Act,
    HangUp,
    HangUpMidway,
    Reply,
    ReplyAndHangUp,
    StaySilent,
    StripeWire,
    error,
)

from agent.settings import StripeKey
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections
from agent.stripe_api.errors import (
    AnswerLost,
    StripeKeyMissing,
    StripeRefused,
    StripeUnreachable,
)

KEY = StripeKey("rk_test_" + "4" * 24)


@asynccontextmanager
async def opened(
    url: str,
    *,
    key: StripeKey | None = KEY,
    timeout_s: float = 5.0,
    max_retries: int = 0,
    waits: list[float] | None = None,
) -> AsyncIterator[StripeClient]:
    async def sleep(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)

    async with Connections() as connections:
        yield StripeClient(
            connections,
            api_base=url,
            key=key,
            api_version="2026-10-28.endive",
            timeout_s=timeout_s,
            max_retries=max_retries,
            sleep=sleep,
        )


@pytest.fixture
async def wire() -> AsyncIterator[StripeWire]:
    async with StripeWire().open() as wire:
        yield wire


@pytest.fixture
async def client(wire: StripeWire) -> AsyncIterator[StripeClient]:
    async with opened(wire.url) as client:
        yield client


def unused_url() -> str:
    """Where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def test_a_get_carries_key_version_and_query(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(Reply({"id": "pi_1"}))

    answer = await client.request(
        "GET", "/v1/payment_intents/pi_1", params={"expand": ["latest_charge"]}
    )

    (received,) = wire.received
    assert answer == {"id": "pi_1"}
    assert received.target == "/v1/payment_intents/pi_1?expand[0]=latest_charge"
    assert received.headers["authorization"] == f"Bearer {KEY.reveal()}"
    assert received.headers["stripe-version"] == "2026-10-28.endive"
    assert received.headers["user-agent"].startswith("Cardlane/")
    assert received.body == b""


async def test_a_post_carries_form_and_idempotency_key(
    client: StripeClient, wire: StripeWire
) -> None:
    await client.request(
        "POST",
        "/v1/refunds",
        params={"payment_intent": "pi_1", "metadata": {"why": "card & reader"}},
        idempotency_key="pay_1-reversal",
    )

    (received,) = wire.received
    assert received.method == "POST"
    assert received.form == {"payment_intent": "pi_1", "metadata[why]": "card & reader"}
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.headers["idempotency-key"] == "pay_1-reversal"


async def test_requests_share_a_connection(
    client: StripeClient, wire: StripeWire
) -> None:
    for _ in range(3):
        await client.request("POST", "/v1/refunds")

    assert [received.connection for received in wire.received] == [1, 1, 1]


async def test_a_refusal_is_stripes(client: StripeClient, wire: StripeWire) -> None:
    wire.play(Reply(error("resource_missing", param="intent"), status=404))

    with pytest.raises(StripeRefused) as caught:
        await client.request("GET", "/v1/payment_intents/pi_9")

    assert caught.value.error.code == "resource_missing"


async def test_where_nobody_listens_nothing_was_sent() -> None:
    async with opened(unused_url()) as client:
        with pytest.raises(StripeUnreachable, match="no connection"):
            await client.request("POST", "/v1/refunds", idempotency_key="k")


async def test_a_name_that_does_not_resolve_means_nothing_was_sent() -> None:
    async with opened("http://stripe.invalid") as client:
        with pytest.raises(StripeUnreachable, match="no connection"):
            await client.request("POST", "/v1/refunds", idempotency_key="k")


CUTS = [HangUp(), HangUpMidway()]


@pytest.mark.parametrize("act", CUTS)
async def test_a_write_cut_off_is_lost_and_sent_only_once(
    client: StripeClient, wire: StripeWire, act: Act
) -> None:
    wire.play(act)

    with pytest.raises(AnswerLost):
        await client.request("POST", "/v1/refunds", idempotency_key="k")

    assert len(wire.received) == 1


@pytest.mark.parametrize("act", CUTS)
async def test_a_write_cut_off_on_a_used_connection_is_lost_and_sent_only_once(
    client: StripeClient, wire: StripeWire, act: Act
) -> None:
    await client.request("GET", "/v1/account")
    wire.play(act)

    with pytest.raises(AnswerLost):
        await client.request("POST", "/v1/refunds", idempotency_key="k")

    assert [received.method for received in wire.received] == ["GET", "POST"]


@pytest.mark.parametrize("act", CUTS)
async def test_a_question_cut_off_is_unanswered_and_not_lost(
    client: StripeClient, wire: StripeWire, act: Act
) -> None:
    wire.play(act)

    with pytest.raises(StripeUnreachable):
        await client.request("GET", "/v1/account")


async def test_a_write_without_answer_in_time_is_lost(wire: StripeWire) -> None:
    wire.play(StaySilent())

    async with opened(wire.url, timeout_s=0.05) as client:
        with pytest.raises(AnswerLost, match="TimeoutError"):
            await client.request("POST", "/v1/refunds", idempotency_key="k")


async def test_a_connection_hung_up_while_idle_loses_nothing(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(ReplyAndHangUp())
    await client.request("GET", "/v1/account")
    await wire.hung_up.wait()

    await client.request("POST", "/v1/refunds", idempotency_key="k")

    assert [received.connection for received in wire.received] == [1, 2]


async def test_what_had_no_effect_is_repeated(wire: StripeWire) -> None:
    waits: list[float] = []
    too_many = Reply(error("rate_limit"), status=429)
    wire.play(too_many, too_many, Reply({"id": "re_1"}))

    async with opened(wire.url, max_retries=2, waits=waits) as client:
        answer = await client.request("POST", "/v1/refunds", idempotency_key="k")

    assert answer == {"id": "re_1"}
    assert waits == [0.25, 0.5]


async def test_repeating_ends(wire: StripeWire) -> None:
    too_many = Reply(error("rate_limit"), status=429)
    wire.play(too_many, too_many, too_many)

    async with opened(wire.url, max_retries=2) as client:
        with pytest.raises(StripeUnreachable):
            await client.request("POST", "/v1/refunds", idempotency_key="k")

    assert len(wire.received) == 3


async def test_what_may_have_had_an_effect_is_not_repeated(wire: StripeWire) -> None:
    wire.play(HangUp())

    async with opened(wire.url, max_retries=2) as client:
        with pytest.raises(AnswerLost):
            await client.request("POST", "/v1/refunds", idempotency_key="k")

    assert len(wire.received) == 1


async def test_a_question_that_timed_out_is_not_repeated(wire: StripeWire) -> None:
    wire.play(StaySilent())

    async with opened(wire.url, timeout_s=0.05, max_retries=2) as client:
        with pytest.raises(StripeUnreachable, match="TimeoutError"):
            await client.request("GET", "/v1/account")

    assert len(wire.received) == 1


async def test_a_redirect_is_not_followed(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(Reply(b"", status=307, headers={"Location": f"{wire.url}/elsewhere"}))

    with pytest.raises(AnswerLost, match="307"):
        await client.request("POST", "/v1/refunds", idempotency_key="k")

    assert len(wire.received) == 1


async def test_without_a_key_nothing_is_sent(wire: StripeWire) -> None:
    async with opened(wire.url, key=None) as client:
        with pytest.raises(StripeKeyMissing):
            await client.request("GET", "/v1/account")

        assert not client.has_key
        assert not client.livemode
    assert wire.received == []


async def test_the_mode_is_that_of_the_key(wire: StripeWire) -> None:
    async with opened(wire.url, key=StripeKey("rk_live_" + "4" * 24)) as client:
        assert client.has_key
        assert client.livemode


async def test_a_forwarded_request_arrives_byte_for_byte_under_the_agents_key(
    client: StripeClient, wire: StripeWire
) -> None:
    await client.forward(
        "POST",
        "/v1/customers?a=%5B1%5d&b=+%20",
        headers={
            "Authorization": "Bearer rk_test_local",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "Stripe-Version": "2026-08-26.dahlia",
            "Idempotency-Key": "theirs",
            "Host": "127.0.0.1:7345",
            "Connection": "close",
            "Accept-Encoding": "gzip",
            "Cookie": "a=b",
            "Content-Length": "999",
        },
        body=b"name=%c3%A9&metadata[x]=1&&",
    )

    (received,) = wire.received
    assert received.target == "/v1/customers?a=%5B1%5d&b=+%20"
    assert received.body == b"name=%c3%A9&metadata[x]=1&&"
    assert received.headers["authorization"] == f"Bearer {KEY.reveal()}"
    assert received.headers["content-type"].endswith("; charset=utf-8")
    assert received.headers["stripe-version"] == "2026-08-26.dahlia"
    assert received.headers["idempotency-key"] == "theirs"
    assert received.headers["host"] == wire.url.removeprefix("http://")
    assert received.headers["accept-encoding"] == "identity"
    assert not {"cookie", "connection"} & received.headers.keys()


async def test_a_forwarded_answer_comes_back_byte_for_byte(
    client: StripeClient, wire: StripeWire
) -> None:
    body = json.dumps({"object": "list", "data": []}, indent=2).encode() + b"\n"
    wire.play(
        Reply(
            body,
            status=404,
            headers={
                "Request-Id": "req_1",
                "Idempotent-Replayed": "true",
                "Set-Cookie": "a=b",
                "Connection": "keep-alive",
            },
        )
    )

    answer = await client.forward("GET", "/v1/customers", headers={}, body=b"")

    assert (answer.status, answer.body) == (404, body)
    assert answer.headers["request-id"] == "req_1"
    assert answer.headers["idempotent-replayed"] == "true"
    assert answer.headers["content-type"] == "application/json"
    assert not {"set-cookie", "connection", "content-length"} & answer.headers.keys()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_forwarded_answer_is_passed_on_whatever_its_status(
    client: StripeClient, wire: StripeWire, status: int
) -> None:
    wire.play(Reply(b"overloaded", status=status))

    answer = await client.forward("POST", "/v1/customers", headers={}, body=b"")

    assert (answer.status, answer.body) == (status, b"overloaded")


async def test_a_forwarded_write_cut_off_is_lost(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(HangUp())

    with pytest.raises(AnswerLost):
        await client.forward("POST", "/v1/customers", headers={}, body=b"name=a")


async def test_neither_key_nor_body_is_in_an_errors_message(
    client: StripeClient, wire: StripeWire
) -> None:
    wire.play(HangUp())

    with pytest.raises(AnswerLost) as caught:
        await client.request("POST", "/v1/refunds", params={"ksn": "FFFF9876"})

    chain = f"{caught.value!r} {caught.value.__cause__!r}"
    assert KEY.reveal() not in chain
    assert "FFFF9876" not in chain
