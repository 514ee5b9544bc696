"""The way to Stripe's API. Tells what certainly had no effect from what may have had.

Bodies and keys are never logged. A request that may have had an effect is never
repeated here, not even a confirm on a pooled connection that turned out dead: a false
"lost" costs the caller one question, a wrong "not sent" could cost the cardholder twice.
The caller repeats it, with the journal and the same idempotency key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from typing import Any, Self

from agent.clock import doubling
from agent.settings import StripeKey
from agent.stripe_api.answers import Answer, usable
from agent.stripe_api.connections import QUESTIONS, Connections, Origin
from agent.stripe_api.errors import (
    AnswerLost,
    StripeKeyMissing,
    StripeUnreachable,
    TooManyRequests,
)
from agent.stripe_api.form import encode

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 2.0
"""Between a request that had no effect and its repetition; doubles from the first."""
LONGEST_WISH_S = 10.0
"""How long a request waits at most because Stripe wants it to."""

# RFC 9110, 7.6.1, and what is ours to say: these belong to one connection, not to the
# message, and end at the agent in both directions.
_PER_CONNECTION = frozenset(
    {"authorization", "host", "cookie", "set-cookie", "content-length", "connection"}
    | {"accept-encoding", "content-encoding", "transfer-encoding", "te", "trailer"}
    | {"keep-alive", "upgrade", "expect", "proxy-connection", "proxy-authorization"}
)


@dataclass(frozen=True, slots=True)
class ForwardedAnswer:
    """Stripe's answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Held:
    """The key in use; shared by all clients that are copies of one."""

    key: StripeKey | None


Measure = Callable[[str, str, float], None]


class StripeClient:
    """Sends requests with the agent's key; safe for concurrent use."""

    def __init__(
        self,
        connections: Connections,
        *,
        api_base: str,
        key: StripeKey | None,
        api_version: str,
        timeout_s: float,
        max_retries: int = 0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        measure: Measure = lambda method, outcome, seconds: None,
    ) -> None:
        """`timeout_s` is for one whole attempt, a third of it for connecting.

        `max_retries` is how often `request` repeats what certainly had no effect,
        unless it timed out. `measure` hears of each attempt: its method, its outcome
        (`2xx`, `4xx`, …, `unreachable` or `lost`) and how long it took.
        """
        self._measure = measure
        self._connections = connections
        self._origin = Origin.of(api_base)
        self._held = _Held(key)
        self._max_retries = max_retries
        self._sleep = sleep
        self._timeout_s = timeout_s
        self._connect_within_s: float | None = None
        self._headers = {
            "accept-encoding": "identity",  # bodies are passed on byte for byte
            "stripe-version": api_version,
            "user-agent": f"Cardlane/{version('cardlane')}",
        }

    def connecting_within(self, seconds: float) -> Self:
        """This client for who has another way: it waits so long for a connection."""
        hasty = copy(self)
        hasty._connect_within_s = seconds
        return hasty

    def holding(self, key: StripeKey) -> Self:
        """This client with another key, for who wants to try it."""
        other = copy(self)
        other._held = _Held(key)
        return other

    def renew(self, key: StripeKey) -> None:
        """Send what follows with this key; what is under way keeps the one it had."""
        self._held.key = key

    @property
    def key(self) -> StripeKey | None:
        """The key in use; printing it does not print it."""
        return self._held.key

    @property
    def has_key(self) -> bool:
        """Whether requests can be sent at all."""
        return self._held.key is not None

    @property
    def livemode(self) -> bool:
        """Whether the key moves real money; False without a key."""
        return self._held.key is not None and self._held.key.livemode

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """The JSON object that Stripe answers with.

        Raises StripeRefused (4xx), StripeUnreachable (it certainly had no effect: no
        connection, 429, or a GET without answer), AnswerLost (anything else: what it
        did is unknown) or StripeKeyMissing.
        """
        headers, body = {}, b""
        if params and method in QUESTIONS:
            path = f"{path}?{encode(params)}"
        elif params:
            body = encode(params).encode()
            headers["content-type"] = "application/x-www-form-urlencoded"
        if idempotency_key is not None:
            headers["idempotency-key"] = idempotency_key
        waits = doubling(FIRST_WAIT_S, max_s=LONGEST_WAIT_S)
        for wait_s in islice(waits, self._max_retries):
            try:
                return await self._ask(method, path, headers=headers, body=body)
            except TooManyRequests as error:
                wish_s = min(error.retry_after_s or 0.0, LONGEST_WISH_S)
                await self._sleep(max(wait_s, wish_s))
            except StripeUnreachable as error:
                if isinstance(error.__cause__, TimeoutError):
                    raise  # the caller has waited long enough
                await self._sleep(wait_s)
        return await self._ask(method, path, headers=headers, body=body)

    async def ask(
        self, path: str, *, params: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """The answer to a question that is asked once, since it is asked often.

        Raises as `request`; TooManyRequests says when to ask again.
        """
        target = f"{path}?{encode(params)}" if params else path
        return await self._ask("GET", target, headers={}, body=b"")

    async def forward(
        self,
        method: str,
        path_and_query: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
    ) -> ForwardedAnswer:
        """Pass a caller's request on under the agent's key, and the answer back.

        Bodies go through byte for byte, errors of Stripe's too. Raises
        StripeUnreachable, AnswerLost or StripeKeyMissing where there is no answer.
        """
        answer = await self._exchange(
            method, path_and_query, headers=_relayed(headers), body=body
        )
        return ForwardedAnswer(answer.status, _relayed(answer.headers), answer.body)

    async def _ask(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> dict[str, Any]:
        answer = await self._exchange(method, path, headers=headers, body=body)
        return usable(answer, is_question=method in QUESTIONS)

    async def _exchange(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """One request, one answer of any status."""
        key = self._held.key
        if key is None:
            raise StripeKeyMissing("this agent has no Stripe key")
        authorization = {"authorization": f"Bearer {key.reveal()}"}
        time_s = asyncio.get_running_loop().time
        began_s, outcome = time_s(), "unreachable"
        try:
            answer = await self._connections.exchange(
                method,
                path,
                origin=self._origin,
                headers={**self._headers, **headers, **authorization},
                body=body,
                timeout_s=self._timeout_s,
                connect_within_s=self._connect_within_s,
            )
            outcome = f"{answer.status // 100}xx"
        except AnswerLost:
            outcome = "lost"
            raise
        finally:
            self._measure(method, outcome, time_s() - began_s)
        return answer


def _relayed(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in headers.items()
        if name.lower() not in _PER_CONNECTION
    }
