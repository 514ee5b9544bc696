"""Connections to Stripe: encrypted, shared, and not trusted for too long."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from local_certificate import local_certificate
from skipping_loop import SkippingLoop
from stripe_wire import StripeWire

from agent.stripe_api.answers import Answer
from agent.stripe_api.connections import IDLE_S, Connections, Origin
from agent.stripe_api.errors import StripeUnreachable


async def exchange(
    connections: Connections,
    url: str,
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> Answer:
    return await connections.exchange(
        method,
        "/v1/refunds",
        origin=Origin.of(url),
        headers=headers or {},
        body=b"",
        timeout_s=5.0,
    )


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that its own holder has signed."""
    return local_certificate(tmp_path)


@asynccontextmanager
async def secure_wire(certificate: Path) -> AsyncIterator[StripeWire]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    async with StripeWire().open(tls=tls) as wire:
        yield wire


async def test_a_trusted_server_is_asked_over_one_encrypted_connection(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async with secure_wire(certificate) as wire, Connections() as connections:
        for _ in range(2):
            assert (await exchange(connections, wire.url)).status == 200

    assert [received.connection for received in wire.received] == [1, 1]


async def test_a_server_that_nobody_vouches_for_is_told_nothing(
    certificate: Path,
) -> None:
    async with secure_wire(certificate) as wire, Connections() as connections:
        with pytest.raises(StripeUnreachable, match="no connection"):
            await exchange(connections, wire.url)

    assert wire.received == []


async def test_requests_at_the_same_time_have_connections_of_their_own() -> None:
    async with StripeWire().open() as wire, Connections() as connections:
        asking = [exchange(connections, wire.url) for _ in range(2)]
        await asyncio.gather(*asking)
        await exchange(connections, wire.url)

    assert [received.connection for received in wire.received[:2]] == [1, 2]
    assert wire.received[2].connection in (1, 2)


def test_a_connection_idle_for_long_is_not_trusted() -> None:
    async def scenario() -> list[int]:
        async with StripeWire().open() as wire, Connections() as connections:
            await exchange(connections, wire.url)
            await asyncio.sleep(IDLE_S + 1)
            await exchange(connections, wire.url)
        return [received.connection for received in wire.received]

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        assert runner.run(scenario()) == [1, 2]


async def test_a_head_request_is_answered() -> None:
    async with StripeWire().open() as wire, Connections() as connections:
        answer = await exchange(connections, wire.url, method="HEAD")

    assert (answer.status, answer.body) == (200, b"")


async def test_a_header_cannot_smuggle_in_another() -> None:
    async with StripeWire().open() as wire, Connections() as connections:
        with pytest.raises(ValueError, match="line break"):
            await exchange(
                connections, wire.url, headers={"request-id": "a\r\nauthorization: b"}
            )

    assert wire.received == []


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (
            "https://api.stripe.com",
            Origin("api.stripe.com", 443, True, "api.stripe.com", ""),
        ),
        (
            "http://[::1]:12111/stripe",
            Origin("::1", 12111, False, "[::1]:12111", "/stripe"),
        ),
        ("http://me:pass@localhost", Origin("localhost", 80, False, "localhost", "")),
    ],
)
def test_an_address_says_where_to_connect_and_what_to_call_it(
    url: str, origin: Origin
) -> None:
    assert Origin.of(url) == origin
