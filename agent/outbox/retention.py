"""Old events go, a few at a time: no payment waits for a great tidying up."""

from __future__ import annotations

from datetime import timedelta

from agent.clock import Clock
from agent.errors import JournalUnavailable
from agent.journal.event_log import EventLog
from agent.log import get_logger
from agent.settings import EventSettings

log = get_logger(__name__)

LOOK_EVERY_S = 600.0
AT_ONCE = 100
"""How many events go in one transaction: a few milliseconds of a disk's time."""
PAUSE_S = 0.1
"""Between two of them, others write."""
LEAST = 1000
"""So many always stay: a clock that was wrong for a while must not take all."""


async def keep_forgetting(
    events: EventLog, *, clock: Clock, settings: EventSettings
) -> None:
    """Keep no more, and no older events than the settings say, until cancelled."""
    while True:
        try:
            await forget_old(events, clock=clock, settings=settings)
        except JournalUnavailable as error:
            log.warning("events.not_forgotten", code=error.code)
        await clock.sleep(LOOK_EVERY_S)


async def forget_old(
    events: EventLog, *, clock: Clock, settings: EventSettings
) -> None:
    """Forget what is too old or too much. Raises JournalUnavailable."""
    before = clock.now() - timedelta(seconds=settings.keep_s)
    number = AT_ONCE
    # What grows old meanwhile can wait for the next time.
    while number == AT_ONCE:
        oldest, through = (
            events.oldest(),
            events.old(
                before=before, most=settings.keep_most, least=LEAST, limit=AT_ONCE
            ),
        )
        if through is None:
            return
        await events.forget(through=through)
        number = through - oldest + 1
        await clock.sleep(PAUSE_S)
