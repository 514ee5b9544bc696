"""One event goes out: a POST over a connection of its own, of whose answer the status counts.

Redirects are not followed: a signed event goes where the administrator said.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from agent.outbox.destination import Destination
from agent.stripe_api.http_connection import ConnectionBroken, HttpConnection

LOCAL_ADDRESSES = ("127.0.0.1", "::1")
"""What `localhost` means here, whatever a name service says."""


class PostFailed(Exception):
    """No whole answer came, or never a connection; the message says why."""


class Post(Protocol):
    """Sends one event."""

    async def __call__(
        self, destination: Destination, body: bytes, *, headers: Mapping[str, str]
    ) -> int:
        """The answer's status; raises PostFailed."""
        ...


class HttpPost:
    """Fulfils Post. Certificates are the system's, or those of `ca_file`."""

    def __init__(self, *, timeout_s: float, ca_file: Path | None = None) -> None:
        self._timeout_s = timeout_s
        self._ca_file = ca_file
        self._tls: ssl.SSLContext | None = None

    async def __call__(
        self, destination: Destination, body: bytes, *, headers: Mapping[str, str]
    ) -> int:
        """The answer's status; raises PostFailed."""
        deadline_s = asyncio.get_running_loop().time() + self._timeout_s
        try:
            async with asyncio.timeout_at(deadline_s):
                connection = await self._connected(destination)
            request = _encoded(destination, body, headers)
            # Nothing of the answer's body is of interest, and it may be any length.
            answer = await connection.ask(
                request, deadline_s=deadline_s, has_body=False
            )
        except TimeoutError:
            raise PostFailed(f"no answer within {self._timeout_s:g} s") from None
        except (OSError, ConnectionBroken) as error:
            raise PostFailed(str(error) or type(error).__name__) from error
        return answer.status

    async def _connected(self, destination: Destination) -> HttpConnection:
        if destination.is_secure and self._tls is None:
            # Reading a machine's certificates takes long enough to be noticed.
            self._tls = await asyncio.to_thread(
                ssl.create_default_context, cafile=self._ca_file
            )
        if destination.host != "localhost":
            return await self._opened(destination, destination.host)
        try:
            return await self._opened(destination, LOCAL_ADDRESSES[0])
        except ConnectionRefusedError:
            return await self._opened(destination, LOCAL_ADDRESSES[1])

    async def _opened(self, destination: Destination, address: str) -> HttpConnection:
        _, connection = await asyncio.get_running_loop().create_connection(
            HttpConnection,
            address,
            destination.port,
            ssl=self._tls if destination.is_secure else None,
            server_hostname=destination.host if destination.is_secure else None,
        )
        return connection


def _encoded(
    destination: Destination, body: bytes, headers: Mapping[str, str]
) -> bytes:
    fields = {
        "host": destination.authority,
        "content-length": str(len(body)),
        "connection": "close",
        **headers,
    }
    lines = [f"POST {destination.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
