"""What an account is put together from: opened, begun, and closed at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.assembly import Assembled, Parts, assemble
from agent.clock import Clock
from agent.ids import Random
from agent.journal.erasing import keep_erasing
from agent.journal.journal import Journal
from agent.log import get_logger
from agent.metrics.measurements import Measurements
from agent.readers.claims import Claims
from agent.readers.ports import OpenReader
from agent.settings import (
    OfflineKey,
    Settings,
    StripeKey,
    read_fleet_password,
    read_offline_key,
    read_stripe_key,
)
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections
from drivers.discovery.candidates import WatchPorts
from drivers.discovery.hotplug import watch_ports
from drivers.transport.radio import Radio

log = get_logger(__name__)

JOURNAL_FILE = "journal.db"

OpenJournal = Callable[[Path], Awaitable[Journal]]


@dataclass(frozen=True, slots=True)
class Shared:
    """What all accounts of a machine have in common: the machine itself."""

    environ: Mapping[str, str] = field(repr=False)
    clock: Clock
    random: Random
    connections: Connections
    open_journal: OpenJournal
    claims: Claims = field(default_factory=Claims)
    radio: Radio = field(default_factory=Radio)
    watch: WatchPorts = watch_ports
    open_reader: OpenReader | None = None


@asynccontextmanager
async def opened(settings: Settings, shared: Shared) -> AsyncIterator[Parts]:
    """The account's parts; its journal is closed when the context is left.

    Raises SettingsInvalid or JournalError.
    """
    key, offline_key, password = secrets_of(settings, shared.environ)
    _warn_of(key)
    journal = await shared.open_journal(settings.state_dir / JOURNAL_FILE)
    try:
        measurements = Measurements()
        yield Parts(
            settings,
            journal,
            _stripe_client(settings, key, shared.connections, measurements),
            shared.clock,
            shared.random,
            key is not None and key.livemode,
            measurements,
            open_reader=shared.open_reader,
            radio=shared.radio,
            watch=shared.watch,
            offline_key=offline_key,
            fleet_password=password,
            claims=shared.claims,
        )
    finally:
        await journal.aclose()


def secrets_of(
    settings: Settings, environ: Mapping[str, str]
) -> tuple[StripeKey | None, OfflineKey | None, str | None]:
    """The Stripe key, the offline key and the broker's password.

    Raises SettingsInvalid.
    """
    return (
        read_stripe_key(settings, environ),
        read_offline_key(settings, environ),
        read_fleet_password(settings, environ),
    )


def _warn_of(key: StripeKey | None) -> None:
    if key is not None and not key.is_restricted:
        log.warning(
            "stripe_key.unrestricted", remedy="use a restricted key (rk_…) instead"
        )


def begin(parts: Parts, *, tasks: asyncio.TaskGroup) -> Assembled:
    """The account at work. Raises SettingsInvalid."""
    assembled = assemble(parts, tasks=tasks)
    erasing = keep_erasing(parts.journal, clock=parts.clock)
    tasks.create_task(erasing, name="erasing")
    return assembled


def _stripe_client(
    settings: Settings,
    key: StripeKey | None,
    connections: Connections,
    measurements: Measurements,
) -> StripeClient:
    stripe = settings.stripe
    return StripeClient(
        connections,
        api_base=stripe.api_base,
        key=key,
        api_version=stripe.api_version,
        timeout_s=stripe.timeout_s,
        max_retries=stripe.max_retries,
        measure=measurements.asked_stripe,
    )
