"""Deliveries of events to webhook endpoints: one lane each, retried on the clock.

A lane is served in the order of events, so that a run repeats; what Stripe does not
promise (order, once only) is broken by fault rules alone.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol, assert_never

from simulator.clock import Clock
from simulator.stripe_api.engine.events import EVENTS, Event
from simulator.stripe_api.engine.faults import (
    DelayWebhook,
    DuplicateWebhook,
    Faults,
    HoldWebhook,
    WebhookFault,
)
from simulator.stripe_api.engine.store import Stores
from simulator.stripe_api.resources.webhook_endpoints import (
    ENDPOINT_SECRETS,
    WEBHOOK_ENDPOINTS,
    WebhookEndpoint,
    subscribed,
)
from simulator.stripe_api.webhooks.log import Attempt, DeliveryLog
from simulator.stripe_api.webhooks.posting import PostFailed
from simulator.stripe_api.webhooks.signature import signature

HELD_AT_MOST_S = 60.0
"""A delivery held back for others that never come goes out after this."""

_TEST_RETRIES_S = (5 * 60.0, 30 * 60.0, 2 * 3600.0)
_LIVE_RETRIES_S = (*_TEST_RETRIES_S, 5 * 3600.0, 10 * 3600.0, *(4 * (12 * 3600.0,)))

RETRIES_S: Mapping[bool, tuple[float, ...]] = {
    False: _TEST_RETRIES_S,
    True: _LIVE_RETRIES_S,
}
"""Pauses before the retries, by livemode.

Stripe: three retries over a few hours in test mode, and up to three days in live mode.
"""


class Send(Protocol):
    """Sends one request and returns the status of its answer."""

    async def __call__(
        self, url: str, body: bytes, *, headers: Mapping[str, str]
    ) -> int:
        """Raises PostFailed where no answer came."""
        ...


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One event on its way to one endpoint."""

    event_id: str
    endpoint_id: str
    livemode: bool
    number: int = 1
    is_repeat: bool = False
    """Sent again by a fault rule: its outcome changes nothing."""


@dataclass(slots=True)
class _Lane:
    """What waits for one endpoint."""

    waiting: deque[_Delivery] = field(default_factory=deque)
    held: list[_Held] = field(default_factory=list)
    is_served: bool = False


@dataclass(slots=True)
class _Held:
    delivery: _Delivery
    behind: int
    """How many deliveries must go first."""


