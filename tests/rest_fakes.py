"""What stands below the REST API in its own tests: readers, actions, Stripe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from agent_clock import StillClock
from asgi_client import AsgiClient
from configuration_fakes import FakeConfigurations
from fake_discovery import FakeDiscovery
from fake_holds import FakeHolds
from fake_stripe import FakeStripe
from firmware_fakes import FakeUpdates
from offline_fakes import offline_payments
from outbox_fakes import quiet_outbox
from smart_reader_fakes import FakeSmartReaders
from starlette.applications import Starlette

from agent.errors import AgentError, ResourceMissing
from agent.events import Event, EventBus
from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.answers import StoredAnswer
from agent.journal.entries import ActionRequested, Outcome
from agent.journal.journal import Journal
from agent.journal.readers import RegisteredReader
from agent.metrics.measurements import Measurements
from agent.outbox.outbox import Outbox
from agent.outbox.stream import EventStream
from agent.payments.payment import Payment
from agent.payments.states import Phase
from agent.payments.wanted import Wanted
from agent.readers.discovered import (
    DiscoveryEvent,
    DiscoveryMethod,
)
from agent.readers.leases import Leases
from agent.rest.auth import KeyScope, make_key
from agent.rest.buckets import Buckets
from agent.rest.server import create_app
from agent.rest.services import Services
from agent.rest.token_broker import TokenBroker
from agent.settings import RestSettings, Settings, TerminalSettings
from drivers.errors import DriverError


def counted_bytes(length: int) -> bytes:
    """Randomness for tests: always the same."""
    return bytes(index % 248 for index in range(length))


@dataclass
class Session:
    record: RegisteredReader
    status: str = "online"
    last_seen_at: datetime | None = None
    offline_reason: str | None = None


def registered_reader(reader_id: str, *, serial_number: str) -> RegisteredReader:
    return RegisteredReader(
        reader_id=ReaderId(reader_id),
        spec=f"serial:/dev/{serial_number}",
        model="magtek_dynaprox",
        device_type="magtek_dynaprox",
        serial_number=serial_number,
        firmware_version="1.0",
        label="Till",
        location="tml_1",
        metadata={"aisle": "7"},
        registered_at=StillClock().now(),
    )


class FakeFleet:
    """Fulfils agent.rest.services.Fleet; newest reader first."""

    def __init__(self) -> None:
        self.found: list[DiscoveryEvent | Exception] = []
        self.asked_for: list[tuple[tuple[DiscoveryMethod, ...], float | None]] = []
        self.runs: list[FakeDiscovery] = []
        self.looking = asyncio.Semaphore(0)
        """Released by every discovery."""
        self.commands: list[tuple[str, ReaderId]] = []
        self.watch_problem: DriverError | None = None
        self.refusal: AgentError | None = None
        self._sessions: list[Session] = []

    def add(self, reader_id: str, *, serial_number: str = "B50") -> Session:
        session = Session(registered_reader(reader_id, serial_number=serial_number))
        self._sessions.insert(0, session)
        return session

    def forget_all(self) -> None:
        """As if no reader had ever been registered."""
        self._sessions.clear()

    def sessions(self) -> list[Session]:
        return list(self._sessions)

    def session(self, reader_id: ReaderId) -> Session:
        for session in self._sessions:
            if session.record.reader_id == reader_id:
                return session
        raise ResourceMissing(f"No such reader: '{reader_id}'", param="reader")

    async def register(
        self,
        *,
        registration_code: str,
        label: str | None,
        location: str | None,
        metadata: dict[str, str],
    ) -> Session:
        if self.refusal is not None:
            raise self.refusal
        session = self.add(f"tmr_{len(self._sessions) + 1}")
        session.record = replace(
            session.record,
            label=label or registration_code,
            location=location,
            metadata=metadata,
        )
        return session

    async def update(
        self,
        reader_id: ReaderId,
        *,
        label: str | None,
        metadata: dict[str, str] | None,
    ) -> Session:
        session = self.session(reader_id)
        if label is not None:
            session.record = replace(session.record, label=label)
        if metadata is not None:
            session.record = replace(session.record, metadata=metadata)
        return session

    async def delete(self, reader_id: ReaderId) -> RegisteredReader:
        session = self.session(reader_id)
        self._sessions.remove(session)
        return session.record

    def discover(
        self, methods: Iterable[DiscoveryMethod], *, timeout_s: float | None
    ) -> FakeDiscovery:
        self.asked_for.append((tuple(methods), timeout_s))
        self.runs.append(FakeDiscovery(self.found))
        self.looking.release()
        return self.runs[-1]

    async def connect(self, reader_id: ReaderId) -> None:
        self._command("connect", reader_id)

    async def disconnect(self, reader_id: ReaderId) -> None:
        self._command("disconnect", reader_id)

    async def reboot(self, reader_id: ReaderId) -> None:
        self._command("reboot", reader_id)

    async def identify(self, reader_id: ReaderId) -> Sequence[str]:
        self._command("identify", reader_id)
        return ["buzzer", "display"]

    def _command(self, name: str, reader_id: ReaderId) -> None:
        self.session(reader_id)
        if self.refusal is not None:
            raise self.refusal
        self.commands.append((name, reader_id))


class FakeActions:
    """Fulfils agent.rest.services.Actions; a payment ends when a test ends it."""

    def __init__(self, journal: Journal) -> None:
        self.requests: list[Wanted] = []
        self.refusal: AgentError | None = None
        self.asked = asyncio.Event()
        """A request has come as far as the payments."""
        self.begins = asyncio.Event()
        self.begins.set()
        self.on_cancel: Callable[[], None] | None = None
        """What happens while an action is being canceled."""
        self.unsettled_payments: list[Payment] = []
        self.waiting = asyncio.Semaphore(0)
        self.on_begin: Callable[[Payment], None] | None = None
        """What the reader and the cardholder do once a payment has begun."""
        self._journal = journal
        self._payments: dict[ReaderId, Payment] = {}
        self._ended = asyncio.Event()

    async def begin(
        self,
        reader_id: ReaderId,
        wanted: Wanted,
        *,
        answer: Callable[[Payment], StoredAnswer] | None,
    ) -> Payment:
        self.asked.set()
        await self.begins.wait()
        if self.refusal is not None:
            raise self.refusal
        self.requests.append(wanted)
        payment = Payment(
            payment_id=PaymentId(f"pay_{len(self.requests)}"),
            reader_id=reader_id,
            action=wanted.action,
            payment_intent=getattr(wanted, "payment_intent", None),
            amount=1234,
            currency="usd",
            parameters=wanted.parameters(),
        )
        entry = ActionRequested(
            payment_id=payment.payment_id,
            reader_id=reader_id,
            action=payment.action,
            payment_intent=payment.payment_intent,
            amount=payment.amount,
            currency=payment.currency,
            parameters=payment.parameters,
        )
        await self._journal.append(entry, answer=answer(payment) if answer else None)
        self._payments[reader_id] = payment
        if self.on_begin is not None:
            asyncio.get_running_loop().call_soon(self.on_begin, payment)
        return payment

    async def cancel_action(self, reader_id: ReaderId) -> None:
        if self.refusal is not None:
            raise self.refusal
        if self.on_cancel is not None:
            self.on_cancel()
        self._payments.pop(reader_id, None)

    def current(self, reader_id: ReaderId) -> Payment | None:
        return self._payments.get(reader_id)

    def unsettled(self) -> list[Payment]:
        return self.unsettled_payments

    async def wait_finished(
        self, payment_id: PaymentId, *, timeout_s: float
    ) -> Payment:
        self.waiting.release()
        if timeout_s:
            await self._ended.wait()
        return next(p for p in self._payments.values() if p.payment_id == payment_id)

    def end(self, reader_id: str, outcome: Outcome, *, code: str | None = None) -> None:
        """Let the reader's payment end."""
        self._change(reader_id, Phase(outcome.value), outcome=outcome, code=code)
        self._ended.set()

    def lose_answer(self, reader_id: str) -> None:
        """Let Stripe's answer to the reader's payment be lost."""
        self._change(reader_id, Phase.UNKNOWN, outcome=None, code=None)

    def replace(self, reader_id: str, *, payment_intent: str) -> None:
        """Let another register's payment take the reader over."""
        payment = self._payments[ReaderId(reader_id)]
        self._payments[ReaderId(reader_id)] = replace(
            payment, payment_intent=PaymentIntentId(payment_intent)
        )

    def _change(
        self, reader_id: str, phase: Phase, *, outcome: Outcome | None, code: str | None
    ) -> None:
        payment = self._payments[ReaderId(reader_id)]
        self._payments[ReaderId(reader_id)] = replace(
            payment, phase=phase, outcome=outcome, failure_code=code
        )


