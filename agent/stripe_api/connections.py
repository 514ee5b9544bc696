"""HTTP with aiohttp, and which of its failures mean that nothing was sent.

Imported only when the first request is made: it takes as long to load as all the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from yarl import URL

from agent.stripe_api.answers import Answer
from agent.stripe_api.errors import AnswerLost, StripeUnreachable

IDLE_S = 30.0
"""How long an idle connection is kept: less than Stripe and most routers keep it, so
that a request is hardly ever lost because the other side had hung up unnoticed."""

# aiohttp repeats GET and DELETE by itself where a pooled connection turns out dead.
QUESTIONS = frozenset({"GET", "HEAD"})

_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
)


class Connections:
    """Pooled connections; make and close it within the event loop.

    asyncio and uvloop set TCP_NODELAY on each: no request waits for an ACK.
    """

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=IDLE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        timeout_s: float,
    ) -> Answer:
        """One request, one answer of any status; a third of the time for connecting.

        Raises StripeUnreachable where it certainly had no effect, else AnswerLost.
        """
        if method not in QUESTIONS:
            await _notice_closed_connections()
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body or None,
                timeout=aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s / 3),
                allow_redirects=False,
            ) as response:
                return Answer(
                    status=response.status,
                    headers=response.headers,
                    body=await response.read(),
                )
        except _NOT_SENT as error:
            raise StripeUnreachable(f"no connection to Stripe: {error}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = f"no answer from Stripe: {type(error).__name__}"
            if method in QUESTIONS:
                raise StripeUnreachable(reason) from error
            raise AnswerLost(reason) from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.close()


async def _notice_closed_connections() -> None:
    """Let the loop poll once, so that the pool drops connections already closed.

    In the first turn this coroutine goes on before what the poll has brought.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)
