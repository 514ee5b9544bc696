"""What a webhook is made of: its signature, where it may go, and what comes back."""

from __future__ import annotations

import asyncio

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from simulator.stripe_api.webhooks.destination import (
    Destination,
    is_allowed,
    parse_destination,
)
from simulator.stripe_api.webhooks.posting import LocalPost, PostFailed
from simulator.stripe_api.webhooks.signature import signature


@given(body=st.text(), secret=st.text(min_size=1), at=st.integers(0, 2**32))
def test_signature_is_what_the_official_client_computes(
    body: str, secret: str, at: int
) -> None:
    signed = signature(body.encode(), secret=secret, at=at)

    assert signed == stripe.WebhookSignature.generate_signature_header(body, secret, at)


@pytest.mark.parametrize(
    ("url", "destination", "authority"),
    [
        (
            "http://localhost/hook",
            Destination("localhost", 80, "/hook", is_tls=False),
            "localhost",
        ),
        (
            "https://[::1]:8443?a=b",
            Destination("::1", 8443, "/?a=b", is_tls=True),
            "[::1]:8443",
        ),
    ],
)
def test_url_is_taken_apart(url: str, destination: Destination, authority: str) -> None:
    assert parse_destination(url) == destination
    assert destination.authority == authority


@pytest.mark.parametrize(
    "url",
    [
        *("hook", "ftp://localhost", "http://", "http://a:99999/", "http://ä/"),
        "http://localhost/\r\nX: y",
        "http://[::1",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_destination(url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_this_machine_is_always_allowed(host: str) -> None:
    assert is_allowed(parse_destination(f"http://{host}/"), frozenset())


@pytest.mark.parametrize("host", ["10.0.0.1", "register", "localhost.example.com"])
def test_other_machines_are_allowed_by_name_only(host: str) -> None:
    destination = parse_destination(f"http://{host}/")

    assert not is_allowed(destination, frozenset())
    assert is_allowed(destination, {host})
    assert is_allowed(destination, {"*"})


async def test_nothing_is_sent_to_another_machine() -> None:
    with pytest.raises(PostFailed, match=r"example\.com is not this machine"):
        await LocalPost()("http://example.com/", b"", headers={})


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.0 500\r\n", 500),
        (b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 201 Made\r\n\r\n", 201),
    ],
)
async def test_status_of_the_final_answer_counts(answer: bytes, status: int) -> None:
    assert await _posted(answer) == status


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0\r\n", b"HTTP/1.1 2000 X\r\n"])
async def test_what_is_no_answer_is_a_failure(answer: bytes) -> None:
    with pytest.raises(PostFailed):
        await _posted(answer)


async def test_refused_connection_is_a_failure() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()

    with pytest.raises(PostFailed):
        await LocalPost()(f"http://127.0.0.1:{port}/", b"", headers={})


async def _posted(answer: bytes) -> int:
    """The status seen when a server answers like this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        return await LocalPost()(f"http://127.0.0.1:{port}/", b"", headers={})