@dataclass
class FakeBroker:
    """Fulfils agent.rest.services.Broker; a test says for how long it is away."""

    away_s: float | None = None

    def unreachable_s(self) -> float | None:
        return self.away_s


@dataclass
class Agent:
    """The REST API over fakes, with a real journal."""

    folder: Path
    journal: Journal
    fleet: FakeFleet
    actions: FakeActions
    updates: FakeUpdates
    configurations: FakeConfigurations
    holds: FakeHolds
    stripe: FakeStripe
    events: EventBus
    outbox: Outbox
    clock: StillClock
    key: str = field(repr=False)
    smart: FakeSmartReaders = field(default_factory=FakeSmartReaders)
    broker: FakeBroker = field(default_factory=FakeBroker)
    app: Starlette = field(init=False)
    client: AsgiClient = field(init=False)

    @property
    def stream(self) -> EventStream:
        return self.outbox.stream

    def tell(self, event: Event) -> None:
        """Let the journal tell this, as it does with the entries of a payment."""
        self.journal.events.keep(event)

    async def client_with(self, *scopes: KeyScope) -> AsgiClient:
        """A caller whose key has these scopes only."""
        return AsgiClient(self.app, key=await new_key(self.journal, *scopes))


async def new_key(journal: Journal, *scopes: KeyScope) -> str:
    """A key made as `cardlane keys create` makes it; the same for the same scopes."""
    # Letters: digits in a row might look like a card number.
    salt = bytes(sorted(20 + list(KeyScope).index(scope) for scope in scopes))

    def random(length: int) -> bytes:
        return (salt * length)[:length]

    made = make_key(
        frozenset(scopes),
        label="test",
        livemode=False,
        random=random,
        at=StillClock().now(),
    )
    await journal.keys.put(made.record)
    return made.secret


