"""The firmware updates of this machine: offered, requested, taken up again, canceled.

One update per reader, and one reader at work at a time: while it is out of service,
the others of this machine take payments.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from agent.clock import Clock, doubling
from agent.errors import AgentError, InternalError, JournalError, JournalUnavailable
from agent.events import EventBus, UpdateAvailable
from agent.firmware.catalog import Catalog
from agent.firmware.errors import UpdateInProgress, UpdateTooLate
from agent.firmware.failures import UPDATE_CANCELED
from agent.firmware.gates import ReaderFacts, best_for, check_suitable, check_updatable
from agent.firmware.image import FirmwareImage
from agent.firmware.install import install
from agent.firmware.offers import Offers, chosen, facts_of
from agent.firmware.record import UpdateRecord
from agent.firmware.states import BEFORE_ACTIVATION
from agent.firmware.workshop import InstallFailed, Workshop
from agent.ids import Random, ReaderId, UpdateId, new_id
from agent.journal.journal import Journal
from agent.journal.update_entries import UpdateOutcome, UpdateRequested
from agent.log import get_logger
from agent.readers.fleet import Fleet
from agent.readers.session import ReaderSession
from agent.settings import FirmwareSettings
from drivers.reader import Reader

log = get_logger(__name__)

AGAIN_S = 0.5
AGAIN_MAX_S = 30.0


@dataclass(frozen=True, slots=True)
class InstallRequest:
    """What somebody wants installed."""

    asked_by: str
    """A local key's id, or agent.firmware.schedule.SCHEDULE."""
    image: str | None = None
    """Its name in the catalogue; None for the newest that is suitable."""
    bundle: str | None = None
    waits_for_window: bool = True


@dataclass(slots=True)
class _Running:
    record: UpdateRecord
    canceling: asyncio.Timeout | None = None
    is_canceled: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    at_rest: asyncio.Event = field(default_factory=asyncio.Event)
    """It has ended, or that cannot be written down now."""


