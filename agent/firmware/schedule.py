"""Looks for newer firmware by itself, and installs it where the settings say so."""

from __future__ import annotations

from agent.clock import Clock
from agent.errors import AgentError
from agent.firmware.image import FirmwareImage
from agent.firmware.updates import InstallRequest, Updates
from agent.ids import ReaderId
from agent.log import get_logger
from agent.readers.fleet import Fleet
from agent.settings import FirmwareSettings

log = get_logger(__name__)

SCHEDULE = "schedule"
"""Who asks where nobody does."""


async def keep_looking(
    updates: Updates, *, fleet: Fleet, clock: Clock, settings: FirmwareSettings
) -> None:
    """Check every reader once in each interval; ends by cancellation."""
    while True:
        await clock.sleep(settings.check_interval_s)
        for session in fleet.sessions():
            reader_id = session.record.reader_id
            try:
                await _look(reader_id, updates, settings=settings)
            except AgentError as error:
                log.info("update.not_checked", reader_id=reader_id, code=error.code)
            except Exception:
                # The outermost loop: a check that breaks must not end the agent.
                log.exception("update.check_defect", reader_id=reader_id)


async def _look(
    reader_id: ReaderId, updates: Updates, *, settings: FirmwareSettings
) -> None:
    last = updates.current(reader_id)
    if last is not None and not last.update.is_ended:
        return
    best = (await updates.check(reader_id)).best
    if settings.automatic != "install" or best is None:
        return
    if not _was_tried(best, updates, reader_id=reader_id):
        await updates.request(reader_id, InstallRequest(asked_by=SCHEDULE))


def _was_tried(image: FirmwareImage, updates: Updates, *, reader_id: ReaderId) -> bool:
    """Whether the last update was to this image: what went wrong once is for people."""
    last = updates.current(reader_id)
    return last is not None and last.update.requested.sha256 == image.sha256
