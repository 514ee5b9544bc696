"""Control of time: standing still, going on, jumping ahead, another day.

All of the simulators' waiting is done on this one clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from simulator.clock import AdjustableClock
from simulator.control.json_api import Body, read_body, route

CLOCK = "/simulator/clock"

_LATEST = int(datetime(9000, 1, 1, tzinfo=UTC).timestamp())
_LONGEST_S = 10 * 366 * 24 * 60 * 60

Settled = Callable[[], Awaitable[None]]
"""Returns when nothing is on its way to anyone else."""


class _Change(Body):
    """The body of `POST /simulator/clock`; what is left out stays as it is."""

    frozen: bool | None = None
    now: int | None = Field(default=None, ge=0, le=_LATEST)
    """Unix time; nothing falls due by setting it."""
    advance_s: float | None = Field(default=None, ge=0, le=_LONGEST_S)


def clock_routes(clock: AdjustableClock, *, settled: Settled) -> Sequence[BaseRoute]:
    """The routes that show and change `clock`."""

    async def show(request: Request) -> Response:
        return _shown(clock)

    async def change(request: Request) -> Response:
        change = await read_body(request, _Change)
        if change.frozen:
            clock.freeze()
        if change.now is not None:
            clock.set(datetime.fromtimestamp(change.now, UTC))
        if change.advance_s is not None:
            await _advance(clock, change.advance_s, settled)
        if change.frozen is False:
            clock.resume()
        return _shown(clock)

    return [route("GET", CLOCK, show), route("POST", CLOCK, change)]


async def _advance(clock: AdjustableClock, seconds: float, settled: Settled) -> None:
    """Advance timer by timer, so that what follows from one is over before the next."""
    end_s = clock.monotonic() + seconds
    while (due_s := clock.next_due_s()) is not None and due_s <= end_s:
        clock.advance(max(0.0, due_s - clock.monotonic()))
        await settled()
    clock.advance(max(0.0, end_s - clock.monotonic()))


def _shown(clock: AdjustableClock) -> Response:
    now = clock.now()
    return JSONResponse(
        {
            "now": int(now.timestamp()),
            "now_ms": int(now.timestamp() * 1000),
            "date": now.isoformat(timespec="seconds"),
            "frozen": clock.is_frozen,
        }
    )
