"""The composition root: the only place that builds things, and one TaskGroup for all."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import uvloop

from agent.clock import Clock, SystemClock
from agent.events import EventBus
from agent.firmware.catalog import Catalog
from agent.firmware.schedule import keep_looking
from agent.firmware.updates import Updates
from agent.ids import Random
from agent.journal.journal import Journal
from agent.listening import listen
from agent.log import configure_logging, get_logger
from agent.payments.actions import Actions
from agent.readers.fleet import Fleet
from agent.readers.ports import OpenReader
from agent.readers.sources import sources_of
from agent.rest.server import Services, create_app
from agent.rest.serving import StopSignals, serve_http
from agent.settings import Settings, StripeKey, StripeSettings, read_stripe_key
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections
from agent.systemd import Systemd, tell_of_progress
from agent.terminal_configuration.configurations import Configurations
from drivers.discovery.candidates import WatchPorts
from drivers.discovery.hotplug import watch_ports
from drivers.reader import Reader
from drivers.registry import Wrap, open_reader
from drivers.transport.radio import Radio

log = get_logger(__name__)

JOURNAL_FILE = "journal.db"
FIRMWARE_FOLDER = "firmware"
ANSWERS_KEPT_FOR = timedelta(hours=24)
"""How long a repeated Idempotency-Key gets the first answer, as at Stripe."""
DRAIN_S = 10.0
"""How long stopping waits for a confirm under way; recovery does the rest."""

OpenJournal = Callable[[Path], Awaitable[Journal]]


def run(settings: Settings, environ: Mapping[str, str]) -> None:
    """Run the agent until SIGTERM or SIGINT. Raises AgentError where it cannot start."""
    configure_logging(settings.log)
    uvloop.run(serve(settings, environ))


async def serve(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    clock: Clock | None = None,
    random: Random = secrets.token_bytes,
    open_journal: OpenJournal | None = None,
) -> None:
    """The whole agent; returns when it was told to stop and has stopped cleanly.

    Raises SettingsInvalid or JournalError where it cannot start.
    """
    clock = clock or SystemClock()
    signals = StopSignals()
    systemd = Systemd.from_environ(environ, pid=os.getpid())
    key = _stripe_key(settings, environ)
    async with AsyncExitStack() as stack:
        stack.enter_context(signals.caught())
        sockets = listen(settings.rest, systemd.listening(), stack)
        path = settings.state_dir / JOURNAL_FILE
        opening = (
            open_journal(path) if open_journal else Journal.open(path, clock=clock)
        )
        journal = await opening
        stack.push_async_callback(journal.aclose)
        await journal.answers.prune(clock.now() - ANSWERS_KEPT_FOR)
        http = await stack.enter_async_context(Connections())
        stripe = _stripe_client(http, settings.stripe, key)
        livemode = key is not None and key.livemode
        parts = Parts(settings, journal, stripe, clock, random, livemode)
        try:
            async with asyncio.TaskGroup() as tasks:
                reached = Reached(sockets, signals, systemd)
                await _work(parts, reached, tasks=tasks)
                raise _Stopped
        except* _Stopped:
            log.info("agent.stopped")


def _stripe_client(
    http: Connections, settings: StripeSettings, key: StripeKey | None
) -> StripeClient:
    return StripeClient(
        http,
        api_base=settings.api_base,
        key=key,
        api_version=settings.api_version,
        timeout_s=settings.timeout_s,
        max_retries=settings.max_retries,
    )


def _stripe_key(settings: Settings, environ: Mapping[str, str]) -> StripeKey | None:
    key = read_stripe_key(settings, environ)
    if key is not None and not key.is_restricted:
        log.warning(
            "stripe_key.unrestricted", remedy="use a restricted key (rk_…) instead"
        )
    return key


def _opener(parts: Parts) -> OpenReader:
    folder = parts.settings.readers.recordings
    wrap = None if folder is None else _recorder(folder, parts.clock)

    async def open_on_this_machine(spec: str, model: str | None) -> Reader:
        return await open_reader(spec, model=model, radio=parts.radio, wrap=wrap)

    return open_on_this_machine


def _recorder(folder: Path, clock: Clock) -> Wrap:
    # Loaded on use: hardly anybody records.
    from agent.readers.recordings import Recordings

    return Recordings(folder, clock=clock).record


@dataclass(frozen=True, slots=True)
class Parts:
    """What the agent is put together from, and what outlives its TaskGroup."""

    settings: Settings
    journal: Journal
    stripe: StripeClient
    clock: Clock
    random: Random
    livemode: bool
    open_reader: OpenReader | None = None
    """Replaces the way to this machine's readers."""
    radio: Radio = field(default_factory=Radio)
    watch: WatchPorts = watch_ports


