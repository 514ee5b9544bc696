"""Firmware updates below the REST API in its own tests: they go as a test moves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from firmware_images import MODEL, image
from update_entries import update_requested

from agent.clock import Clock
from agent.errors import AgentError
from agent.events import EventBus
from agent.firmware.failures import UPDATE_CANCELED
from agent.firmware.gates import ReaderFacts, best_for
from agent.firmware.offers import Offers, chosen
from agent.firmware.record import UpdateRecord
from agent.firmware.updates import InstallRequest
from agent.ids import ReaderId, UpdateId
from agent.journal.journal import Journal
from agent.journal.update_entries import UpdateEntry, UpdateOutcome


class FakeUpdates:
    """Fulfils agent.rest.services.Updates; every reader runs 1.0."""

    def __init__(self, journal: Journal, *, events: EventBus, clock: Clock) -> None:
        self.requests: list[InstallRequest] = []
        self.bundles: list[str | None] = []
        self.refusal: AgentError | None = None
        self.moves: list[UpdateEntry] = []
        """How far an update comes at once."""
        self.on_look: Callable[[], None] | None = None
        """What happens whenever somebody looks at an update."""
        self.catalogue = (image("1.0"), image("2.0"), image("0.9", is_downgrade=True))
        self._journal = journal
        self._events = events
        self._clock = clock
        self._records: dict[ReaderId, UpdateRecord] = {}
        self._offers: dict[ReaderId, Offers] = {}

    def current(self, reader_id: ReaderId) -> UpdateRecord | None:
        if self.on_look is not None:
            self.on_look()
        return self._records.get(reader_id)

    def last_offers(self, reader_id: ReaderId) -> Offers | None:
        return self._offers.get(reader_id)

    async def check(self, reader_id: ReaderId, *, bundle: str | None = None) -> Offers:
        self.bundles.append(bundle)
        if self.refusal is not None:
            raise self.refusal
        facts = ReaderFacts(MODEL, "1.0", None, takes_firmware=True)
        best = best_for(facts, catalogue=self.catalogue)
        offers = Offers(facts, self.catalogue, best, checked_at=self._clock.now())
        self._offers[reader_id] = offers
        return offers

    async def request(
        self, reader_id: ReaderId, wanted: InstallRequest
    ) -> UpdateRecord:
        offers = await self.check(reader_id, bundle=wanted.bundle)
        found = chosen(offers, wanted.image)
        self.requests.append(wanted)
        entry = update_requested(UpdateId(f"upd_{len(self.requests)}"), reader_id)
        record = await UpdateRecord.begin(
            replace(
                entry,
                asked_by=wanted.asked_by,
                image=found.name,
                to_version=found.terms.firmware_version,
            ),
            store=self._journal.updates,
            events=self._events,
            clock=self._clock,
        )
        self._records[reader_id] = record
        await self.move(reader_id, *self.moves)
        return record

    async def cancel(self, reader_id: ReaderId) -> UpdateRecord | None:
        if self.refusal is not None:
            raise self.refusal
        record = self._records.get(reader_id)
        if record is not None and not record.update.is_ended:
            await record.end(
                UpdateOutcome.FAILED, code=UPDATE_CANCELED, message="Canceled."
            )
        return record

    async def move(self, reader_id: str, *entries: UpdateEntry) -> None:
        """Let the reader's update come so far."""
        record = self._records[ReaderId(reader_id)]
        for entry in entries:
            await record.add(replace(entry, update_id=record.update.update_id))
