"""A serial device server: the reader's bytes over one TCP connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from drivers.wires import WireKind
from simulator.errors import WireUnavailable
from simulator.reader.wires.descriptor import DescriptorStream


class TcpWire:
    """Implements Wire. One host at a time: the newest connection wins."""

    def __init__(self, host: str, port: int) -> None:
        """Port 0 is any free one, kept from the first plugging on."""
        self._host = host
        self._port = port
        self._listener: socket.socket | None = None
        self._stream: DescriptorStream | None = None

    @property
    def spec(self) -> str:
        """`tcp:`, host and port."""
        return f"tcp:{self._host}:{self._port}"

    @property
    def kind(self) -> WireKind:
        """A stream."""
        return WireKind.STREAM

    @property
    def packet_bytes(self) -> int | None:
        """None: a stream has no packets."""
        return None

    def plug(
        self, received: Callable[[bytes], None], *, product_id: int | None = None
    ) -> None:
        """Listen; raises WireUnavailable where the address is taken or unusable."""
        self.unplug()
        try:
            listener = socket.create_server((self._host, self._port), backlog=1)
        except OSError as error:
            raise WireUnavailable(f"{self.spec}: {error.strerror}") from error
        listener.setblocking(False)
        self._listener = listener
        self._port = listener.getsockname()[1]
        asyncio.get_running_loop().add_reader(
            listener.fileno(), lambda: self._accept(listener, received)
        )

    def unplug(self) -> None:
        """Stop listening and end the connection."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        self._hang_up()

    def send(self, data: bytes) -> None:
        """Bytes to the host; dropped where none is connected."""
        if self._stream is not None:
            self._stream.send(data)

    def _accept(
        self, listener: socket.socket, received: Callable[[bytes], None]
    ) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._hang_up()
        self._stream = DescriptorStream(
            connection.detach(), received=received, closed=self._hang_up
        )

    def _hang_up(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
