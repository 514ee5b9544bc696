"""One update under way: what is known of it, and its way into the journal."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from agent.clock import Clock
from agent.errors import JournalError
from agent.events import EventBus, UpdateFinished, UpdateProgress, UpdateStarted
from agent.firmware.gates import Obstacle
from agent.firmware.states import AFTER_LOAD, UpdateState
from agent.firmware.update import Update, apply, begin, fold
from agent.ids import UpdateId
from agent.journal.update_entries import (
    LoadProgressed,
    LoadStarted,
    UpdateEnded,
    UpdateEntry,
    UpdateOutcome,
    UpdateRequested,
)
from agent.journal.updates import RecordedUpdate, UpdateStore
from agent.log import get_logger

log = get_logger(__name__)

RESTART_ESTIMATE_S = 60
"""What a restart adds to the estimate; readers differ."""
NOTED_PER_LOAD = 10
"""How often a load is written down: flash cards wear out."""


class UpdateRecord:
    """The update as the journal has it, and the only way to add to it."""

    def __init__(
        self, update: Update, *, store: UpdateStore, events: EventBus, clock: Clock
    ) -> None:
        self.update = update
        self.waits_for: Obstacle | None = None
        self.loaded_bytes = update.loaded_bytes
        """As the reader told last, ahead of what is written down."""
        self._store = store
        self._events = events
        self._clock = clock
        self._load_started_at: float | None = None
        self._noting: asyncio.Future[RecordedUpdate] | None = None

    @classmethod
    async def begin(
        cls,
        requested: UpdateRequested,
        *,
        store: UpdateStore,
        events: EventBus,
        clock: Clock,
    ) -> UpdateRecord:
        """Write the first entry; raises JournalUnavailable: then nothing has begun."""
        await store.append(requested)
        record = cls(begin(requested), store=store, events=events, clock=clock)
        record._tell()
        return record

    @classmethod
    def reopen(
        cls, update_id: UpdateId, *, store: UpdateStore, events: EventBus, clock: Clock
    ) -> UpdateRecord:
        """An update that the journal already knows."""
        recorded = store.entries_of(update_id)
        update = fold(one.entry for one in recorded)
        return cls(update, store=store, events=events, clock=clock)

    async def add(self, entry: UpdateEntry) -> None:
        """Write the next entry; durable when this returns.

        Raises IllegalUpdateStep before anything is written, JournalUnavailable where
        it could not be.
        """
        update = apply(self.update, entry)
        await self._noted()
        # Shielded: who waits may be canceled, what was begun is written.
        await asyncio.shield(asyncio.ensure_future(self._store.append(entry)))
        self.update = update
        self.waits_for = None
        if isinstance(entry, LoadStarted):
            self.loaded_bytes = 0
            self._load_started_at = self._clock.monotonic()
        self._tell()
        self._tell_milestone(entry)

    async def end(
        self, outcome: UpdateOutcome, *, code: str | None = None, message: str = ""
    ) -> None:
        """Write the last entry; raises as `add`."""
        await self.add(
            UpdateEnded(
                self.update.update_id,
                outcome,
                self.update.firmware_version,
                code,
                message if code is not None else None,
            )
        )

    async def reload(self) -> None:
        """Take the update as the journal has it, after a write that failed."""
        await self._noted()
        recorded = self._store.entries_of(self.update.update_id)
        self.update = fold(one.entry for one in recorded)

    def loaded(self, loaded_bytes: int) -> None:
        """The reader has taken so much; told to whoever listens, and noted at times."""
        before, self.loaded_bytes = self.percent, loaded_bytes
        if self.percent != before:
            self._tell()
        step = self.update.requested.length / NOTED_PER_LOAD
        is_writing = self._noting is not None and not self._noting.done()
        if loaded_bytes - self.update.loaded_bytes >= step and not is_writing:
            entry = LoadProgressed(self.update.update_id, loaded_bytes)
            self.update = apply(self.update, entry)
            self._noting = asyncio.ensure_future(self._store.append(entry))

    def wait_for(self, obstacle: Obstacle) -> None:
        """What the update waits for now."""
        if obstacle is not self.waits_for:
            self.waits_for = obstacle
            self._tell()

    @property
    def percent(self) -> int:
        """How much of the image the reader has, 0 to 100."""
        if self.update.state in AFTER_LOAD:
            return 100
        return min(100, self.loaded_bytes * 100 // self.update.requested.length)

    @property
    def remaining_s(self) -> int | None:
        """An estimate, from how quick the load was so far."""
        if self.update.state in {UpdateState.ACTIVATING, UpdateState.REBOOTING}:
            return RESTART_ESTIMATE_S
        if self.update.state is not UpdateState.LOADING or not self.loaded_bytes:
            return None
        elapsed_s = self._clock.monotonic() - (self._load_started_at or 0.0)
        left = self.update.requested.length - self.loaded_bytes
        return round(elapsed_s * left / self.loaded_bytes) + RESTART_ESTIMATE_S

    async def _noted(self) -> None:
        """Progress is no more than a note: one that is lost does no harm."""
        if self._noting is not None:
            with suppress(JournalError):
                await asyncio.shield(self._noting)
            self._noting = None

    def _tell(self) -> None:
        update = self.update
        self._events.publish(
            UpdateProgress(
                update.reader_id,
                update.update_id,
                state=update.state,
                waits_for=self.waits_for,
                percent=self.percent,
                remaining_s=self.remaining_s,
            )
        )

    def _tell_milestone(self, entry: UpdateEntry) -> None:
        update = self.update
        names = {"reader_id": update.reader_id, "update_id": update.update_id}
        log.info(
            "update.state", **names, state=update.state, image=update.requested.image
        )
        if isinstance(entry, LoadStarted):
            version = update.requested.to_version
            self._events.publish(
                UpdateStarted(update.reader_id, update.update_id, version)
            )
        if isinstance(entry, UpdateEnded):
            write = log.info if entry.outcome is UpdateOutcome.DONE else log.error
            write(
                "update.ended",
                **names,
                outcome=entry.outcome,
                firmware_version=entry.firmware_version,
                failure_code=entry.failure_code,
            )
            self._events.publish(
                UpdateFinished(
                    update.reader_id,
                    update.update_id,
                    outcome=entry.outcome,
                    firmware_version=entry.firmware_version,
                    failure_code=entry.failure_code,
                )
            )
