"""The three ways to one agent, and a caller who speaks HTTP byte by byte on any of them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from asgi_client import Answer
from rest_fakes import Agent, running_agent
from tls_shop import NAME, Files

from agent.listening import listen_securely
from agent.readers.discovered import DiscoveryEnd, DiscoveryEnded
from agent.rest.serving import StopSignals, serve_http

WAYS_IN = ("tcp", "unix", "tls")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class WayIn:
    """How one agent is reached, and under which name."""

    agent: Agent
    host: str
    connect: Callable[[], Awaitable[Streams]]

    async def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        *,
        key: str | None = None,
        chunks: Sequence[bytes] = (b"",),
        is_whole: bool = True,
    ) -> Answer:
        """The first answer; status 0 where the caller is hung up on without one.

        One chunk is declared by its length, several are sent as such, without an end
        where the body is not whole.
        """
        reader, writer = await self.connect()
        try:
            writer.write(self._head(method, target, headers or {}, key, chunks))
            writer.write(chunks[0] if len(chunks) == 1 else _chunked(chunks, is_whole))
            return await _answer(reader, method)
        except (ConnectionError, asyncio.IncompleteReadError):
            return Answer(0, {}, b"")
        finally:
            writer.close()

    def _head(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        key: str | None,
        chunks: Sequence[bytes],
    ) -> bytes:
        many = len(chunks) > 1
        size = {"transfer-encoding": "chunked"} if many else {}
        if chunks != (b"",) and not many:
            size = {"content-length": str(len(chunks[0]))}
        authorized = {} if key is None else {"authorization": f"Bearer {key}"}
        sent = {"host": self.host, **authorized, **size, **headers}
        lines = [f"{name}: {value}" for name, value in sent.items()]
        return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode(
            "latin-1", "replace"
        )


def _chunked(chunks: Sequence[bytes], is_whole: bool) -> bytes:
    sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return sent + (b"0\r\n\r\n" if is_whole else b"")


async def _answer(reader: asyncio.StreamReader, method: str) -> Answer:
    status = await reader.readline()
    headers: dict[str, str] = {}
    while (line := (await reader.readline()).strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
    body = await reader.readexactly(length)
    return Answer(int(status.split()[1]) if status else 0, headers, body)


@asynccontextmanager
async def all_ways_in(
    folder: Path,
    files: Files,
    signals: StopSignals,
    *,
    request_timeout_s: float = 10.0,
    max_body_bytes: int = 1000,
) -> AsyncIterator[dict[str, WayIn]]:
    """One agent with a reader, served on TCP, on a UNIX socket and over TLS."""
    limits = {
        "requests_per_s": 1e9,
        "request_burst": 1_000_000_000,
        "request_timeout_s": request_timeout_s,
        "max_body_bytes": max_body_bytes,
    }
    rest = files.settings().model_copy(update=limits)
    path = folder / "agent.sock"
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(running_agent(folder, rest=rest))
        agent.fleet.found = [DiscoveryEnded(DiscoveryEnd.COMPLETE)]
        agent.fleet.add("tmr_1")
        secured = listen_securely(rest, [], stack)
        assert secured is not None
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(str(path))
        unix.listen()
        serving = asyncio.ensure_future(
            serve_http(
                agent.app,
                sockets=[tcp, unix],
                signals=signals,
                request_timeout_s=request_timeout_s,
                secured=secured,
            )
        )
        ports = [tcp.getsockname()[1], secured.sockets[0].getsockname()[1]]
        yield _ways(agent, files, path, *ports)
        os.kill(os.getpid(), signal.SIGTERM)
        await serving


def _ways(
    agent: Agent, files: Files, path: Path, port: int, tls_port: int
) -> dict[str, WayIn]:
    caller = files.caller()

    async def over_tls() -> Streams:
        return await asyncio.open_connection(
            "127.0.0.1", tls_port, ssl=caller, server_hostname=NAME
        )

    return {
        "tcp": WayIn(
            agent, "127.0.0.1", lambda: asyncio.open_connection("127.0.0.1", port)
        ),
        "unix": WayIn(agent, "localhost", lambda: asyncio.open_unix_connection(path)),
        "tls": WayIn(agent, NAME, over_tls),
    }
