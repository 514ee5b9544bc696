"""What every transport offers, and how a spec string names one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

from drivers.errors import LocalError


class Transport(Protocol):
    """An open wire to one reader; for one reader of it and one writer at a time."""

    @property
    def spec(self) -> str:
        """The spec string it was opened by, for errors and logs."""
        ...

    async def read(self) -> bytes:
        """At least one byte, as soon as there is one.

        Raises Disconnected once the wire is gone and all its bytes were read.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Hand `data` to the wire, waiting while it is congested.

        Raises Disconnected where the wire is gone.
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
