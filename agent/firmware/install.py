"""One firmware update, read top to bottom: fetch, wait, load, activate, confirm.

Entry, effect, entry: whatever cuts this function off, it goes on from what the journal
proves. What was loaded in part is loaded again from its first byte; whether a reader
has heard of its activation is asked of the reader itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from agent.errors import ReaderBusy
from agent.firmware.gates import Obstacle, Window
from agent.firmware.on_reader import update_reader
from agent.firmware.record import UpdateRecord
from agent.firmware.states import BEFORE_ACTIVATION, UpdateState
from agent.firmware.workshop import NotNow, Workshop
from agent.journal.update_entries import ImageDownloaded, ImageVerified, InstallAwaited
from agent.log import get_logger
from agent.readers.session import ReaderSession
from drivers.errors import DriverError

log = get_logger(__name__)

PURPOSE = "a firmware update"
LOOK_AGAIN_S = {
    Obstacle.OFFLINE: 5.0,
    Obstacle.PAYMENT: 5.0,
    Obstacle.QUEUE: 5.0,
    Obstacle.WINDOW: 900.0,
    Obstacle.BATTERY: 300.0,
}
"""How soon an obstacle is looked at again; a window when it opens, if that is sooner."""


async def install(record: UpdateRecord, workshop: Workshop) -> None:
    """Carry the update on from where it stands, until it has ended.

    Raises InstallFailed and AgentError where it must fail, and JournalError where it
    is to be taken up again.
    """
    while not record.update.is_ended:
        if record.update.state in BEFORE_ACTIVATION:
            await _prepare(record, workshop)
        try:
            if workshop.turn.locked():
                record.wait_for(Obstacle.QUEUE)
            async with workshop.turn:
                with _reader_taken(record, workshop) as session:
                    await update_reader(record, session, workshop)
        except NotNow as not_now:
            await _wait(record, not_now.obstacle, workshop)
        except DriverError as error:
            log.warning(
                "update.interrupted",
                update_id=record.update.update_id,
                state=record.update.state,
                code=error.code,
            )
            await _wait(record, Obstacle.OFFLINE, workshop)


async def _prepare(record: UpdateRecord, workshop: Workshop) -> None:
    """Have the signed image on the disk, and wait; also after a load was cut off."""
    update_id, wanted = record.update.update_id, record.update.requested
    await workshop.catalog.fetch(
        wanted.image, digest=wanted.sha256, length=wanted.length, bundle=wanted.bundle
    )
    if record.update.state is UpdateState.IDLE:
        await record.add(ImageDownloaded(update_id))
    if record.update.state is UpdateState.DOWNLOADED:
        await workshop.catalog.read(digest=wanted.sha256, length=wanted.length)
        await record.add(ImageVerified(update_id))
    if record.update.state is not UpdateState.WAITING_WINDOW:
        await record.add(InstallAwaited(update_id))


@contextmanager
def _reader_taken(record: UpdateRecord, workshop: Workshop) -> Iterator[ReaderSession]:
    """The reader, for nobody else. Nothing waits between the look and the taking.

    Raises NotNow.
    """
    session = workshop.session()
    obstacle = _obstacle(record, session, workshop)
    if obstacle is not None:
        raise NotNow(obstacle)
    with ExitStack() as reservation:
        try:
            reservation.enter_context(session.reserve(PURPOSE))
        except ReaderBusy:
            raise NotNow(Obstacle.PAYMENT) from None
        yield session


def _obstacle(
    record: UpdateRecord, session: ReaderSession, workshop: Workshop
) -> Obstacle | None:
    """What stands in the way and can be seen without asking the reader."""
    if record.update.state not in BEFORE_ACTIVATION:
        return None
    if record.update.requested.waits_for_window:
        window = Window.parse(workshop.settings.window)
        if not window.is_open(workshop.local_time(workshop.clock.now())):
            return Obstacle.WINDOW
    if not workshop.is_idle():
        return Obstacle.PAYMENT
    return Obstacle.OFFLINE if session.reader is None else None


async def _wait(record: UpdateRecord, obstacle: Obstacle, workshop: Workshop) -> None:
    record.wait_for(obstacle)
    wait_s = LOOK_AGAIN_S[obstacle]
    if obstacle is Obstacle.WINDOW:
        window = Window.parse(workshop.settings.window)
        local = workshop.local_time(workshop.clock.now())
        wait_s = min(wait_s, window.seconds_until_open(local))
    await workshop.clock.sleep(wait_s)
