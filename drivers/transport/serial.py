"""Serial ports: `serial:/dev/ttyUSB0?baudrate=115200`, opened exclusively."""

from __future__ import annotations

import asyncio
import errno
import os
import termios
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

import serial
import serial_asyncio_fast

from drivers.errors import LocalError, TransportUnavailable
from drivers.profile import DEFAULT_LINE, LineSettings
from drivers.transport.base import Transport, parse_spec
from drivers.transport.own_thread import in_own_thread
from drivers.transport.wire import Wire

READ_BYTES = 4096
"""More than a terminal holds."""


async def open_serial(spec: str, *, line: LineSettings = DEFAULT_LINE) -> Transport:
    """Open the port for this program alone; the spec's parameters override `line`.

    Raises TransportUnavailable, and LocalError for a spec that is none.
    """
    parsed = parse_spec(spec)
    if not parsed.address.startswith("/"):
        raise LocalError(f"{spec!r} needs the path of a port, such as /dev/ttyUSB0")
    line = _overridden(spec, parsed.parameters, line)
    try:
        return await _opened(spec, parsed.address, line)
    except (OSError, ValueError, termios.error) as error:
        raise TransportUnavailable(spec, reason_of(error)) from error


def reason_of(error: Exception) -> str:
    """Why a port could not be opened, with what a person can do about it."""
    if isinstance(error, OSError) and error.errno in _REASONS:
        return _REASONS[error.errno]
    if isinstance(error, termios.error):
        return "the port does not take these line settings"
    return str(error)


_REASONS = {
    errno.ENOENT: "there is no such port; is the reader plugged in?",
    errno.EACCES: "permission denied; add this user to the dialout group",
    errno.EPERM: "permission denied; add this user to the dialout group",
    errno.EBUSY: "in use by another program",
    errno.EAGAIN: "in use by another program",
    errno.ENXIO: "the port has no device behind it; is the reader plugged in?",
    errno.ENODEV: "the port has no device behind it; is the reader plugged in?",
    errno.ENOTTY: "not a serial port",
}


def _overridden(
    spec: str, parameters: Mapping[str, str], line: LineSettings
) -> LineSettings:
    baudrate = parameters.get("baudrate", str(line.baudrate))
    parity = parameters.get("parity", line.parity)
    unknown = parameters.keys() - {"baudrate", "parity"}
    if unknown or not baudrate.isdecimal() or parity not in {"N", "E", "O"}:
        raise LocalError(f"{spec!r} takes baudrate=<number> and parity=N, E or O")
    return LineSettings(int(baudrate), line.data_bits, parity, line.stop_bits)


async def _opened(spec: str, path: str, line: LineSettings) -> Wire:
    opening = partial(
        serial.Serial,
        path,
        baudrate=line.baudrate,
        bytesize=line.data_bits,
        parity=line.parity,
        stopbits=line.stop_bits,
        exclusive=True,
    )
    port = await in_own_thread(opening, name=f"open {path}")
    wire = Wire(spec, lost_because="the port is gone; was the reader unplugged?")
    try:
        _shorten_latency(port)
        transport = _SerialTransport(asyncio.get_running_loop(), wire, port)
    except BaseException:
        port.close()
        raise
    # The library announces the port one turn of the loop later; callers write now.
    wire.connection_made(transport)
    return wire


class _SerialTransport(serial_asyncio_fast.SerialTransport):
    """The library's, without a read's second look at what the event loop has seen."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, wire: Wire, port: serial.Serial
    ) -> None:
        super().__init__(loop, wire, port)
        self._port = port.fileno()

    def _read_ready(self) -> None:
        try:
            data = os.read(self._port, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._close(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self._close(OSError(errno.EIO, "the port has hung up"))

    # The library's would call itself without end once a long write is over.
    def _write_ready(self) -> None:
        super()._write_ready()
        if self.get_write_buffer_size() == 0:
            self._remove_writer()


def _shorten_latency(port: serial.Serial) -> None:
    # FTDI chips hold bytes back for 16 ms unless told otherwise; ptys and other
    # drivers do not know the request and say so in different ways.
    with suppress(OSError, ValueError, NotImplementedError):
        port.set_low_latency_mode(True)
