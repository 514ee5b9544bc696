"""How the agent's parts are connected: the composition root's inner half, without a server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agent.clock import Clock
from agent.events import EventBus
from agent.firmware.catalog import Catalog
from agent.firmware.schedule import keep_looking
from agent.firmware.updates import Updates
from agent.ids import Random
from agent.journal.journal import Journal
from agent.metrics.measurements import Measurements
from agent.offline.forwarder import Forwarder
from agent.offline.payments import OfflinePayments
from agent.offline.vault import Vault
from agent.outbox.outbox import Outbox, make_outbox
from agent.payments.actions import Actions
from agent.payments.hold_watch import HoldWatch
from agent.payments.narrator import Narrator
from agent.readers.claims import Claims
from agent.readers.fleet import Fleet
from agent.readers.leases import Leases
from agent.readers.ports import OpenReader
from agent.readers.sources import sources_of
from agent.rest.buckets import Buckets
from agent.rest.event_object import Shown, event_object, show_reader
from agent.rest.server import Services
from agent.rest.token_broker import TokenBroker
from agent.settings import OfflineKey, Settings
from agent.stripe_api.client import StripeClient
from agent.terminal_configuration.configurations import Configurations
from agent.terminal_configuration.reboots import keep_rebooting
from drivers.discovery.candidates import WatchPorts
from drivers.discovery.hotplug import watch_ports
from drivers.reader import Reader
from drivers.registry import Wrap, open_reader
from drivers.transport.radio import Radio

FIRMWARE_FOLDER = "firmware"


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


if TYPE_CHECKING:
    from agent.fleet.link import FleetLink


@dataclass(frozen=True, slots=True)
class Parts:
    """What the agent is put together from, and what outlives its TaskGroup."""

    settings: Settings
    journal: Journal
    stripe: StripeClient
    clock: Clock
    random: Random
    livemode: bool
    measurements: Measurements = field(default_factory=Measurements)
    open_reader: OpenReader | None = None
    """Replaces the way to this machine's readers."""
    radio: Radio = field(default_factory=Radio)
    watch: WatchPorts = watch_ports
    offline_key: OfflineKey | None = None
    """Seals payments that are stored; without it none are."""
    fleet_password: str | None = field(default=None, repr=False)
    claims: Claims = field(default_factory=Claims)
    """Shared with the other accounts of this machine."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """The agent at work, before anybody can call it."""

    fleet: Fleet
    actions: Actions
    services: Services


def assemble(parts: Parts, *, tasks: asyncio.TaskGroup) -> Assembled:
    """Connect the parts; readers are looked for, and cut-off payments taken up."""
    events = EventBus()
    events.watch(parts.measurements.heard)
    parts.journal.measured_by(parts.measurements.committed)
    fleet = _fleet(parts, events=events, tasks=tasks)
    configurations = _configurations(parts, fleet=fleet, events=events)
    offline = _offline(parts, configurations=configurations, events=events)
    actions = _actions(
        parts, (fleet, configurations, offline), events=events, tasks=tasks
    )
    outbox = _outbox(parts, fleet=fleet, actions=actions, events=events, tasks=tasks)
    fleet.start()
    actions.start()
    holds = _holds(parts, events=events)
    for keeper in (configurations, holds, offline.forwarder):
        tasks.create_task(keeper.run(), name=type(keeper).__name__)
    rebooting = keep_rebooting(
        fleet, configurations, is_idle=actions.is_idle, clock=parts.clock
    )
    tasks.create_task(rebooting, name="restarts of readers")
    updates = _start_updates(
        parts, fleet=fleet, actions=actions, events=events, tasks=tasks
    )
    services = _services(
        parts,
        fleet=fleet,
        actions=actions,
        updates=updates,
        configurations=configurations,
        holds=holds,
        offline=offline,
        events=events,
        outbox=outbox,
    )
    if parts.settings.fleet.broker is not None:
        services = replace(services, broker=_join(parts, services, tasks=tasks))
    return Assembled(fleet, actions, services)


def _join(parts: Parts, services: Services, *, tasks: asyncio.TaskGroup) -> FleetLink:
    """A machine of a fleet also talks to its broker; raises SettingsInvalid."""
    # Loaded on use: most machines have no broker, and MQTT takes its time to load.
    from agent.joining import fleet_link

    link = fleet_link(services, parts.settings.fleet, password=parts.fleet_password)
    tasks.create_task(link.run(), name="fleet")
    return link


def _actions(
    parts: Parts,
    on: tuple[Fleet, Configurations, OfflinePayments],
    *,
    events: EventBus,
    tasks: asyncio.TaskGroup,
) -> Actions:
    """What is done on readers."""
    fleet, configurations, offline = on
    return Actions(
        journal=parts.journal,
        stripe=parts.stripe,
        fleet=fleet,
        configurations=configurations,
        events=events,
        clock=parts.clock,
        random=parts.random,
        settings=parts.settings.payments,
        tasks=tasks,
        offline=offline.vault,
    )


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
        claims=parts.claims,
        tasks=tasks,
    )


def _outbox(
    parts: Parts,
    *,
    fleet: Fleet,
    actions: Actions,
    events: EventBus,
    tasks: asyncio.TaskGroup,
) -> Outbox:
    """What is told outside: begun before anything can happen that must be."""
    show = partial(
        show_reader,
        fleet=fleet,
        smart_readers=actions.smart.readers,
        livemode=parts.livemode,
    )
    parts.journal.narrator = Narrator(parts.journal, show_reader=show)
    shown = Shown(parts.settings.stripe.api_version, parts.livemode)
    outbox = make_outbox(
        parts.journal,
        events,
        folder=parts.settings.state_dir,
        show=partial(event_object, shown=shown),
        clock=parts.clock,
        settings=parts.settings.events,
    )
    tasks.create_task(outbox.run(), name="outbox")
    return outbox


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


def _holds(parts: Parts, *, events: EventBus) -> HoldWatch:
    """Who follows held money."""
    return HoldWatch(
        journal=parts.journal,
        stripe=parts.stripe,
        events=events,
        clock=parts.clock,
        settings=parts.settings.payments,
    )


def _offline(
    parts: Parts, *, configurations: Configurations, events: EventBus
) -> OfflinePayments:
    """What is stored while Stripe cannot be reached, and forwarded later."""
    settings = parts.settings.offline
    forwarder = Forwarder(
        journal=parts.journal,
        stripe=parts.stripe,
        key=parts.offline_key,
        events=events,
        clock=parts.clock,
        settings=settings,
        livemode=parts.livemode,
    )
    vault = Vault(
        journal=parts.journal,
        key=parts.offline_key,
        settings=settings,
        enabled_at=lambda location: configurations.of(location).is_offline_enabled,
        known_at=lambda: configurations.freshness().fetched_at,
        clock=parts.clock,
        random=parts.random,
        livemode=parts.livemode,
        accepted=forwarder.wake,
    )
    return OfflinePayments(vault, forwarder)


def _services(
    parts: Parts,
    *,
    fleet: Fleet,
    actions: Actions,
    updates: Updates,
    configurations: Configurations,
    holds: HoldWatch,
    offline: OfflinePayments,
    events: EventBus,
    outbox: Outbox,
) -> Services:
    """What the API works with."""
    return Services(
        settings=parts.settings,
        journal=parts.journal,
        stripe=parts.stripe,
        fleet=fleet,
        actions=actions,
        smart_actions=actions.smart,
        smart_readers=actions.smart.readers,
        leases=Leases(parts.journal.leases, events=events, clock=parts.clock),
        updates=updates,
        configurations=configurations,
        holds=holds,
        offline=offline,
        events=events,
        outbox=outbox,
        measurements=parts.measurements,
        clock=parts.clock,
        random=parts.random,
        livemode=parts.livemode,
        buckets=Buckets(
            per_s=parts.settings.rest.requests_per_s,
            burst=parts.settings.rest.request_burst,
            clock=parts.clock,
        ),
        tokens=TokenBroker(parts.settings.terminal, clock=parts.clock),
    )