class Deliveries:
    """All webhooks of an account. Taking an event never waits."""

    def __init__(
        self,
        stores: Stores,
        *,
        send: Send,
        clock: Clock,
        signing_clock: Clock,
        faults: Faults,
    ) -> None:
        """Retries wait on `clock`; signatures carry the time of `signing_clock`.

        That is the receiver's own, as receivers refuse signatures of another day.
        """
        self.log = DeliveryLog()
        self._stores = stores
        self._send = send
        self._clock = clock
        self._signing_clock = signing_clock
        self._faults = faults
        self._lanes: dict[str, _Lane] = {}
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._under_way = 0
        self._settled = asyncio.Event()
        self._settled.set()

    async def run(self) -> None:
        """Deliver until cancelled; what falls due before waits for this."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._serve(await self._ready.get()))

    async def settled(self) -> None:
        """Return when nothing is on its way; retries and held ones do not count."""
        await self._settled.wait()

    def take(self, event: Event) -> None:
        """Send an event to the endpoints that want it."""
        store = self._stores(livemode=event["livemode"])
        endpoints = subscribed(store, event["type"])
        if not endpoints:
            return
        counted = event.copy()
        counted["pending_webhooks"] = len(endpoints)
        store.of(EVENTS).put(counted)
        for endpoint in endpoints:
            self._admit(
                _Delivery(event["id"], endpoint["id"], event["livemode"]),
                self._faults.strike_webhook(event["type"]),
            )

    def forget(self) -> None:
        """Send nothing of what waits; its objects are gone."""
        self.log.clear()
        for lane in self._lanes.values():
            self._done(len(lane.waiting))
            lane.waiting.clear()
            lane.held.clear()

    def _admit(self, delivery: _Delivery, fault: WebhookFault | None) -> None:
        match fault:
            case None:
                self._queue(delivery)
            case DuplicateWebhook(copies=copies, seconds=seconds):
                self._queue(delivery)
                for number in range(1, copies + 1):
                    self._repeat(delivery, after_s=number * seconds)
            case DelayWebhook(seconds=seconds):
                self._clock.call_later(seconds, partial(self._queue, delivery))
            case HoldWebhook(behind=behind):
                self._hold(_Held(delivery, behind))
            case _:
                assert_never(fault)

    def _queue(self, delivery: _Delivery) -> None:
        lane = self._lanes.setdefault(delivery.endpoint_id, _Lane())
        lane.waiting.append(delivery)
        self._under_way += 1
        self._settled.clear()
        if not lane.is_served:
            lane.is_served = True
            self._ready.put_nowait(delivery.endpoint_id)

    def _repeat(self, delivery: _Delivery, *, after_s: float) -> None:
        repeat = partial(self._queue, replace(delivery, is_repeat=True))
        if after_s:
            self._clock.call_later(after_s, repeat)
        else:
            repeat()

    def _hold(self, held: _Held) -> None:
        lane = self._lanes.setdefault(held.delivery.endpoint_id, _Lane())
        lane.held.append(held)

        def let_go() -> None:
            if held in lane.held:
                lane.held.remove(held)
                self._queue(held.delivery)

        self._clock.call_later(HELD_AT_MOST_S, let_go)

    async def _serve(self, endpoint_id: str) -> None:
        """Empty a lane, and take it away unless something is held there."""
        lane = self._lanes[endpoint_id]
        while lane.waiting:
            try:
                await self._deliver(lane.waiting.popleft())
            finally:
                self._let_go(lane)
                self._done(1)
        lane.is_served = False
        if not lane.held:
            del self._lanes[endpoint_id]

    def _let_go(self, lane: _Lane) -> None:
        for held in list(lane.held):
            held.behind -= 1
            if not held.behind:
                lane.held.remove(held)
                self._queue(held.delivery)

    def _done(self, number: int) -> None:
        self._under_way -= number
        if not self._under_way:
            self._settled.set()

    async def _deliver(self, delivery: _Delivery) -> None:
        store = self._stores(livemode=delivery.livemode)
        event = store.of(EVENTS).get(delivery.event_id)
        endpoint = store.of(WEBHOOK_ENDPOINTS).get(delivery.endpoint_id)
        if event is None or endpoint is None or endpoint["status"] != "enabled":
            return
        secret = store.of(ENDPOINT_SECRETS).get(endpoint["id"])
        attempt = await self._attempt(
            event,
            endpoint,
            secret="" if secret is None else secret["secret"],
            number=delivery.number,
        )
        self.log.add(attempt)
        if delivery.is_repeat:
            return
        if attempt.is_delivered:
            self._count_down(delivery)
        else:
            self._retry(delivery)

    async def _attempt(
        self, event: Event, endpoint: WebhookEndpoint, *, secret: str, number: int
    ) -> Attempt:
        version = endpoint["api_version"] or event["api_version"]
        body = json.dumps({**event, "api_version": version}, indent=2).encode()
        now = int(self._signing_clock.now().timestamp())
        headers = {
            "Accept": "*/*; q=0.5, application/xml",
            "Cache-Control": "no-cache",
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(body, secret=secret, at=now),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        status, error = None, None
        try:
            status = await self._send(endpoint["url"], body, headers=headers)
        except PostFailed as failed:
            error = str(failed)
        return Attempt(
            event=event["id"],
            type=event["type"],
            endpoint=endpoint["id"],
            url=endpoint["url"],
            number=number,
            created_ms=int(self._clock.now().timestamp() * 1000),
            status=status,
            error=error,
        )

    def _count_down(self, delivery: _Delivery) -> None:
        # Read again: other endpoints may have taken the event in the meantime.
        events = self._stores(livemode=delivery.livemode).of(EVENTS)
        event = events.get(delivery.event_id)
        if event is not None:
            counted = event.copy()
            counted["pending_webhooks"] -= 1
            events.put(counted)

    def _retry(self, delivery: _Delivery) -> None:
        pauses_s = RETRIES_S[delivery.livemode]
        if delivery.number <= len(pauses_s):
            again = replace(delivery, number=delivery.number + 1)
            pause_s = pauses_s[delivery.number - 1]
            self._clock.call_later(pause_s, partial(self._queue, again))