@asynccontextmanager
async def running_agent(
    folder: Path, *, rest: RestSettings | None = None
) -> AsyncIterator[Agent]:
    """The application, its journal in `folder`, and a caller who may do everything."""
    clock, events = StillClock(), EventBus()
    journal = await Journal.open(folder / "journal.db", clock=clock)
    try:
        agent = Agent(
            folder=folder,
            journal=journal,
            fleet=FakeFleet(),
            actions=FakeActions(journal),
            updates=FakeUpdates(journal, events=events, clock=clock),
            configurations=FakeConfigurations(),
            holds=FakeHolds(),
            stripe=FakeStripe(),
            events=events,
            outbox=quiet_outbox(folder, journal, events, clock=clock),
            clock=clock,
            key=await new_key(journal, *KeyScope),
        )
        agent.app = create_app(_services(agent, rest or RestSettings()))
        agent.client = AsgiClient(agent.app, key=agent.key)
        yield agent
    finally:
        await journal.aclose()


def _services(agent: Agent, rest: RestSettings) -> Services:
    return Services(
        settings=Settings(state_dir=agent.folder, rest=rest),
        journal=agent.journal,
        stripe=agent.stripe,
        fleet=agent.fleet,
        actions=agent.actions,
        smart_actions=agent.smart,
        smart_readers=agent.smart,
        leases=Leases(agent.journal.leases, events=agent.events, clock=agent.clock),
        updates=agent.updates,
        configurations=agent.configurations,
        holds=agent.holds,
        broker=agent.broker,
        offline=offline_payments(
            agent.journal, clock=agent.clock, random=counted_bytes
        ),
        events=agent.events,
        outbox=agent.outbox,
        measurements=Measurements(),
        clock=agent.clock,
        random=counted_bytes,
        livemode=False,
        buckets=Buckets(
            per_s=rest.requests_per_s, burst=rest.request_burst, clock=agent.clock
        ),
        tokens=TokenBroker(TerminalSettings(), clock=agent.clock),
    )
