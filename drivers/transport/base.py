"""What every transport offers, and how a spec string names one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

from drivers.errors import LocalError
from drivers.wires import WireKind


class Transport(Protocol):
    """An open wire to one reader; for one reader of it and one writer at a time."""

    @property
    def spec(self) -> str:
        """The spec string it was opened by, for errors and logs."""
        ...

    @property
    def kind(self) -> WireKind:
        """Whether it carries a stream, or packets that are never cut or joined."""
        ...

    @property
    def packet_bytes(self) -> int | None:
        """The most that one packet carries; None for a stream."""
        ...

    async def read(self) -> bytes:
        """At least one byte of a stream, or exactly one packet, as soon as there is one.

        Raises Disconnected once the wire is gone and all its bytes were read.
        """
        ...

    def receive(self, received: Callable[[bytes], None]) -> None:
        """Call `received` with what `read` would return, as it arrives, from now on.

        It must not wait. `read` then only tells of the end, by raising Disconnected.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Hand bytes of a stream, or exactly one packet, to the wire.

        Waits while it is congested. Raises Disconnected where it is gone.
        """
        ...

    async def wait_closed(self) -> None:
        """Return when the wire is gone, for whatever reason."""
        ...

    async def aclose(self) -> None:
        """Give the port back at once. Safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class TransportSpec:
    """A spec string taken apart: `scheme:address?name=value&…`."""

    scheme: str
    address: str
    parameters: dict[str, str]


def parse_spec(spec: str) -> TransportSpec:
    """Take `spec` apart; raises LocalError where it is not one."""
    scheme, colon, rest = spec.partition(":")
    address, _, query = rest.partition("?")
    if not colon or not scheme:
        raise LocalError(f"{spec!r} names no transport; write serial:/dev/ttyUSB0")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise LocalError(f"{spec!r} has a malformed parameter") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise LocalError(f"{spec!r} has a parameter twice")
    return TransportSpec(scheme, address, parameters)
