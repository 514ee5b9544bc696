"""Two ends of a wire in memory: deterministic, for tests and simulations."""

from __future__ import annotations

import asyncio

from drivers.errors import Disconnected


class Pipe:
    """One end; what is written here is read at the other end, if need be its own."""

    def __init__(self, spec: str, *, chunk_bytes: int | None = None) -> None:
        """`chunk_bytes` is the most that one `read` returns; None for no limit."""
        self._spec = spec
        self._chunk_bytes = chunk_bytes
        self._received = bytearray()
        self._readable = asyncio.Event()
        self._closed = asyncio.Event()
        self._other = self

    @property
    def spec(self) -> str:
        """The spec string that errors name."""
        return self._spec

    async def read(self) -> bytes:
        """At least one byte; raises Disconnected after the last one."""
        await self._readable.wait()
        if not self._received:
            raise Disconnected(self._spec, "the pipe is closed")
        data = bytes(self._received[: self._chunk_bytes])
        del self._received[: len(data)]
        if not self._received and not self._closed.is_set():
            self._readable.clear()
        return data

    async def write(self, data: bytes) -> None:
        """Put `data` at the other end; raises Disconnected where there is none."""
        if self._closed.is_set():
            raise Disconnected(self._spec, "the pipe is closed")
        self._other._received += data
        self._other._readable.set()

    async def wait_closed(self) -> None:
        """Return when either end was closed."""
        await self._closed.wait()

    async def aclose(self) -> None:
        """Close both ends; what was written is still read."""
        for end in (self, self._other):
            end._closed.set()
            end._readable.set()


def connected_pipes(
    spec: str = "pipe:", *, chunk_bytes: int | None = None
) -> tuple[Pipe, Pipe]:
    """Two ends of one wire; `chunk_bytes` limits what each `read` returns."""
    near = Pipe(spec, chunk_bytes=chunk_bytes)
    far = Pipe(spec, chunk_bytes=chunk_bytes)
    near._other, far._other = far, near
    return near, far
