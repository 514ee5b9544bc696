"""Events to webhook endpoints: in order, until taken, each endpoint at its own pace.

An endpoint is sent the next event once it has taken the one before (any 2xx). What it
has taken is written down within a second: after a crash an event may come again, with
the same id.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from agent.clock import Clock, doubling
from agent.errors import JournalError, ResourceMissing
from agent.events import WebhookEndpointDisabled
from agent.ids import EndpointId
from agent.journal.event_log import EventLog, RecordedEvent
from agent.journal.webhook_endpoints import (
    WebhookEndpoint,
    WebhookEndpointStore,
    putting,
)
from agent.log import get_logger
from agent.outbox.lane import FAILING, UNSIGNABLE, Lane
from agent.outbox.sending import SecretMissing, Sender
from agent.outbox.stream import EventStream

log = get_logger(__name__)

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 3600.0
SAVED_WITHIN_S = 1.0
INTERRUPTED_S = 60.0
"""How long an endpoint is left alone where the journal, or the agent, has failed."""
READ_AT_ONCE = 100


class Deliveries:
    """The endpoints of this machine, and what is sent to them."""

    def __init__(
        self,
        *,
        store: WebhookEndpointStore,
        events: EventLog,
        stream: EventStream,
        sender: Sender,
        clock: Clock,
        disable_after: timedelta,
    ) -> None:
        self._store = store
        self._events = events
        self._stream = stream
        self._sender = sender
        self._clock = clock
        self._disable_after = disable_after
        self._lanes = {each.endpoint_id: Lane(each) for each in store.all()}
        self._serving: dict[EndpointId, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._unsaved: set[EndpointId] = set()
        self._is_unsaved = asyncio.Event()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for endpoint_id in self._lanes:
                    self._serve_anew(endpoint_id)
                self._tasks.create_task(self._keep_saving(), name="webhook positions")
        finally:
            self._tasks = None
            await self._save()

    def endpoints(self) -> list[WebhookEndpoint]:
        """Every endpoint, the newest first."""
        found = [lane.endpoint for lane in self._lanes.values()]
        return sorted(found, key=lambda e: (e.created_at, e.endpoint_id), reverse=True)

    def get(self, endpoint_id: str) -> WebhookEndpoint:
        """The endpoint; raises ResourceMissing."""
        return self._lane(endpoint_id).endpoint

    def pending(self, event: RecordedEvent) -> int:
        """How many endpoints have still to take it."""
        return sum(lane.waits_for(event) for lane in self._lanes.values())

    async def add(self, endpoint: WebhookEndpoint, *, secret: str) -> None:
        """Serve it from now on. Raises JournalUnavailable."""
        # First the secret: an endpoint without one could never be served.
        await self._sender.secrets.put(endpoint.endpoint_id, secret)
        try:
            await self._store.put(endpoint)
        except JournalError:
            await self._sender.secrets.delete(endpoint.endpoint_id)
            raise
        self._lanes[endpoint.endpoint_id] = Lane(endpoint)
        self._serve_anew(endpoint.endpoint_id)

    async def change(self, endpoint_id: str, **changes: Any) -> WebhookEndpoint:
        """Have it as its owner wants it; tried again at once where something waits.

        Raises ResourceMissing, JournalUnavailable.
        """
        lane = self._lane(endpoint_id)
        if changes.get("disabled_reason", "") is None:
            changes = {**changes, "failing_since": None}
        before = lane.endpoint
        lane.change(**changes)
        try:
            await self._store.put(lane.endpoint)
        except JournalError:
            lane.change(**{name: getattr(before, name) for name in changes})
            raise
        self._serve_anew(lane.endpoint.endpoint_id)
        return lane.endpoint

    async def delete(self, endpoint_id: str) -> WebhookEndpoint:
        """Send it nothing more; raises ResourceMissing, JournalUnavailable."""
        endpoint = self._lane(endpoint_id).endpoint
        await self._store.delete(endpoint.endpoint_id)
        del self._lanes[endpoint.endpoint_id]
        self._stop(endpoint.endpoint_id)
        await self._sender.secrets.delete(endpoint.endpoint_id)
        return endpoint

    def _lane(self, endpoint_id: str) -> Lane:
        lane = self._lanes.get(EndpointId(endpoint_id))
        if lane is None:
            raise ResourceMissing(
                f"No such webhook endpoint: '{endpoint_id[:100]}'",
                param="webhook_endpoint",
            )
        return lane

    def _serve_anew(self, endpoint_id: EndpointId) -> None:
        self._stop(endpoint_id)
        if self._tasks is not None and self._lanes[endpoint_id].is_enabled:
            self._serving[endpoint_id] = self._tasks.create_task(
                self._serve(self._lanes[endpoint_id]), name=f"webhooks {endpoint_id}"
            )

    def _stop(self, endpoint_id: EndpointId) -> None:
        serving = self._serving.pop(endpoint_id, None)
        if serving is not None:
            serving.cancel()

    async def _serve(self, lane: Lane) -> None:
        """One endpoint's task: event after event, while it is enabled."""
        while lane.is_enabled:
            try:
                await self._deliver(lane, await self._next(lane))
            except Exception as error:
                code = error.code if isinstance(error, JournalError) else None
                log.error(
                    "webhook.interrupted",
                    endpoint=lane.endpoint.endpoint_id,
                    code=code or type(error).__name__,
                    exc_info=code is None,
                )
                await self._clock.sleep(INTERRUPTED_S)

    async def _next(self, lane: Lane) -> RecordedEvent:
        """The next event that the endpoint wants, as soon as there is one."""
        while True:
            known = lane.endpoint.delivered_seq
            if known < (gone := self._events.oldest() - 1):
                names = {"endpoint": lane.endpoint.endpoint_id, "events": gone - known}
                log.error("webhook.events_gone", **names)
                lane.change(delivered_seq=gone)
                continue
            for event in self._events.read(after=known, limit=READ_AT_ONCE):
                if lane.wants(event):
                    return event
                lane.passed(event)
            if lane.endpoint.delivered_seq == known:
                await self._stream.beyond(known)
            else:
                self._note(lane)
                await asyncio.sleep(0)  # Many that nobody wants hold nobody up.

    async def _deliver(self, lane: Lane, event: RecordedEvent) -> None:
        """Send it until it is taken, or the endpoint is disabled."""
        waits = doubling(FIRST_RETRY_S, max_s=LONGEST_RETRY_S)
        while True:
            try:
                problem = await self._sender.send(
                    lane.endpoint, event, pending=self.pending(event)
                )
            except SecretMissing:
                await self._disable(lane, UNSIGNABLE)
                return
            self._note(lane)
            if problem is None:
                lane.took(event)
                return
            log.warning(
                "webhook.not_taken",
                endpoint=lane.endpoint.endpoint_id,
                event_id=event.event_id,
                problem=problem,
            )
            if lane.failed(self._clock.now()) >= self._disable_after:
                await self._disable(lane, FAILING)
                return
            await self._clock.sleep(next(waits))

    async def _disable(self, lane: Lane, reason: str) -> None:
        """Send nothing more, and tell so, in one transaction."""
        endpoint_id, at = lane.endpoint.endpoint_id, self._clock.now()
        lane.change(disabled_reason=reason)
        log.error("webhook.disabled", endpoint=endpoint_id, reason=reason)
        disabled = WebhookEndpointDisabled(endpoint_id, reason)
        try:
            await self._events.write(putting(lane.endpoint), [disabled], at=at)
        except JournalError:
            lane.change(disabled_reason=None)
            raise

    def _note(self, lane: Lane) -> None:
        self._unsaved.add(lane.endpoint.endpoint_id)
        self._is_unsaved.set()

    async def _keep_saving(self) -> None:
        while True:
            await self._is_unsaved.wait()
            waits = doubling(SAVED_WITHIN_S, max_s=30 * SAVED_WITHIN_S)
            while self._unsaved:
                await self._clock.sleep(next(waits))
                await self._save()
            self._is_unsaved.clear()

    async def _save(self) -> None:
        """Write down how far each endpoint is: many positions, one write."""
        unsaved, self._unsaved = self._unsaved, set()
        lanes = [self._lanes[each] for each in unsaved if each in self._lanes]
        if not lanes:
            return
        try:
            await self._store.put(*(lane.endpoint for lane in lanes))
        except JournalError:
            self._unsaved |= unsaved