@dataclass(frozen=True, slots=True)
class Reached:
    """By what the world reaches the agent, and who is told how it fares."""

    sockets: list[socket.socket]
    signals: StopSignals
    systemd: Systemd


@dataclass(frozen=True, slots=True)
class Assembled:
    """The agent at work, before anybody can call it."""

    fleet: Fleet
    actions: Actions
    services: Services


def assemble(parts: Parts, *, tasks: asyncio.TaskGroup) -> Assembled:
    """Connect the parts; readers are looked for, and cut-off payments taken up."""
    events = EventBus()
    fleet = _fleet(parts, events=events, tasks=tasks)
    configurations = _configurations(parts, fleet=fleet, events=events)
    actions = Actions(
        journal=parts.journal,
        stripe=parts.stripe,
        fleet=fleet,
        events=events,
        clock=parts.clock,
        random=parts.random,
        settings=parts.settings.payments,
        tasks=tasks,
    )
    fleet.start()
    actions.start()
    tasks.create_task(configurations.run(), name="configurations")
    updates = _start_updates(
        parts, fleet=fleet, actions=actions, events=events, tasks=tasks
    )
    services = _services(
        parts,
        fleet=fleet,
        actions=actions,
        updates=updates,
        configurations=configurations,
        events=events,
    )
    return Assembled(fleet, actions, services)


def _fleet(parts: Parts, *, events: EventBus, tasks: asyncio.TaskGroup) -> Fleet:
    """The readers of this machine."""
    settings = parts.settings.readers
    return Fleet(
        journal=parts.journal,
        open_reader=parts.open_reader or _opener(parts),
        sources=sources_of(settings, watch=parts.watch, radio=parts.radio),
        watch=parts.watch,
        clock=parts.clock,
        random=parts.random,
        events=events,
        settings=settings,
        livemode=parts.livemode,
        tasks=tasks,
    )


def _start_updates(
    parts: Parts,
    *,
    fleet: Fleet,
    actions: Actions,
    events: EventBus,
    tasks: asyncio.TaskGroup,
) -> Updates:
    """Firmware updates that were cut off go on; a check of one's own begins, if wanted."""
    settings = parts.settings.firmware
    folder = parts.settings.state_dir / FIRMWARE_FOLDER
    updates = Updates(
        journal=parts.journal,
        fleet=fleet,
        catalog=Catalog(settings, folder=folder, clock=parts.clock),
        is_idle=actions.is_idle,
        events=events,
        clock=parts.clock,
        random=parts.random,
        settings=settings,
        tasks=tasks,
    )
    updates.start()
    if settings.automatic != "off":
        looking = keep_looking(
            updates, fleet=fleet, clock=parts.clock, settings=settings
        )
        tasks.create_task(looking, name="firmware check")
    return updates


def _configurations(parts: Parts, *, fleet: Fleet, events: EventBus) -> Configurations:
    """What Stripe's settings say for the readers."""
    return Configurations(
        journal=parts.journal,
        stripe=parts.stripe,
        fleet=fleet,
        events=events,
        clock=parts.clock,
        random=parts.random,
        settings=parts.settings.terminal,
    )


def _services(
    parts: Parts,
    *,
    fleet: Fleet,
    actions: Actions,
    updates: Updates,
    configurations: Configurations,
    events: EventBus,
) -> Services:
    """What the API works with."""
    return Services(
        settings=parts.settings,
        journal=parts.journal,
        stripe=parts.stripe,
        fleet=fleet,
        actions=actions,
        updates=updates,
        configurations=configurations,
        events=events,
        clock=parts.clock,
        random=parts.random,
        livemode=parts.livemode,
    )


async def _work(parts: Parts, reached: Reached, *, tasks: asyncio.TaskGroup) -> None:
    """Readers, payments and the API, until a signal; what is under way then ends."""
    assembled = assemble(parts, tasks=tasks)
    watched = tell_of_progress(reached.systemd, parts.journal.pulse, clock=parts.clock)
    tasks.create_task(watched, name="watchdog")
    rest = parts.settings.rest
    url = f"http://{rest.host}:{rest.port}"
    log.info("agent.ready", url=url)
    app = create_app(assembled.services)
    reached.systemd.ready(f"Answering on {url}")
    await serve_http(
        app,
        sockets=reached.sockets,
        signals=reached.signals,
        on_stop=reached.systemd.stopping,
    )
    await assembled.actions.drain(timeout_s=DRAIN_S)


class _Stopped(Exception):
    """Ends the TaskGroup: everything in it is cancelled."""
