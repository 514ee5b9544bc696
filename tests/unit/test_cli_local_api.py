"""The command line's client against an agent that behaves badly."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from agent.cli.failures import CommandFailed, ExitCode
from agent.cli.local_api import LocalApi


@contextmanager
def answering_once(answer: bytes) -> Iterator[LocalApi]:
    """A server that sends these bytes to one request and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        yield LocalApi(f"http://127.0.0.1:{port}", key="rk_test_x")
        thread.join()


def test_an_answer_cut_off_is_no_answer() -> None:
    cut_off = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"

    with answering_once(cut_off) as api, pytest.raises(CommandFailed) as refused:
        api.get("/v1/account")

    assert refused.value.exit_code is ExitCode.UNREACHABLE


def test_an_error_that_is_not_json_is_told_by_its_status() -> None:
    page = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>"

    with answering_once(page) as api, pytest.raises(CommandFailed) as refused:
        api.get("/v1/account")

    assert (refused.value.message, refused.value.code) == ("HTTP 502", "502")


def test_a_refusal_names_the_parameter_that_its_message_does_not() -> None:
    body = b'{"error": {"code": "x", "message": "Invalid object", "param": "address"}}'
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    with answering_once(head + body) as api, pytest.raises(CommandFailed) as refused:
        api.post("/v1/terminal/locations", {})

    assert refused.value.message == "Invalid object [address]"


def test_an_event_stream_that_breaks_off_has_ended() -> None:
    stream = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"d\r\n: listening\n\n\r\n"
        b"zz\r\n"
    )

    with answering_once(stream) as api, api.events() as events:
        assert list(events) == []


def test_an_event_stream_may_be_refused() -> None:
    refusal = (
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 27\r\n\r\n"
        b'{"code": "local_key_scope"}'
    )

    with (
        answering_once(refusal) as api,
        pytest.raises(CommandFailed) as refused,
        api.events(),
    ):
        pass

    assert refused.value.code == "local_key_scope"
