"""Wakes the right reader when a port comes or goes, as the system tells it."""

from __future__ import annotations

from typing import assert_never

from agent.clock import Clock
from agent.log import get_logger
from agent.readers.ports import port_of
from agent.readers.roster import Roster
from agent.readers.search import Search
from drivers.discovery.candidates import (
    Candidate,
    PortAdded,
    PortChange,
    PortRemoved,
    WatchPorts,
)
from drivers.errors import DriverError

log = get_logger(__name__)

WATCH_AGAIN_S = 60.0
"""After the system has refused to tell, or has fallen silent."""


class Hotplug:
    """News of ports, and where they go."""

    def __init__(
        self, roster: Roster, *, search: Search, watch: WatchPorts, clock: Clock
    ) -> None:
        self.problem: DriverError | None = None
        """Why nobody tells of ports that come and go; None while somebody does."""
        self._roster = roster
        self._search = search
        self._watch = watch
        self._clock = clock

    async def run(self) -> None:
        """Follow the news; ends by cancellation."""
        while True:
            try:
                await self._follow()
            except DriverError as error:
                self._tell_of(error)
            except Exception:
                # The outermost loop: readers come back without news, only later.
                log.exception("ports.defect")
            await self._clock.sleep(WATCH_AGAIN_S)

    async def _follow(self) -> None:
        async with self._watch() as changes:
            self.problem = None
            log.info("ports.watched")
            # What has changed before is in nobody's news.
            self._search.want()
            async for change in changes:
                self._take(change)

    def _take(self, change: PortChange) -> None:
        match change:
            case PortAdded(candidate):
                log.info("port.added", spec=candidate.spec)
                self._added(candidate)
            case PortRemoved(spec):
                log.info("port.removed", spec=spec)
                self._removed(spec)
            case _:
                assert_never(change)

    def _removed(self, spec: str) -> None:
        port = port_of(spec)
        for member in self._roster:
            if member.supervisor.port == port:
                member.supervisor.port_removed()

    def _added(self, candidate: Candidate) -> None:
        if candidate.is_boot_loader:
            return
        expected = self._roster.at(candidate.spec)
        for member in expected:
            member.supervisor.port_added()
        if expected:
            return
        named = (
            None
            if candidate.serial_number is None
            else self._roster.with_serial_number(candidate.serial_number)
        )
        if named is not None and named.supervisor.is_missing:
            named.supervisor.port_added(elsewhere=candidate.spec)
        else:
            self._search.ask_at(candidate)

    def _tell_of(self, error: DriverError) -> None:
        if self.problem is None:
            log.warning("ports.not_watched", code=error.code, reason=str(error))
        self.problem = error
