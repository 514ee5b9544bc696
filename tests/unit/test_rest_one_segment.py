"""An answer leaves in one write, so that no client waits for a second segment."""

from __future__ import annotations

import asyncio
from asyncio import BaseProtocol, Transport
from pathlib import Path
from typing import Any

import uvicorn
from rest_fakes import running_agent
from uvicorn.server import ServerState

from agent.rest.one_segment import JoinedWrites, OneSegmentProtocol


class RecordingTransport(Transport):
    """The far end: what was done to it, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[object] = []
        self.protocol = BaseProtocol()
        self.written = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.done.append(bytes(data))
        self.written.set()

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def is_closing(self) -> bool:
        return "close" in self.done

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 5)}.get(name, default)

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def set_protocol(self, protocol: BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> BaseProtocol:
        return self.protocol


async def test_head_and_body_leave_together() -> None:
    wire = RecordingTransport()
    joined = JoinedWrites(wire)

    joined.write(b"HTTP/1.1 200 OK\r\n\r\n")
    joined.write(b"{}")
    await asyncio.sleep(0)

    assert wire.done == [b"HTTP/1.1 200 OK\r\n\r\n{}"]


async def test_what_is_written_later_leaves_later() -> None:
    wire = RecordingTransport()
    joined = JoinedWrites(wire)

    joined.write(b"one")
    await asyncio.sleep(0)
    joined.write(b"two")
    await asyncio.sleep(0)

    assert wire.done == [b"one", b"two"]


async def test_closing_sends_what_waits_first() -> None:
    wire = RecordingTransport()
    joined = JoinedWrites(wire)

    joined.write(b"last words")
    joined.close()
    await asyncio.sleep(0)

    assert wire.done == [b"last words", "close"]
    assert joined.is_closing()


async def test_aborting_drops_what_waits() -> None:
    wire = RecordingTransport()
    joined = JoinedWrites(wire)

    joined.write(b"never mind")
    joined.abort()
    await asyncio.sleep(0)

    assert wire.done == ["abort"]


async def test_the_rest_of_the_transport_is_unchanged() -> None:
    wire = RecordingTransport()
    joined = JoinedWrites(wire)
    protocol = BaseProtocol()

    joined.pause_reading()
    joined.resume_reading()
    joined.set_protocol(protocol)

    assert wire.done == ["pause", "resume"]
    assert joined.get_protocol() is protocol
    assert joined.get_extra_info("peername") == ("127.0.0.1", 5)


async def test_the_server_answers_a_request_in_one_write(tmp_path: Path) -> None:
    wire = RecordingTransport()
    async with running_agent(tmp_path) as agent:
        config = uvicorn.Config(agent.app, lifespan="off", log_config=None)
        config.load()
        protocol = OneSegmentProtocol(config, ServerState(), {})
        protocol.connection_made(wire)

        protocol.data_received(
            b"GET /agent/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        )
        await wire.written.wait()

    [answer] = wire.done
    assert isinstance(answer, bytes)
    assert answer.endswith(b'{"status": "live"}')
