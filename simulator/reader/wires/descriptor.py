"""Bytes over one open file descriptor, driven by the event loop's readiness."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_READ_BYTES = 64 * 1024
_MOST_WAITING_BYTES = 1024 * 1024


class DescriptorStream:
    """Owns a descriptor until it is closed by either side."""

    def __init__(
        self,
        descriptor: int,
        *,
        received: Callable[[bytes], None],
        closed: Callable[[], None],
    ) -> None:
        """`closed` is called once if the other side goes; not after `close`."""
        self._descriptor = descriptor
        self._received = received
        self._closed = closed
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self._is_open = True
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._on_readable)

    def send(self, data: bytes) -> None:
        """Write now what fits and the rest when it does.

        A host that does not read loses bytes in the end, as on a real serial line.
        """
        room = _MOST_WAITING_BYTES - len(self._waiting)
        self._waiting += data[:room]
        self._flush()

    def close(self) -> None:
        """Give the descriptor back. Safe to call twice."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)

    def _on_readable(self) -> None:
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._received(data)
        else:
            self.close()
            self._closed()

    def _flush(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: os.write(self._descriptor, self._waiting)]
        except BlockingIOError:
            self._loop.add_writer(self._descriptor, self._flush)
            return
        except OSError:
            # The reading side tells that the other end is gone.
            self._waiting.clear()
        self._loop.remove_writer(self._descriptor)