class Updates:
    """The updates of every reader of this machine."""

    def __init__(
        self,
        *,
        journal: Journal,
        fleet: Fleet,
        catalog: Catalog,
        is_idle: Callable[[ReaderId], bool],
        events: EventBus,
        clock: Clock,
        random: Random,
        settings: FirmwareSettings,
        tasks: asyncio.TaskGroup,
        local_time: Callable[[datetime], datetime] = datetime.astimezone,
        configure: Callable[[Reader], Awaitable[None]] | None = None,
    ) -> None:
        """`configure` gives a reader again what an update may have reset."""
        self._journal = journal
        self._fleet = fleet
        self._catalog = catalog
        self._is_idle = is_idle
        self._events = events
        self._clock = clock
        self._random = random
        self._settings = settings
        self._tasks = tasks
        self._local_time = local_time
        self._configure = configure or _leave_as_it_is
        self._turn = asyncio.Lock()
        self._running: dict[ReaderId, _Running] = {}
        self._offers: dict[ReaderId, Offers] = {}
        self._requesting = asyncio.Lock()

    def start(self) -> None:
        """Take up what was cut off; its readers are out of service where they must be."""
        for update_id in self._journal.updates.unfinished():
            self._begin(self._reopen(update_id))

    def current(self, reader_id: ReaderId) -> UpdateRecord | None:
        """The reader's update, under way or the last one."""
        running = self._running.get(reader_id)
        if running is not None:
            return running.record
        latest = self._journal.updates.latest_of(reader_id)
        return None if latest is None else self._reopen(latest)

    def last_offers(self, reader_id: ReaderId) -> Offers | None:
        """What the last check has found for the reader, without asking again."""
        return self._offers.get(reader_id)

    async def check(self, reader_id: ReaderId, *, bundle: str | None = None) -> Offers:
        """Ask the repository, or the bundle, what there is for this reader.

        Raises ResourceMissing, ReaderOffline, FirmwareUnsupported,
        FirmwareNotConfigured and CatalogError.
        """
        facts = facts_of(self._fleet.session(reader_id))
        check_updatable(facts)
        images = await self._catalog.images(bundle)
        return self._note_offers(reader_id, facts, images)

    async def request(
        self, reader_id: ReaderId, wanted: InstallRequest
    ) -> UpdateRecord:
        """Begin an update; durable when this returns.

        Raises what `check` raises, ImageMissing, ImageUnsuitable, UpdateInProgress and
        JournalUnavailable: then nothing has begun.
        """
        async with self._requesting:
            self._refuse_second(reader_id)
            offers = await self.check(reader_id, bundle=wanted.bundle)
            image = chosen(offers, wanted.image)
            check_suitable(image, offers.reader, catalogue=offers.catalogue)
            record = await UpdateRecord.begin(
                self._entry(self._fleet.session(reader_id), image, wanted),
                store=self._journal.updates,
                events=self._events,
                clock=self._clock,
            )
            self._begin(record)
            return record

    async def cancel(self, reader_id: ReaderId) -> UpdateRecord | None:
        """End the reader's update; None where there is none under way.

        Returns with it ended. Raises UpdateTooLate once the reader may have been told
        to run the new image, and JournalUnavailable.
        """
        running = self._running.get(reader_id)
        if running is None:
            return None
        if running.record.update.state not in BEFORE_ACTIVATION:
            raise UpdateTooLate("The reader may already run the new firmware.")
        running.is_canceled = True
        running.at_rest.clear()
        if running.canceling is not None:
            running.canceling.reschedule(0.0)
        await running.at_rest.wait()
        if not running.ended.is_set():
            raise JournalUnavailable(
                "The update was stopped, and that cannot be written down yet."
            )
        return running.record

    async def wait_ended(self, update_id: UpdateId) -> UpdateRecord:
        """The update once it has ended."""
        for running in self._running.values():
            if running.record.update.update_id == update_id:
                await running.ended.wait()
                return running.record
        return self._reopen(update_id)

    def _refuse_second(self, reader_id: ReaderId) -> None:
        running = self._running.get(reader_id)
        if running is not None:
            update = running.record.update
            raise UpdateInProgress(
                f"Update {update.update_id} to {update.requested.to_version} is "
                f"{update.state}."
            )

    def _entry(
        self, session: ReaderSession, image: FirmwareImage, wanted: InstallRequest
    ) -> UpdateRequested:
        facts, terms = facts_of(session), image.terms
        return UpdateRequested(
            update_id=UpdateId(new_id("upd", self._random)),
            reader_id=session.record.reader_id,
            serial_number=session.record.serial_number,
            asked_by=wanted.asked_by,
            image=image.name,
            sha256=image.sha256,
            length=image.length,
            image_type=terms.image_type,
            from_version=facts.firmware_version,
            to_version=terms.firmware_version,
            requires_reboot=terms.requires_reboot,
            min_battery_percent=terms.min_battery_percent,
            bundle=wanted.bundle,
            waits_for_window=wanted.waits_for_window,
        )

    def _begin(self, record: UpdateRecord) -> None:
        running = _Running(record)
        self._running[record.update.reader_id] = running
        self._tasks.create_task(
            self._carry_out(running), name=f"update {record.update.update_id}"
        )

    def _reopen(self, update_id: UpdateId) -> UpdateRecord:
        return UpdateRecord.reopen(
            update_id,
            store=self._journal.updates,
            events=self._events,
            clock=self._clock,
        )

    async def _carry_out(self, running: _Running) -> None:
        """One update's task: until it has ended, however often the journal fails."""
        record = running.record
        waits = doubling(AGAIN_S, max_s=AGAIN_MAX_S)
        while not record.update.is_ended:
            try:
                await self._attempt(running)
            except JournalError as error:
                log.error(
                    "update.not_written",
                    update_id=record.update.update_id,
                    code=error.code,
                )
                running.at_rest.set()
                await self._clock.sleep(next(waits))
                with suppress(JournalError):
                    await record.reload()
        del self._running[record.update.reader_id]
        self._forget_image(record.update.requested.sha256)
        running.ended.set()
        running.at_rest.set()

    def _forget_image(self, digest: str) -> None:
        """Unless another update waits for it."""
        running = self._running.values()
        if all(one.record.update.requested.sha256 != digest for one in running):
            self._catalog.forget(digest)

    async def _attempt(self, running: _Running) -> None:
        """Once through `install`; what it cannot go on from ends the update."""
        record = running.record
        fail = partial(record.end, UpdateOutcome.FAILED)
        try:
            async with _cancelable(running):
                await install(record, self._workshop(record.update.reader_id))
        except _Canceled:
            await fail(code=UPDATE_CANCELED, message="The update was canceled.")
        except InstallFailed as failure:
            await fail(code=failure.code, message=str(failure))
        except JournalError:
            raise
        except AgentError as error:
            await fail(code=error.code, message=error.message)
        except Exception:
            # The outermost loop: a defect in one driver must not end the others.
            log.exception("update.defect", update_id=record.update.update_id)
            await fail(
                code=InternalError.code, message="A defect; see the agent's log."
            )

    def _workshop(self, reader_id: ReaderId) -> Workshop:
        return Workshop(
            session=partial(self._fleet.session, reader_id),
            catalog=self._catalog,
            clock=self._clock,
            local_time=self._local_time,
            settings=self._settings,
            turn=self._turn,
            is_idle=partial(self._is_idle, reader_id),
            note_version=partial(self._fleet.note_firmware, reader_id),
            configure=self._configure,
        )

    def _note_offers(
        self,
        reader_id: ReaderId,
        facts: ReaderFacts,
        images: Sequence[FirmwareImage],
    ) -> Offers:
        best = best_for(facts, catalogue=images)
        offers = Offers(facts, tuple(images), best, checked_at=self._clock.now())
        self._offers[reader_id] = offers
        if best is not None:
            version = best.terms.firmware_version
            self._events.publish(UpdateAvailable(reader_id, version, best.name))
        return offers


class _Canceled(Exception):
    """Somebody does not want the update any more."""


@asynccontextmanager
async def _cancelable(running: _Running) -> AsyncIterator[None]:
    """Within the context `cancel` has something to cut off. Raises _Canceled."""
    try:
        async with asyncio.timeout(None) as running.canceling:
            if running.is_canceled:
                running.canceling.reschedule(0.0)
            yield
    except TimeoutError:
        if not running.is_canceled:
            raise
        raise _Canceled from None
    finally:
        running.canceling = None


async def _leave_as_it_is(reader: Reader) -> None:
    """The agent configures no reader: what one needs, its driver does on opening."""
