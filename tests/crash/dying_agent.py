"""The agent, killed by its own hand at one point of the journal. Run as a program.

    dying_agent.py CONFIG before|after ENTRY_KIND

SIGKILL comes as the n-th kind of entry is about to be written (`before`: its effect
has happened, its entry has not) or is durable (`after`): nothing gets to clean up.
What would share the write with it is cut off, as where the card takes longer.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from agent.app import serve
from agent.clock import SystemClock
from agent.journal.answers import StoredAnswer
from agent.journal.codec import kind_of
from agent.journal.details import Details
from agent.journal.entries import Entry
from agent.journal.journal import Journal, Recorded
from agent.journal.offline import SealPayment
from agent.log import configure_logging
from agent.settings import load_settings


class DyingJournal(Journal):
    """The real journal, and the end of the process at one of its entries."""

    when: str
    kind: str

    def begin(
        self,
        *entries: Entry,
        answer: StoredAnswer | None = None,
        held_card: bytes | None = None,
        seal: SealPayment | None = None,
        details: Details | None = None,
        folded: Sequence[Any] = (),
    ) -> asyncio.Future[Recorded]:
        kinds = [kind_of(entry) for entry in entries]
        kept = entries
        if self.kind in kinds:
            kept = entries[: kinds.index(self.kind) + (self.when == "after")]
        if not kept:
            _die()
        writing = super().begin(
            *kept,
            answer=answer,
            held_card=held_card,
            seal=seal,
            details=details,
            folded=folded,
        )
        return asyncio.ensure_future(_last(writing)) if self.kind in kinds else writing


async def _last(writing: asyncio.Future[Recorded]) -> Recorded:
    recorded = await writing
    _die()
    return recorded


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _open(path: Path) -> Journal:
    return await DyingJournal.open(path, clock=SystemClock())


def main() -> None:
    """Run until killed."""
    config, DyingJournal.when, DyingJournal.kind = sys.argv[1:]
    settings = load_settings(Path(config), os.environ)
    configure_logging(settings.log)
    uvloop.run(serve(settings, os.environ, open_journal=_open))


if __name__ == "__main__":
    main()
