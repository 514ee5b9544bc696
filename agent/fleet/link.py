"""The way to the broker: kept up as well as it goes, and never in a payment's way.

Everything here may fail at any time: the broker is somewhere else. What must not be
missed is read from the event log again, from where the broker has acknowledged it.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.clock import Clock
from agent.errors import JournalUnavailable, SettingsInvalid
from agent.events import Event, EventBus, reader_of
from agent.fleet import documents
from agent.fleet.obedience import Obedience
from agent.fleet.topics import Topics
from agent.ids import Random
from agent.journal.event_log import EventLog
from agent.journal.fleet import FleetStore
from agent.log import get_logger
from agent.outbox.stream import EventStream

log = get_logger(__name__)

SESSION_S = 7 * 86_400
"""How long the broker keeps orders for a machine that is away."""
KEEPALIVE_S = 30
TIMEOUT_S = 20.0
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
EVENTS_AT_ONCE = 100
STEADY_S = 60.0
"""A connection that lasts so long was a good one."""
_PASSING = (aiomqtt.MqttError, OSError, JournalUnavailable, SettingsInvalid)
"""What is tried again; of the settings it is half of a certificate's renewal."""
MOST_ORDERS = 100
"""Waiting to be carried out; the broker keeps the others."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and how this machine proves who it is."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: Callable[[], ssl.SSLContext] | None
    """Asked at each connection, which so sees a renewed certificate; SettingsInvalid."""

    def context(self) -> ssl.SSLContext | None:
        """For one connection."""
        return None if self.tls is None else self.tls()

    def __repr__(self) -> str:
        return f"Broker({self.host}:{self.port})"


@dataclass(frozen=True, slots=True)
class Told:
    """What the broker is told, and where that comes from."""

    topics: Topics
    livemode: bool
    since: datetime
    readers: Callable[[], Mapping[str, Mapping[str, Any]]]
    """Every reader as Stripe shows it, without its action, by id."""
    metrics: Callable[[], Mapping[str, Any]]
    metrics_interval_s: float


class FleetLink:
    """One machine at its broker; `run` it as a task of its own."""

    def __init__(
        self,
        broker: Broker,
        told: Told,
        *,
        obedience: Obedience,
        store: FleetStore,
        events: EventLog,
        stream: EventStream,
        bus: EventBus,
        clock: Clock,
        random: Random,
    ) -> None:
        self.problem: str | None = "not_connected_yet"
        """Why the broker is out of reach; None while it is not."""
        self._lost_s = clock.monotonic()
        self._broker = broker
        self._told = told
        self._obedience = obedience
        self._store = store
        self._events = events
        self._stream = stream
        self._clock = clock
        self._random = random
        self._changed: set[str] = set()
        self._has_changed = asyncio.Event()
        bus.watch(self._heard)

    async def run(self) -> None:
        """Connect, work, and connect again, without end."""
        if self._store.cursor() is None:
            # Who begins today is told of what happens from today on.
            await self._store.move(self._events.head())
        attempt = 0
        while True:
            connected_s: float | None = None
            try:
                async with self._client() as client:
                    self.problem, connected_s = None, self._clock.monotonic()
                    log.info("fleet.connected", host=self._broker.host)
                    await self._work(client)
            except* _PASSING as group:
                error = _first(group)
                self._is_lost(type(error).__name__)
                log.warning("fleet.lost", reason=str(error)[:200])
            except* Exception:
                # The outermost loop: payments go on, whatever a fleet sends.
                log.exception("fleet.defect")
                self._is_lost("defect")
            # A broker that takes this machine and drops it at once is no good broker.
            if connected_s is not None and self._has_been_steady(connected_s):
                attempt = 0
            await self._clock.sleep(wait_s(attempt, self._random))
            attempt += 1

    def _has_been_steady(self, connected_s: float) -> bool:
        return self._clock.monotonic() - connected_s > STEADY_S

    def unreachable_s(self) -> float | None:
        """For how long the broker has been out of reach; None while it is not."""
        if self.problem is None:
            return None
        return self._clock.monotonic() - self._lost_s

    def _is_lost(self, problem: str) -> None:
        if self.problem is None:
            self._lost_s = self._clock.monotonic()
        self.problem = problem

    def _client(self) -> aiomqtt.Client:
        topics, broker = self._told.topics, self._broker
        lost = documents.offline(machine=topics.machine, reason="lost")
        properties = properties_of(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_S
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier=f"cardlane-{topics.machine}",
            protocol=aiomqtt.ProtocolVersion.V5,
            will=aiomqtt.Will(topics.state, lost, qos=1, retain=True),
            clean_start=False,
            properties=properties,
            keepalive=KEEPALIVE_S,
            timeout=TIMEOUT_S,
            tls_context=broker.context(),
            max_queued_incoming_messages=MOST_ORDERS,
        )

    async def _work(self, client: aiomqtt.Client) -> None:
        topics = self._told.topics
        for topic in topics.orders:
            await client.subscribe(topic, qos=1)
        # What is retained there, not what is told from here.
        await client.subscribe(
            topics.readers, options=SubscribeOptions(qos=1, noLocal=True)
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._show_readers(client), name="fleet readers")
                tasks.create_task(self._tell_events(client), name="fleet events")
                tasks.create_task(self._tell_metrics(client), name="fleet metrics")
                tasks.create_task(self._take_orders(client), name="fleet orders")
        except asyncio.CancelledError:
            stopped = documents.offline(machine=topics.machine, reason="stopped")
            async with asyncio.timeout(1.0):
                await client.publish(topics.state, stopped, qos=1, retain=True)
            raise

    async def _show_readers(self, client: aiomqtt.Client) -> None:
        """The birth with every reader, then each that has changed."""
        topics, shown = self._told.topics, set(self._told.readers())
        birth = documents.online(
            machine=topics.machine,
            version=version("cardlane"),
            livemode=self._told.livemode,
            readers=len(shown),
            since=self._told.since,
        )
        await client.publish(topics.state, birth, qos=1, retain=True)
        self._changed |= shown  # And what was deleted while the broker was away.
        told: dict[str, object] = {}
        while True:
            changed, self._changed = self._changed, set()
            self._has_changed.clear()
            readers = self._told.readers()
            for reader_id in sorted(changed):
                reader = readers.get(reader_id)
                if told.get(reader_id, told) == _standing(reader):
                    continue  # Most of what happens at a reader changes nothing of it.
                payload = b"" if reader is None else json.dumps(reader).encode()
                await client.publish(
                    topics.reader(reader_id), payload, qos=1, retain=True
                )
                told[reader_id] = _standing(reader)
            await self._has_changed.wait()

    async def _tell_events(self, client: aiomqtt.Client) -> None:
        """Every kept event, in order; the next ones once these are acknowledged."""
        seq = self._store.cursor() or 0
        while True:
            await self._stream.beyond(seq)
            events = self._events.read(after=seq, limit=EVENTS_AT_ONCE)
            for recorded in events:
                payload = documents.event(recorded)
                await client.publish(self._told.topics.events, payload, qos=1)
            if events:
                seq = events[-1].seq
                await self._store.move(seq)

    async def _tell_metrics(self, client: aiomqtt.Client) -> None:
        while True:
            payload = json.dumps(self._told.metrics()).encode()
            await client.publish(self._told.topics.metrics, payload, qos=0)
            await self._clock.sleep(self._told.metrics_interval_s)

    async def _take_orders(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            reader_id = self._told.topics.shown_reader(str(message.topic))
            if reader_id is not None:
                self._is_shown(reader_id)
                continue
            answered = await self._obedience.obey(message.payload)
            await _answer(client, message, answered)

    def _is_shown(self, reader_id: str) -> None:
        """A reader that was deleted while nobody could say so is said to be gone."""
        if reader_id not in self._told.readers():
            self._changed.add(reader_id)
            self._has_changed.set()

    def _heard(self, event: Event) -> None:
        reader_id = reader_of(event)
        if reader_id is not None:
            self._changed.add(reader_id)
            self._has_changed.set()


def wait_s(attempt: int, random: Random) -> float:
    """Before the next attempt: twice as long each time, shortened at random, so that
    machines that were lost together come back apart."""
    longest = min(FIRST_WAIT_S * 2.0**attempt, LONGEST_WAIT_S)
    return longest * (0.5 + int.from_bytes(random(2)) / 131_072)


def _standing(reader: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """All but when it was last seen, which is now as long as it is online."""
    if reader is None:
        return None
    return {name: value for name, value in reader.items() if name != "last_seen_at"}


async def _answer(
    client: aiomqtt.Client, message: aiomqtt.Message, answered: bytes
) -> None:
    """To the topic that the order names, with its correlation data."""
    asked = message.properties
    topic = getattr(asked, "ResponseTopic", None)
    if not topic:
        return
    properties = properties_of(PacketTypes.PUBLISH)
    correlation = getattr(asked, "CorrelationData", None)
    if correlation is not None:
        properties.CorrelationData = correlation
    await client.publish(topic, answered, qos=1, properties=properties)


def properties_of(packet: int) -> Properties:
    """Empty properties of a packet of this type, to be filled in."""
    return Properties(packet)  # type: ignore[no-untyped-call]


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
