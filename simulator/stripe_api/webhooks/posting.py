"""One HTTP POST over a connection of its own, of whose answer only the status counts.

Redirects are not followed, as Stripe does not follow them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Set
from contextlib import suppress
from dataclasses import dataclass

from simulator.stripe_api.webhooks.destination import (
    Destination,
    is_allowed,
    parse_destination,
)

TIMEOUT_S = 10.0

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r?\n")


class PostFailed(Exception):
    """No answer came: refused, broken off, too late, or not HTTP."""


@dataclass(frozen=True, slots=True)
class LocalPost:
    """Posts to this machine, and to `hosts` where there are any."""

    hosts: Set[str] = frozenset()

    async def __call__(
        self, url: str, body: bytes, *, headers: Mapping[str, str]
    ) -> int:
        """The answer's status; raises PostFailed."""
        destination = parse_destination(url)
        if not is_allowed(destination, self.hosts):
            raise PostFailed(f"{destination.host} is not this machine")
        return await post(destination, body, headers=headers)


async def post(
    destination: Destination, body: bytes, *, headers: Mapping[str, str]
) -> int:
    """The answer's status; raises PostFailed. Waits on the machine's clock."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(
                destination.host, destination.port, ssl=destination.is_tls or None
            )
            try:
                writer.write(_request(destination, body, headers))
                return await _status(reader)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        raise PostFailed(f"no answer within {TIMEOUT_S:.0f} seconds") from None
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        raise PostFailed(str(error) or type(error).__name__) from error


def _request(
    destination: Destination, body: bytes, headers: Mapping[str, str]
) -> bytes:
    fields = {
        "Host": destination.authority,
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    lines = [f"POST {destination.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join((*lines, "", "")).encode("ascii") + body


async def _status(reader: asyncio.StreamReader) -> int:
    while True:
        found = _STATUS_LINE.fullmatch(await reader.readline())
        if found is None:
            raise ValueError("the answer is not HTTP")
        status = int(found[1])
        if status >= 200:
            return status
        # An interim answer, such as 100: the real one follows its headers.
        while (await reader.readline()).strip():
            pass
