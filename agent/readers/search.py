"""Looks for registered readers at ports that are not theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from agent.clock import Clock
from agent.log import get_logger
from agent.readers.ports import Ports, port_of
from agent.readers.roster import Roster
from drivers.discovery.candidates import Candidate
from drivers.errors import DriverError

log = get_logger(__name__)

STRANGER_S = 60.0
"""How long a port is left alone after a reader was found there that is nobody's."""

ListCandidates = Callable[[], Awaitable[Iterable[Candidate]]]


class Search:
    """Asks at ports only while a registered reader is missing, one round at a time."""

    def __init__(
        self,
        roster: Roster,
        *,
        ports: Ports,
        candidates: ListCandidates,
        clock: Clock,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._roster = roster
        self._ports = ports
        self._candidates = candidates
        self._clock = clock
        self._tasks = tasks
        self._wanted = asyncio.Event()
        self._strangers: dict[str, float] = {}

    def want(self) -> None:
        """Look around once more, as soon as the round under way has ended."""
        self._wanted.set()

    async def run(self) -> None:
        """Look around whenever that is wanted; ends by cancellation."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._look_around()
            except Exception:
                # The outermost loop: whatever a port's driver does, others are sought.
                log.exception("readers.search_failed")

    def ask_at(self, candidate: Candidate) -> None:
        """A port has come: look there, if a reader is missing that may be there."""
        port = port_of(candidate.spec)
        self._strangers.pop(port, None)
        if self._may_hold_a_missing_one(candidate):
            self._tasks.create_task(self._ask(candidate), name=f"ask at {port}")

    def _may_hold_a_missing_one(self, candidate: Candidate) -> bool:
        """Nobody speaks to a device that is nothing like a reader."""
        missing = self._roster.missing()
        if not missing or candidate.is_boot_loader:
            return False
        if candidate.model is not None:
            return True
        # An adapter says nothing of the reader behind it.
        scheme = candidate.spec.partition(":")[0]
        return any(m.record.spec.startswith(f"{scheme}:") for m in missing)

    async def _look_around(self) -> None:
        if self._roster.missing():
            await asyncio.gather(*map(self._ask, await self._places()))

    async def _places(self) -> list[Candidate]:
        """Ports where a missing reader may be, apart from its own."""
        listed = [
            candidate
            for candidate in await self._candidates()
            if not candidate.is_boot_loader and not self._roster.at(candidate.spec)
        ]
        # On these sits a reader of another make than the one that is expected there.
        puzzling = [
            Candidate(member.record.spec, "port of another reader")
            for member in self._roster.missing()
            if member.supervisor.is_misunderstood
        ]
        return [*listed, *puzzling]

    async def _ask(self, candidate: Candidate) -> None:
        spec = candidate.spec
        if self._is_strangers(spec) or self._roster.member_online_at(spec) is not None:
            return
        try:
            reader = await self._ports.opened(spec, model=candidate.model)
        except DriverError as error:
            log.debug("readers.not_there", spec=spec, code=error.code)
            return
        except Exception:
            # A driver's outermost frame: the trouble of one port is no other's.
            log.exception("reader.defect", spec=spec)
            return
        if self._roster.with_serial_number(reader.info.serial_number) is None:
            self._strangers[port_of(spec)] = self._clock.monotonic()
        await self._roster.take(reader, spec)

    def _is_strangers(self, spec: str) -> bool:
        seen_at_s = self._strangers.get(port_of(spec))
        return seen_at_s is not None and (
            self._clock.monotonic() - seen_at_s < STRANGER_S
        )
