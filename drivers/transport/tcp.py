"""Readers behind a socket: `tcp:host:port`, as serial servers and simulators offer."""

from __future__ import annotations

import asyncio

from drivers.errors import LocalError, TransportUnavailable
from drivers.transport.base import Transport, parse_spec
from drivers.transport.wire import Wire


async def open_tcp(spec: str) -> Transport:
    """Connect; raises TransportUnavailable, and LocalError for a spec that is none."""
    host, port = _address(spec)
    loop = asyncio.get_running_loop()
    wire = Wire(spec, lost_because="the other side closed the connection")
    try:
        await loop.create_connection(lambda: wire, host, port)
    except OSError as error:
        raise TransportUnavailable(spec, _reason(error)) from error
    return wire


def _address(spec: str) -> tuple[str, int]:
    parsed = parse_spec(spec)
    host, _, port = parsed.address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise LocalError(f"{spec!r} needs host and port, such as tcp:127.0.0.1:9100")
    if parsed.parameters:
        raise LocalError(f"{spec!r} takes no parameters")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; is the reader on?"
    return error.strerror or str(error)
