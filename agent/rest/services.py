"""What the routes are given to work with, and how they reach it.

The protocols name the little that routes need of the layers below.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request

from agent.clock import Clock
from agent.errors import AgentError
from agent.events import EventBus
from agent.firmware.offers import Offers
from agent.firmware.record import UpdateRecord
from agent.firmware.updates import InstallRequest
from agent.ids import PaymentId, PaymentIntentId, Random, ReaderId
from agent.journal.answers import StoredAnswer
from agent.journal.journal import Journal
from agent.journal.readers import RegisteredReader
from agent.metrics.measurements import Measurements
from agent.offline.payments import OfflinePayments
from agent.outbox.outbox import Outbox
from agent.payments.forwarded import ForwardedAction
from agent.payments.hold_watch import ExpiringHold
from agent.payments.payment import Payment
from agent.payments.wanted import Wanted
from agent.readers.discovered import DiscoveryEvent, DiscoveryMethod
from agent.readers.leases import Leases
from agent.rest.buckets import Buckets
from agent.rest.reader_object import JsonObject, ShownReader
from agent.rest.token_broker import TokenBroker
from agent.settings import Settings
from agent.terminal_configuration.configurations import Freshness
from agent.terminal_configuration.effective import EffectiveConfiguration
from drivers.errors import DriverError


class Fleet(Protocol):
    """The readers of this machine: agent.readers.fleet.Fleet."""

    def sessions(self) -> Sequence[ShownReader]: ...

    def session(self, reader_id: ReaderId) -> ShownReader: ...

    async def register(
        self,
        *,
        registration_code: str,
        label: str | None,
        location: str | None,
        metadata: dict[str, str],
    ) -> ShownReader: ...

    async def update(
        self,
        reader_id: ReaderId,
        *,
        label: str | None,
        metadata: dict[str, str] | None,
    ) -> ShownReader: ...

    async def delete(self, reader_id: ReaderId) -> RegisteredReader: ...

    @property
    def watch_problem(self) -> DriverError | None: ...

    def discover(
        self, methods: Iterable[DiscoveryMethod], *, timeout_s: float | None
    ) -> AbstractContextManager[AsyncIterator[DiscoveryEvent]]: ...

    async def connect(self, reader_id: ReaderId) -> None: ...

    async def disconnect(self, reader_id: ReaderId) -> None: ...

    async def reboot(self, reader_id: ReaderId) -> None: ...

    async def identify(self, reader_id: ReaderId) -> Sequence[str]: ...


class Actions(Protocol):
    """The actions on readers: agent.payments.actions.Actions."""

    async def begin(
        self,
        reader_id: ReaderId,
        wanted: Wanted,
        *,
        answer: Callable[[Payment], StoredAnswer] | None,
    ) -> Payment: ...

    async def cancel_action(self, reader_id: ReaderId) -> None: ...

    def current(self, reader_id: ReaderId) -> Payment | None: ...

    def unsettled(self) -> list[Payment]: ...

    async def wait_finished(
        self, payment_id: PaymentId, *, timeout_s: float
    ) -> Payment: ...


class SmartActions(Protocol):
    """Those on Stripe's readers: agent.payments.smart_actions.SmartActions."""

    async def begin(
        self,
        reader_id: ReaderId,
        wanted: ForwardedAction,
        *,
        answer: Callable[[Payment], StoredAnswer] | None,
    ) -> Payment: ...

    async def cancel_action(self, reader_id: ReaderId) -> None: ...


class SmartReaders(Protocol):
    """What is known of them: agent.readers.server_driven.ServerDrivenReaders."""

    def known(self, reader_id: ReaderId) -> JsonObject | None: ...

    def is_any_online(self) -> bool: ...

    def heard(self, shown: JsonObject) -> None: ...


class Updates(Protocol):
    """The firmware updates: agent.firmware.updates.Updates."""

    def current(self, reader_id: ReaderId) -> UpdateRecord | None: ...

    def last_offers(self, reader_id: ReaderId) -> Offers | None: ...

    async def check(
        self, reader_id: ReaderId, *, bundle: str | None = None
    ) -> Offers: ...

    async def request(
        self, reader_id: ReaderId, wanted: InstallRequest
    ) -> UpdateRecord: ...

    async def cancel(self, reader_id: ReaderId) -> UpdateRecord | None: ...


class Configurations(Protocol):
    """Terminal's settings: agent.terminal_configuration.configurations."""

    async def known(self, location: str | None) -> EffectiveConfiguration: ...

    def freshness(self) -> Freshness: ...

    def kept(self) -> Sequence[JsonObject]: ...

    def outdated(self) -> None: ...


class Broker(Protocol):
    """The way to a fleet's broker: agent.fleet.link.FleetLink."""

    def unreachable_s(self) -> float | None: ...


class Holds(Protocol):
    """Held money: agent.payments.hold_watch.HoldWatch."""

    def expiring(self) -> Sequence[ExpiringHold]: ...

    def look(self, payment_intent: PaymentIntentId) -> None: ...


class Forwarded(Protocol):
    """Stripe's answer as it came."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...


class Upstream(Protocol):
    """Stripe's API: agent.stripe_api.client.StripeClient."""

    @property
    def has_key(self) -> bool: ...

    async def forward(
        self,
        method: str,
        path_and_query: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Forwarded: ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the routes use, made by the composition root."""

    settings: Settings
    journal: Journal
    stripe: Upstream
    fleet: Fleet
    actions: Actions
    smart_actions: SmartActions
    smart_readers: SmartReaders
    updates: Updates
    leases: Leases
    configurations: Configurations
    holds: Holds
    offline: OfflinePayments
    events: EventBus
    outbox: Outbox
    measurements: Measurements
    clock: Clock
    random: Random
    livemode: bool
    """Whether the agent's Stripe key moves real money."""
    buckets: Buckets
    """How often each key may ask."""
    tokens: TokenBroker
    keys_in_use: set[str] = field(default_factory=set)
    """Idempotency-Keys whose request is being carried out."""
    awaited: dict[str, PaymentId] = field(default_factory=dict)
    """Idempotency-Keys whose caller is held until this payment has ended."""
    broker: Broker | None = None
    """The fleet's, where the settings name one."""


class AccountStanding(Protocol):
    """One of the accounts, as it is shown: agent.accounts.accounts."""

    @property
    def name(self) -> str | None: ...

    @property
    def mode(self) -> str | None: ...

    @property
    def status(self) -> str: ...

    @property
    def problem(self) -> AgentError | None: ...

    @property
    def readers(self) -> int: ...


class Accounts(Protocol):
    """The accounts of this machine: agent.accounts.accounts.Accounts."""

    @property
    def own(self) -> Services: ...

    @property
    def others(self) -> Mapping[str, Services]: ...

    @property
    def is_any_away(self) -> bool: ...

    def beginning(self, name: str) -> AbstractContextManager[None]: ...

    def standings(self) -> Sequence[AccountStanding]: ...

    def troubles(self) -> Mapping[str | None, AgentError]: ...

    async def reload(self) -> None: ...


def accounts_of(request: Request) -> Accounts:
    """All accounts of the application that serves `request`."""
    accounts: Accounts = request.app.state.accounts
    return accounts


def services_of(request: Request) -> Services:
    """The services of the account whose key the keyed `request` came with."""
    services: Services = request.state.services
    return services
