"""One discovery: ports found, asked and told, until everything is known or time is up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import assert_never

from agent.errors import InternalError
from agent.log import get_logger
from agent.readers.claims import PortOfOtherAccount
from agent.readers.discovered import (
    BOOT_LOADER,
    SCHEMES,
    DiscoveredReader,
    DiscoveryEnd,
    DiscoveryEnded,
    DiscoveryEvent,
    DiscoveryMethod,
    DiscoveryProgress,
    DiscoveryStep,
    MethodFailed,
    Source,
)
from agent.readers.ports import Ports, port_of
from agent.readers.roster import Member, Roster
from drivers.discovery.candidates import (
    Candidate,
    PortAdded,
    PortChange,
    PortRemoved,
    WatchPorts,
)
from drivers.errors import (
    DriverError,
    PortWatchUnavailable,
    ReaderTimeout,
    TransportError,
)

log = get_logger(__name__)

MOST_AT_ONCE = {DiscoveryMethod.BLUETOOTH: 1}
"""An adapter connects to one device after the other; other ports do not share."""
_PLENTY = 256


class DiscoveryRun:
    """One discovery, an iterator over its events; DiscoveryEnded is the last."""

    def __init__(
        self,
        sources: Mapping[DiscoveryMethod, Source],
        *,
        roster: Roster,
        ports: Ports,
        models: dict[str, str],
        timeout_s: float | None,
    ) -> None:
        """`models` is where the run keeps what each port seems to hold."""
        self._sources = sources
        self._roster = roster
        self._ports = ports
        self._models = models
        self._timeout_s = timeout_s
        self._events: asyncio.Queue[DiscoveryEvent] = asyncio.Queue()
        self._found: dict[str, DiscoveredReader] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._steps: dict[str, DiscoveryStep] = {}
        self._turns = {
            method: asyncio.Semaphore(MOST_AT_ONCE.get(method, _PLENTY))
            for method in sources
        }
        self._has_ended = False

    def __aiter__(self) -> DiscoveryRun:
        return self

    async def __anext__(self) -> DiscoveryEvent:
        if self._has_ended:
            raise StopAsyncIteration
        event = await self._events.get()
        self._has_ended = isinstance(event, DiscoveryEnded)
        return event

    async def work(self) -> None:
        """Find and ask; ends by itself or by cancellation."""
        reason = DiscoveryEnd.COMPLETE
        try:
            async with asyncio.timeout(self._timeout_s), asyncio.TaskGroup() as tasks:
                for method, source in self._sources.items():
                    tasks.create_task(self._look(method, source, tasks))
        except TimeoutError:
            reason = DiscoveryEnd.TIMED_OUT
            for port, step in self._steps.items():
                if step in {DiscoveryStep.FOUND, DiscoveryStep.ASKED}:
                    self._fail(port, ReaderTimeout.code)
        except Exception:
            # The task's outermost frame: its listener hears of an end all the same.
            log.exception("discovery.defect")
        self._events.put_nowait(DiscoveryEnded(reason))

    async def _look(
        self, method: DiscoveryMethod, source: Source, tasks: asyncio.TaskGroup
    ) -> None:
        try:
            if source.watch is not None and (self._timeout_s or source.scan_s):
                await self._list_and_listen(method, source, source.watch, tasks=tasks)
            else:
                await self._list(method, source, tasks)
        except DriverError as error:
            of_wire = error if isinstance(error, TransportError) else None
            message = str(error) if of_wire is None else of_wire.reason
            self._fail_method(method, error.code, message)
        except Exception as error:
            # A method's outermost frame: its defect is no other method's.
            log.exception("discovery.defect", method=method)
            self._fail_method(method, InternalError.code, type(error).__name__)

    async def _list_and_listen(
        self,
        method: DiscoveryMethod,
        source: Source,
        watch: WatchPorts,
        *,
        tasks: asyncio.TaskGroup,
    ) -> None:
        seconds = source.scan_s if self._timeout_s is None else None
        try:
            async with watch() as changes:
                await self._list(method, source, tasks)
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        async for change in changes:
                            self._take(change, method, tasks)
        except PortWatchUnavailable:
            # What is there can be listed without news of what comes.
            if source.scan_s is not None:
                raise
            await self._list(method, source, tasks)

    async def _list(
        self, method: DiscoveryMethod, source: Source, tasks: asyncio.TaskGroup
    ) -> None:
        for candidate in await source.listed():
            if port_of(candidate.spec) not in self._found:
                self._add(candidate, method, tasks)

    def _fail_method(self, method: DiscoveryMethod, code: str, message: str) -> None:
        self._events.put_nowait(MethodFailed(method, code, message))

    def _take(
        self, change: PortChange, method: DiscoveryMethod, tasks: asyncio.TaskGroup
    ) -> None:
        match change:
            case PortAdded(candidate):
                is_of_method = candidate.spec.startswith(f"{SCHEMES[method]}:")
                if is_of_method and self._is_news(candidate):
                    self._add(candidate, method, tasks)
            case PortRemoved(spec):
                port = port_of(spec)
                if port in self._asking:
                    self._asking[port].cancel()
                if port in self._found and spec.startswith(f"{SCHEMES[method]}:"):
                    self._tell(DiscoveryStep.GONE, self._found[port])
            case _:
                assert_never(change)

    def _is_news(self, candidate: Candidate) -> bool:
        port = port_of(candidate.spec)
        if port not in self._found:
            # Whatever else was plugged in must not be spoken to.
            return candidate.model is not None
        return self._steps[port] in {DiscoveryStep.FAILED, DiscoveryStep.GONE}

    def _add(
        self, candidate: Candidate, method: DiscoveryMethod, tasks: asyncio.TaskGroup
    ) -> None:
        port = port_of(candidate.spec)
        if candidate.model is not None:
            self._models[port] = candidate.model
        reader = DiscoveredReader(
            candidate.spec,
            method,
            candidate.description,
            model=candidate.model,
            serial_number=candidate.serial_number,
        )
        self._tell(DiscoveryStep.FOUND, reader)
        if candidate.is_boot_loader:
            self._fail(port, BOOT_LOADER)
            return
        task = tasks.create_task(self._ask(candidate, method))
        self._asking[port] = task
        task.add_done_callback(partial(self._asked, port))

    def _asked(self, port: str, task: asyncio.Task[None]) -> None:
        # Who was canceled may end after somebody else has begun to ask there.
        if self._asking.get(port) is task:
            del self._asking[port]

    async def _ask(self, candidate: Candidate, method: DiscoveryMethod) -> None:
        port = port_of(candidate.spec)
        online = self._roster.member_online_at(candidate.spec)
        if online is not None:
            self._identify(port, online)
            return
        async with self._turns[method]:
            self._tell(DiscoveryStep.ASKED, self._found[port])
            try:
                await self._hear(candidate, port)
            except DriverError as error:
                self._fail(port, error.code)
            except Exception:
                # A driver's outermost frame: the trouble of one port is no other's.
                log.exception("reader.defect", spec=candidate.spec)
                self._fail(port, InternalError.code)

    async def _hear(self, candidate: Candidate, port: str) -> None:
        reader = await self._ports.opened(candidate.spec, model=candidate.model)
        info = reader.info
        # A registered reader that was sought goes on from here.
        await self._roster.take(reader, candidate.spec)
        if self._roster.is_others(info.serial_number):
            raise PortOfOtherAccount("the reader is registered in another account")
        known = self._roster.with_serial_number(info.serial_number)
        identified = replace(
            self._found[port],
            model=info.model,
            serial_number=info.serial_number,
            registered_as=None if known is None else known.record.reader_id,
        )
        self._tell(DiscoveryStep.IDENTIFIED, identified)

    def _identify(self, port: str, member: Member) -> None:
        record = member.record
        identified = replace(
            self._found[port],
            model=record.model,
            serial_number=record.serial_number,
            registered_as=record.reader_id,
        )
        self._tell(DiscoveryStep.IDENTIFIED, identified)

    def _fail(self, port: str, problem: str) -> None:
        reader = self._found[port]
        expected = self._roster.at(reader.registration_code)
        failed = replace(
            reader,
            problem=problem,
            registered_as=expected[0].record.reader_id if expected else None,
        )
        self._tell(DiscoveryStep.FAILED, failed)

    def _tell(self, step: DiscoveryStep, reader: DiscoveredReader) -> None:
        port = port_of(reader.registration_code)
        self._found[port], self._steps[port] = reader, step
        self._events.put_nowait(DiscoveryProgress(step, reader))
