"""The ASGI application: requests in, answers out, and what a fault makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.clock import Clock
from simulator.stripe_api.engine.answers import Answer
from simulator.stripe_api.engine.errors import ApiError
from simulator.stripe_api.engine.execution import Executor
from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    CutBody,
    Delay,
    Fault,
    Faults,
    LoseReply,
    ResetConnection,
    SlowBody,
    played_failure,
)
from simulator.stripe_api.engine.ids import Ids, Random
from simulator.stripe_api.engine.keys import KeyRing
from simulator.stripe_api.engine.operations import Resource
from simulator.stripe_api.engine.requests import RequestEntry, RequestLog
from simulator.stripe_api.engine.versions import LATEST, ApiVersion
from simulator.stripe_api.engine.wire import (
    pause,
    read_request,
    reset,
    send_answer,
    send_cut,
    send_slowly,
)

_CONSTANT_HEADERS = (
    (b"cache-control", b"no-cache, no-store"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Request-Id, Stripe-Manage-Version"),
)


class ApiServer:
    """Serves the operations of the given resources over HTTP."""

    def __init__(
        self,
        resources: Sequence[Resource],
        *,
        clock: Clock,
        random: Random,
        keys: KeyRing,
        version: ApiVersion = LATEST,
    ) -> None:
        """`version` is the account's own, for requests that name none and for events."""
        self.faults = Faults(random)
        self.requests = RequestLog()
        self._clock = clock
        self._ids = Ids(random)
        self.executor = Executor(
            resources, clock=clock, ids=self._ids, keys=keys, version=version
        )

    def forget(self) -> None:
        """Start anew: no fault rules and no logged requests."""
        self.faults.clear()
        self.requests.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        entry = RequestEntry(
            id=self._ids.new("req", length=14),
            method=scope["method"],
            path=scope["path"],
            created_ms=int(self._clock.now().timestamp() * 1000),
        )
        self.requests.add(entry)
        fault = self.faults.strike(entry.method, entry.path)
        entry.fault = None if fault is None else fault.kind
        if isinstance(fault, ResetConnection):
            await reset(scope, receive, send)
            return
        reply = await self._reply(scope, receive, entry=entry, fault=fault)
        entry.status = reply.status
        await self._send(scope, receive, send, reply=reply, fault=fault)

    async def _reply(
        self,
        scope: Scope,
        receive: Receive,
        *,
        entry: RequestEntry,
        fault: Fault | None,
    ) -> Answer:
        async def before_effect() -> None:
            if isinstance(fault, Delay):
                await pause(self._clock, fault.seconds)

        try:
            request = await read_request(scope, receive)
            if isinstance(fault, AnswerStatus):
                raise played_failure(fault)
            reply = await self.executor.execute(
                request, entry=entry, before_effect=before_effect
            )
        except ApiError as error:
            reply = self.executor.refusal(error, entry)
        named = (b"request-id", entry.id.encode())
        return replace(reply, headers=(*_CONSTANT_HEADERS, named, *reply.headers))

    async def _send(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        reply: Answer,
        fault: Fault | None,
    ) -> None:
        match fault:
            case LoseReply():
                await reset(scope, receive, send)
            case CutBody(after_bytes=after_bytes):
                await send_cut(scope, receive, send, reply, after_bytes=after_bytes)
            case SlowBody(seconds=seconds, piece_bytes=piece_bytes):
                await send_slowly(
                    send,
                    reply,
                    clock=self._clock,
                    piece_bytes=piece_bytes,
                    seconds=seconds,
                )
            case _:
                await send_answer(send, reply)


class Everything(BaseRoute):
    """All paths below a prefix, whatever bytes they are made of."""

    def __init__(self, prefix: str, app: ASGIApp) -> None:
        """`app` gets the whole path, the prefix included."""
        self._prefix = prefix
        self._app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Starlette's own Mount does not match a path with a line break."""
        is_below = scope["type"] == "http" and f"{scope['path']}/".startswith(
            f"{self._prefix}/"
        )
        return (Match.FULL if is_below else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request over."""
        await self._app(scope, receive, send)
