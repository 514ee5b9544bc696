"""Ports as everybody here knows them: opened by one at a time, under one name."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from agent.readers.claims import Claims
from drivers.errors import DriverError, LocalError
from drivers.reader import Reader
from drivers.transport.base import parse_spec

OpenReader = Callable[[str, str | None], Awaitable[Reader]]
"""Opens a transport spec as the named model, or asks the reader what it is."""


def port_of(spec: str) -> str:
    """The port that `spec` means, whatever it is called and however it is set up.

    A symbolic link to a serial port and the port itself are the same.
    """
    try:
        parsed = parse_spec(spec)
    except LocalError:
        return spec
    match parsed.scheme:
        case "serial":
            return f"serial:{os.path.realpath(parsed.address)}"
        case "usb":
            path = parsed.parameters.get("path", "")
            return f"usb:{parsed.address.lower()}?{path}"
        case scheme:
            return f"{scheme}:{parsed.address.lower()}"


class Ports:
    """Opens readers, each port for one asker at a time and never for ever."""

    def __init__(
        self, open_reader: OpenReader, *, timeout_s: float, claims: Claims
    ) -> None:
        """`timeout_s` is for one opening, whatever the port and the reader do."""
        self._open_reader = open_reader
        self._timeout_s = timeout_s
        self._claims = claims

    async def opened(self, spec: str, *, model: str | None = None) -> Reader:
        """The reader on `spec`, once nobody else is asking there.

        Raises DriverError; PortHangs where nothing comes of it in time, and
        PortOfOtherAccount.
        """
        port = port_of(spec)
        async with self._claims.turn(port), self.bounded(spec):
            await self._claims.check(port, by=self)
            reader = await self._open_reader(spec, model)
            self._claims.hold(port, reader, by=self)
            return reader

    @asynccontextmanager
    async def bounded(self, spec: str) -> AsyncIterator[None]:
        """Within the context what takes too long is PortHangs."""
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except TimeoutError:
            raise PortHangs(
                f"{spec}: nothing came of it within {self._timeout_s:g} s"
            ) from None


class PortHangs(DriverError):
    """The port is neither opened nor refused, or its reader neither obeys nor fails."""

    code = "reader_port_hangs"
    retryable = True


class OtherReaderFound(DriverError):
    """Another reader than the registered one answers on the port."""

    code = "reader_serial_mismatch"

    def __init__(self, serial_number: str) -> None:
        super().__init__(f"the port now holds reader {serial_number}")
        self.serial_number = serial_number
