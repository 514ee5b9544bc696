"""Two ends of a wire in memory: deterministic, for tests and simulations."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from drivers.errors import Disconnected
from drivers.wires import WireKind


class Inbox:
    """What has arrived at one end and was not read yet, as the kind of wire has it."""

    def __init__(self, kind: WireKind, *, chunk_bytes: int | None) -> None:
        """`chunk_bytes` is the most that one `take` returns of a stream."""
        self._is_stream = kind is WireKind.STREAM
        self._chunk_bytes = chunk_bytes
        self._received: deque[bytes] = deque()
        self._readable = asyncio.Event()
        self._is_closed = False
        self._receiver: Callable[[bytes], None] | None = None

    def put(self, data: bytes) -> None:
        """Bytes of a stream, or one packet, arrive."""
        if self._receiver is not None:
            self._hand_over(data, self._receiver)
        elif data or not self._is_stream:
            self._received.append(data)
            self._readable.set()

    def hand_to(self, receiver: Callable[[bytes], None]) -> None:
        """From now on `receiver` gets what arrives, and what has arrived already."""
        self._receiver = receiver
        while self._received:
            self._hand_over(self._received.popleft(), receiver)
        if not self._is_closed:
            self._readable.clear()

    def close(self) -> None:
        """Nothing arrives any more."""
        self._is_closed = True
        self._readable.set()

    async def take(self) -> bytes | None:
        """Some of the stream, or one packet; None after the last one."""
        await self._readable.wait()
        if not self._received:
            return None
        data = (
            self._some_of_the_stream() if self._is_stream else self._received.popleft()
        )
        if not self._received and not self._is_closed:
            self._readable.clear()
        return data

    def _hand_over(self, data: bytes, receiver: Callable[[bytes], None]) -> None:
        size = len(data)
        if self._is_stream and self._chunk_bytes is not None:
            size = self._chunk_bytes
        for start in range(0, len(data), size or 1):
            receiver(data[start : start + size])

    def _some_of_the_stream(self) -> bytes:
        joined = b"".join(self._received)
        data, rest = (
            joined[: self._chunk_bytes],
            joined[self._chunk_bytes or len(joined) :],
        )
        self._received.clear()
        if rest:
            self._received.append(rest)
        return data


class Pipe:
    """One end; what is written here is read at the other end, if need be its own."""

    def __init__(
        self,
        spec: str,
        *,
        kind: WireKind = WireKind.STREAM,
        packet_bytes: int | None = None,
        chunk_bytes: int | None = None,
    ) -> None:
        """`chunk_bytes` is the most that one `read` of a stream returns."""
        self._spec = spec
        self._kind = kind
        self._packet_bytes = packet_bytes
        self._inbox = Inbox(kind, chunk_bytes=chunk_bytes)
        self._closed = asyncio.Event()
        self._other = self

    @property
    def spec(self) -> str:
        """The spec string that errors name."""
        return self._spec

    @property
    def kind(self) -> WireKind:
        """The kind of wire it plays."""
        return self._kind

    @property
    def packet_bytes(self) -> int | None:
        """The most that one packet carries; None for a stream."""
        return self._packet_bytes

    async def read(self) -> bytes:
        """At least one byte, or one packet; raises Disconnected after the last one."""
        data = await self._inbox.take()
        if data is None:
            raise Disconnected(self._spec, "the pipe is closed")
        return data

    def receive(self, received: Callable[[bytes], None]) -> None:
        """Hand over what arrives as it arrives; `read` then tells of the end."""
        self._inbox.hand_to(received)

    async def write(self, data: bytes) -> None:
        """Put `data` at the other end; raises Disconnected where there is none."""
        if self._closed.is_set():
            raise Disconnected(self._spec, "the pipe is closed")
        self._other._inbox.put(data)

    async def wait_closed(self) -> None:
        """Return when either end was closed."""
        await self._closed.wait()

    async def aclose(self) -> None:
        """Close both ends; what was written is still read."""
        for end in (self, self._other):
            end._closed.set()
            end._inbox.close()


def connected_pipes(
    spec: str = "pipe:",
    *,
    kind: WireKind = WireKind.STREAM,
    packet_bytes: int | None = None,
    chunk_bytes: int | None = None,
) -> tuple[Pipe, Pipe]:
    """Two ends of one wire; `chunk_bytes` limits what each `read` of a stream returns."""
    near, far = (
        Pipe(spec, kind=kind, packet_bytes=packet_bytes, chunk_bytes=chunk_bytes)
        for _ in range(2)
    )
    near._other, far._other = far, near
    return near, far
