"""One connection to Stripe: which bytes are an answer, and when there will be none."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stripe_api.answers import Answer
from agent.stripe_api.http_connection import (
    LONGEST_BODY_BYTES,
    ConnectionBroken,
    HttpConnection,
)

REQUEST = b"GET /v1/account HTTP/1.1\r\nhost: stripe\r\n\r\n"
PLAIN = b'HTTP/1.1 200 OK\r\nRequest-Id: req_1\r\nContent-Length: 9\r\n\r\n{"id": 1}'
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nRequest-Id: req_1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'4\r\n{"id\r\n5;x=y\r\n": 1}\r\n0\r\n\r\n'
)
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


class Line(asyncio.Transport):
    """The wire below a connection: keeps what was sent, and hangs up when told."""

    def __init__(self, connection: HttpConnection) -> None:
        super().__init__()
        self.sent = b""
        self.is_open = True
        self._connection = connection
        connection.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def abort(self) -> None:
        if self.is_open:
            self.is_open = False
            self._connection.connection_lost(None)

    def receive(self, data: bytes) -> None:
        """Something comes from the other side."""
        self._connection.data_received(data)


async def ask(
    connection: HttpConnection, *, has_body: bool = True, within_s: float = 60.0
) -> Answer:
    deadline_s = asyncio.get_running_loop().time() + within_s
    return await connection.ask(REQUEST, deadline_s=deadline_s, has_body=has_body)


async def asked(
    connection: HttpConnection, *, has_body: bool = True
) -> asyncio.Task[Answer]:
    """A request on its way."""
    asking = asyncio.create_task(ask(connection, has_body=has_body))
    await asyncio.sleep(0)
    return asking


@pytest.fixture
async def connection() -> HttpConnection:
    return HttpConnection()


@pytest.fixture
async def line(connection: HttpConnection) -> Line:
    return Line(connection)


async def test_a_request_goes_out_as_it_is(
    connection: HttpConnection, line: Line
) -> None:
    asking = await asked(connection)
    line.receive(PLAIN)

    assert await asking == Answer(
        200, {"request-id": "req_1", "content-length": "9"}, b'{"id": 1}'
    )
    assert line.sent == REQUEST
    assert connection.is_usable


@given(
    answer=st.sampled_from([PLAIN, CHUNKED, INTERIM + PLAIN, INTERIM * 2 + CHUNKED]),
    cuts=st.sets(st.integers(1, 160)),
)
def test_an_answer_may_come_in_any_pieces(answer: bytes, cuts: set[int]) -> None:
    async def exchange() -> Answer:
        connection = HttpConnection()
        line = Line(connection)
        asking = await asked(connection)
        edges = [0, *sorted(cut for cut in cuts if cut < len(answer)), len(answer)]
        for start, end in pairwise(edges):
            line.receive(answer[start:end])
        return await asking

    received = asyncio.run(exchange())

    assert (received.status, received.body) == (200, b'{"id": 1}')
    assert received.headers["request-id"] == "req_1"
    assert "link" not in received.headers


async def test_one_request_follows_another(
    connection: HttpConnection, line: Line
) -> None:
    for body in (b"first", b"second"):
        asking = await asked(connection)
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n"
        line.receive(head.encode() + body)

        assert (await asking).body == body


async def test_an_answer_to_head_has_no_body_and_is_the_last(
    connection: HttpConnection, line: Line
) -> None:
    asking = await asked(connection, has_body=False)
    line.receive(PLAIN.removesuffix(b'{"id": 1}'))

    assert (await asking).headers["content-length"] == "9"
    assert not connection.is_usable
    assert not line.is_open


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    ],
)
async def test_a_connection_that_is_to_end_is_not_used_again(
    connection: HttpConnection, line: Line, answer: bytes
) -> None:
    asking = await asked(connection)
    line.receive(answer)

    assert (await asking).status == 200
    assert not line.is_open
    with pytest.raises(ConnectionBroken):
        await ask(connection)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
)
async def test_what_is_no_answer_breaks_the_connection(
    connection: HttpConnection, line: Line, nonsense: bytes
) -> None:
    asking = await asked(connection)
    line.receive(nonsense)

    with pytest.raises(ConnectionBroken):
        await asking
    assert not line.is_open


async def test_an_endless_answer_is_not_waited_for(
    connection: HttpConnection, line: Line
) -> None:
    asking = await asked(connection)
    line.receive(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    line.receive(b"%x\r\n" % (LONGEST_BODY_BYTES + 1))
    line.receive(bytes(LONGEST_BODY_BYTES + 1))

    with pytest.raises(ConnectionBroken, match="too long"):
        await asking
    assert not line.is_open


async def test_an_answer_that_only_the_end_would_end_is_none(
    connection: HttpConnection, line: Line
) -> None:
    asking = await asked(connection)
    line.receive(b'HTTP/1.1 200 OK\r\n\r\n{"id": 1}')
    line.abort()

    with pytest.raises(ConnectionBroken, match="hung up"):
        await asking


async def test_what_nobody_asked_for_is_no_answer_to_the_next_request(
    connection: HttpConnection, line: Line
) -> None:
    line.receive(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")

    assert not line.is_open
    with pytest.raises(ConnectionBroken):
        await ask(connection)


async def test_a_second_answer_to_one_request_is_not_the_next_ones(
    connection: HttpConnection, line: Line
) -> None:
    asking = await asked(connection)
    line.receive(PLAIN + PLAIN)

    assert (await asking).body == b'{"id": 1}'
    assert not line.is_open
    assert not connection.is_usable


async def test_an_answer_that_is_late_is_none(
    connection: HttpConnection, line: Line
) -> None:
    with pytest.raises(TimeoutError):
        await ask(connection, within_s=0.0)

    assert not line.is_open


async def test_who_gives_up_waiting_leaves_no_answer_behind(
    connection: HttpConnection, line: Line
) -> None:
    asking = await asked(connection)
    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not line.is_open
    assert not connection.is_usable
