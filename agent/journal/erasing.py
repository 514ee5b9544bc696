"""Erases what the journal keeps for a day, once the day is over."""

from __future__ import annotations

from agent.clock import Clock
from agent.errors import JournalUnavailable
from agent.journal.details import KEPT_FOR
from agent.journal.journal import Journal
from agent.log import get_logger

log = get_logger(__name__)

EVERY_S = 600.0
"""How much longer than a day something may be on the disk; it is shown no longer."""


async def keep_erasing(journal: Journal, *, clock: Clock) -> None:
    """Until cancelled; a disk that cannot be written is tried again."""
    while True:
        try:
            await journal.details.forget_old()
            await journal.answers.prune(clock.now() - KEPT_FOR)
        except JournalUnavailable as error:
            log.warning("journal.not_erased", reason=error.message)
        await clock.sleep(EVERY_S)
