"""A cable in memory, for tests: no descriptors, no event loop, no delay."""

from __future__ import annotations

from collections.abc import Callable

from drivers.wires import WireKind
from simulator.errors import WireUnavailable


class PipeWire:
    """Implements Wire; the host's end is `open`, `write` and `close`."""

    def __init__(
        self,
        name: str = "reader",
        *,
        kind: WireKind = WireKind.STREAM,
        packet_bytes: int | None = None,
    ) -> None:
        """In memory, but with the packets of a wire of this kind."""
        self._name = name
        self._kind = kind
        self._packet_bytes = packet_bytes
        self._to_reader: Callable[[bytes], None] | None = None
        self._to_host: Callable[[bytes], None] | None = None
        self._closed: Callable[[], None] | None = None

    @property
    def spec(self) -> str:
        """`pipe:` and the name."""
        return f"pipe:{self._name}"

    @property
    def kind(self) -> WireKind:
        """The kind of wire it plays."""
        return self._kind

    @property
    def packet_bytes(self) -> int | None:
        """The most that one packet carries; None for a stream."""
        return self._packet_bytes

    def plug(
        self, received: Callable[[bytes], None], *, product_id: int | None = None
    ) -> None:
        """Offer the port."""
        self._to_reader = received

    def unplug(self) -> None:
        """Take the port away; an open host end is told."""
        self._to_reader = None
        closed, self._closed, self._to_host = self._closed, None, None
        if closed is not None:
            closed()

    def send(self, data: bytes) -> None:
        """Bytes to the host; dropped where none has opened its end."""
        if self._to_host is not None:
            self._to_host(data)

    def open(
        self, received: Callable[[bytes], None], *, closed: Callable[[], None]
    ) -> None:
        """The host opens the port, exclusively as it does with real ones.

        Raises WireUnavailable while it is unplugged, or open already.
        `received` gets the reader's bytes; `closed` is called once if the cable goes.
        """
        if self._to_reader is None:
            raise WireUnavailable(f"{self.spec} is not plugged in")
        if self._to_host is not None:
            raise WireUnavailable(f"{self.spec} is in use")
        self._to_host, self._closed = received, closed

    def write(self, data: bytes) -> None:
        """Bytes from the host; dropped where the cable is out."""
        if self._to_reader is not None:
            self._to_reader(data)

    def close(self) -> None:
        """The host closes its end; it is not told of it."""
        self._to_host = self._closed = None
