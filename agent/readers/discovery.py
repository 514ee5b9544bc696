"""Discovery: who is at which port, told as soon as it is known, and left at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from agent.log import get_logger
from agent.readers.discovered import DiscoveryMethod, Source
from agent.readers.discovery_run import DiscoveryRun
from agent.readers.ports import Ports, port_of
from agent.readers.roster import Roster
from drivers.discovery.candidates import Candidate

log = get_logger(__name__)


class Discovery:
    """Runs of discovery, each independent of the others."""

    def __init__(
        self,
        roster: Roster,
        *,
        ports: Ports,
        sources: Mapping[DiscoveryMethod, Source],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._roster = roster
        self._ports = ports
        self._sources = sources
        self._tasks = tasks
        self._models: dict[str, str] = {}

    async def listed(self) -> list[Candidate]:
        """Ports that are there now, of all methods that need no listening."""
        found = await asyncio.gather(
            *(source.listed() for source in self._sources.values()),
            return_exceptions=True,
        )
        candidates: list[Candidate] = []
        for one in found:
            if isinstance(one, BaseException):
                log.warning("discovery.not_listed", error=type(one).__name__)
            else:
                candidates.extend(one)
        return candidates

    def model_at(self, spec: str) -> str | None:
        """What the latest discovery took the reader on this port for, unasked."""
        return self._models.get(port_of(spec))

    @contextmanager
    def running(
        self, methods: Iterable[DiscoveryMethod], *, timeout_s: float | None
    ) -> Iterator[DiscoveryRun]:
        """Within the context discovery goes on; iterate it for its events.

        Without `timeout_s` it ends when every port has answered or failed; with it, it
        also tells of readers that are plugged in meanwhile.
        """
        run = DiscoveryRun(
            {method: self._sources.get(method, Source()) for method in methods},
            roster=self._roster,
            ports=self._ports,
            models=self._models,
            timeout_s=timeout_s,
        )
        task = self._tasks.create_task(run.work(), name="discovery")
        try:
            yield run
        finally:
            task.cancel()
