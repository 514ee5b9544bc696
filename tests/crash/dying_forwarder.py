"""The agent, killed by its own hand while it forwards. Run as a program.

    dying_forwarder.py CONFIG before|after ENTRY_KIND COUNT

SIGKILL comes at the COUNT-th such entry of stored payments: as it is about to be written
(`before`: its effect has happened, its entry has not) or when it is durable (`after`).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from agent.app import serve
from agent.clock import SystemClock
from agent.events import Event
from agent.journal.journal import Journal
from agent.journal.offline import (
    OFFLINE_KINDS,
    Beside,
    OfflineStore,
    RecordedOffline,
)
from agent.journal.offline_entries import OfflineEntry
from agent.log import configure_logging
from agent.settings import load_settings


class DyingStore(OfflineStore):
    """The real store, and the end of the process at one of its entries."""

    when: str
    kind: str
    count: int

    async def append(
        self,
        entry: OfflineEntry,
        *,
        told: Sequence[Event] = (),
        beside: Beside | None = None,
    ) -> RecordedOffline:
        is_meant = OFFLINE_KINDS.kind_of(entry) == self.kind
        DyingStore.count -= is_meant
        if is_meant and self.count == 0:
            if self.when == "after":
                await super().append(entry, told=told, beside=beside)
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().append(entry, told=told, beside=beside)


async def _open(path: Path) -> Journal:
    journal = await Journal.open(path, clock=SystemClock())
    journal.offline.__class__ = DyingStore
    return journal


def main() -> None:
    """Run until killed."""
    config, DyingStore.when, DyingStore.kind, count = sys.argv[1:]
    DyingStore.count = int(count)
    settings = load_settings(Path(config), os.environ)
    configure_logging(settings.log)
    uvloop.run(serve(settings, os.environ, open_journal=_open))


if __name__ == "__main__":
    main()
