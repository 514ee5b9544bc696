"""The whole agent in this process, and what a register app sees of it.

The parts are the real ones, put together by agent.app; in a test's hands are only the
cables (pipes in place of ports), the time and the disk.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Any

from asgi_client import Answer, AsgiClient
from flow_cables import DYNAPROX, Hardware
from flow_disk import FlowJournal, open_flow_journal
from flow_world import STRIPE_KEY, World, running_world
from mortality import Fate, MortalConnections, MortalTransport
from own_task import at_work
from pipe_transport import PipeTransport
from port_news import News
from skipping_loop import LoopClock
from starlette.types import ASGIApp

from agent.assembly import Assembled, Parts, assemble
from agent.events import EventBus
from agent.ids import ReaderId
from agent.payments.payment import Payment
from agent.payments.states import FINAL, Phase
from agent.readers.ports import OpenReader
from agent.rest.auth import KeyScope, make_key
from agent.rest.server import create_app
from agent.settings import (
    FirmwareSettings,
    OfflineKey,
    OfflineSettings,
    PaymentSettings,
    ReaderSettings,
    Settings,
    StripeKey,
    StripeSettings,
    TerminalSettings,
)
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections
from drivers.discovery.candidates import WatchPorts
from drivers.reader import Reader
from drivers.registry import open_reader
from drivers.transport.base import Transport

COUNTER = "serial:/dev/counter"
"""The registration code of the reader `counter`."""


@dataclass(frozen=True)
class Agent:
    """A running agent, used as register apps use it."""

    rest: AsgiClient
    journal: FlowJournal
    assembled: Assembled

    @property
    def events(self) -> EventBus:
        return self.assembled.services.events

    async def register(self, code: str = COUNTER) -> str:
        """Register a reader; its id."""
        form = {"registration_code": code}
        return str(good(await self.rest.post("/v1/terminal/readers", form))["id"])

    async def intent(self, amount: int = 12_00, *, capture: str = "automatic") -> str:
        """A new PaymentIntent; its id."""
        form = {
            "amount": str(amount),
            "currency": "usd",
            "capture_method": capture,
            "allowed_payment_method_types[]": "card_present",
        }
        return str(good(await self.rest.post("/v1/payment_intents", form))["id"])

    async def process(
        self, reader: str, intent: str, *, key: str | None = None
    ) -> Answer:
        """Ask the reader to take the payment; answers at once."""
        headers = {} if key is None else {"idempotency-key": key}
        path = f"/v1/terminal/readers/{reader}/process_payment_intent"
        return await self.rest.post(path, {"payment_intent": intent}, headers)

    async def begin(self, reader: str, intent: str) -> None:
        """Ask for the payment, which must be accepted."""
        good(await self.process(reader, intent))

    async def pay(self, reader: str, intent: str) -> Any:
        """Take the payment; the reader's action at its end, None if canceled."""
        await self.begin(reader, intent)
        return await self.ended(reader)

    async def ended(self, reader: str) -> Any:
        """The reader's action once it has ended, however long that takes."""
        await self.until(reader, *FINAL)
        return await self.action(reader)

    async def hold_on(self, reader: str) -> None:
        """Wait for the reader's payment as a caller with `Prefer: wait` does."""
        payment = self.assembled.actions.current(ReaderId(reader))
        assert payment is not None
        await self.assembled.actions.wait_finished(payment.payment_id, timeout_s=60)

    async def action(self, reader: str) -> Any:
        """The reader's action as it is now."""
        return (await self.shown(reader))["action"]

    async def status(self, reader: str) -> Any:
        """`online` or `offline`."""
        return (await self.shown(reader))["status"]

    async def discovered(self, code: str) -> Any:
        """What the agent finds on this port."""
        return (await self.discovered_all())[code]

    async def discovered_all(self) -> dict[str, Any]:
        """What the agent finds, by port."""
        found = good(await self.rest.get("/agent/discovery?method=serial"))["readers"]
        return {one["registration_code"]: one for one in found}

    async def cancel(self, reader: str) -> Answer:
        """Cancel the reader's action."""
        return await self.rest.post(f"/v1/terminal/readers/{reader}/cancel_action")

    async def until(self, reader: str, *phases: Phase) -> None:
        """Return when the reader's payment is in one of these phases, or is gone."""

        def is_there() -> bool:
            payment = self.assembled.actions.current(ReaderId(reader))
            return payment is None or payment.phase in phases

        await self.until_true(is_there)

    async def until_online(self, reader: str) -> None:
        """Return when the reader is connected."""
        session = self.assembled.fleet.session(ReaderId(reader))
        await self.until_true(lambda: session.status == "online")

    async def until_offline(self, reader: str) -> None:
        """Return when the reader's loss has been noticed."""
        session = self.assembled.fleet.session(ReaderId(reader))
        await self.until_true(lambda: session.status == "offline")

    async def until_true(self, condition: Callable[[], bool]) -> None:
        """Return when it holds; looked at whenever something has happened."""
        with self.events.listen() as events:
            while not condition():
                await events.get()

    async def shown(self, reader: str) -> Any:
        """The reader as Stripe's API shows it."""
        return good(await self.rest.get(f"/v1/terminal/readers/{reader}"))


WEBHOOK_SECRET = re.compile(rb"whsec_\w+")


class RecordingClient(AsgiClient):
    """Keeps every answer in a file, for the scan for card data."""

    def __init__(self, app: ASGIApp, *, key: str, record: Path) -> None:
        super().__init__(app, key=key)
        self._record = record

    async def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        chunks: Sequence[bytes | None] = (b"",),
    ) -> Answer:
        answer = await super().request(method, target, headers=headers, chunks=chunks)
        with self._record.open("ab") as record:
            # The one secret that an answer has, once: whoever asked for it must know.
            body = WEBHOOK_SECRET.sub(b"whsec_shown_once", answer.body)
            record.write(f"{answer.status} {answer.headers} ".encode() + body)
        return answer


def good(answer: Answer) -> Any:
    """The content of an answer that must be a success."""
    assert answer.status == 200, answer.body
    return answer.json()


@asynccontextmanager
async def running_agent(
    world: World,
    folder: Path,
    *,
    payments: PaymentSettings | None = None,
    serial_ports: tuple[str, ...] = (),
    chunk_bytes: int | None = None,
    key: str | None = STRIPE_KEY,
    firmware: FirmwareSettings | None = None,
    watch: WatchPorts | None = None,
    fate: Fate | None = None,
    clock: LoopClock | None = None,
    open_reader: OpenReader | None = None,
    offline: OfflineSettings | None = None,
    offline_key: OfflineKey | None = None,
    terminal: TerminalSettings | None = None,
) -> AsyncIterator[Agent]:
    """An agent whose journal is in `folder`; it ends as suddenly as by a signal.

    `chunk_bytes` is the most that arrives from a reader at once. `watch` tells it of
    cables, such as `world.watch_cables`; without it there is no news. `fate` is told of
    all it does, and may end it. `clock` is its own, where it goes wrong. `open_reader`
    stands for ports of another kind.
    """
    clock, stripe_key = clock or LoopClock(), StripeKey(key) if key else None
    settings = _settings(folder, payments, serial_ports, firmware, offline, terminal)
    journal = open_flow_journal(folder / "journal.db", clock=clock, fate=fate)
    try:
        async with MortalConnections(fate) if fate else Connections() as connections:
            parts = Parts(
                settings,
                journal,
                _stripe(world, connections, stripe_key, settings=settings.stripe),
                clock,
                token_bytes,
                stripe_key is not None and stripe_key.livemode,
                open_reader=open_reader or opening(world, chunk_bytes, fate),
                watch=watch or News().watch,
                offline_key=offline_key,
            )
            async with at_work(partial(_assembled, parts)) as assembled:
                local_key = await _local_key(journal, livemode=parts.livemode)
                app, record = create_app(assembled.services), folder / "answers.log"
                client = RecordingClient(app, key=local_key, record=record)
                yield Agent(client, journal, assembled)
    finally:
        await journal.aclose()


def _settings(
    folder: Path,
    payments: PaymentSettings | None,
    serial_ports: tuple[str, ...],
    firmware: FirmwareSettings | None,
    offline: OfflineSettings | None,
    terminal: TerminalSettings | None,
) -> Settings:
    return Settings(
        state_dir=folder,
        payments=payments or PaymentSettings(),
        readers=ReaderSettings(serial_ports=serial_ports),
        firmware=firmware or FirmwareSettings(),
        offline=offline or OfflineSettings(),
        terminal=terminal or TerminalSettings(),
    )


def _stripe(
    world: World,
    connections: Connections,
    key: StripeKey | None,
    *,
    settings: StripeSettings,
) -> StripeClient:
    """The agent's way to the simulated Stripe."""
    return StripeClient(
        connections,
        api_base=world.url,
        key=key,
        api_version=settings.api_version,
        timeout_s=settings.timeout_s,
        max_retries=settings.max_retries,
    )


@dataclass(frozen=True)
class Stack:
    """An agent and its world, with the reader `counter` registered."""

    world: World
    agent: Agent
    reader: str

    async def taken(self, intent: str) -> list[int]:
        """The amounts that cardholders pay for the intent, after all reversals."""
        return await self.world.taken(intent)

    async def read_method(self, intent: str) -> str:
        """How Stripe has recorded that the card was read."""
        shown = await self.world.stripe(
            "GET", f"/v1/payment_intents/{intent}?expand[]=latest_charge"
        )
        details = shown["latest_charge"]["payment_method_details"]
        return str(details["card_present"]["read_method"])

    def payment(self) -> Payment:
        """The reader's payment, under way or the last one."""
        payment = self.agent.assembled.actions.current(ReaderId(self.reader))
        assert payment is not None
        return payment

    async def shown(self, text: str) -> None:
        """Return when this is on the reader's screen."""
        await self.world.shown(text)


@asynccontextmanager
async def running_stack(
    folder: Path,
    *,
    hardware: Hardware = DYNAPROX,
    payments: PaymentSettings | None = None,
    chunk_bytes: int | None = None,
    seed: int = 1,
) -> AsyncIterator[Stack]:
    """One agent, one reader `counter`, one Stripe."""
    async with (
        running_world({"counter": hardware}, seed=seed) as world,
        running_agent(
            world, folder, payments=payments, chunk_bytes=chunk_bytes
        ) as agent,
    ):
        code = hardware.code("counter")
        yield Stack(world, agent, await agent.register(code))


async def _local_key(journal: FlowJournal, *, livemode: bool) -> str:
    """A new key with every scope."""
    made = make_key(
        frozenset(KeyScope),
        label="flow",
        livemode=livemode,
        random=token_bytes,
        at=LoopClock().now(),
    )
    await journal.keys.put(made.record)
    return made.secret


async def _assembled(parts: Parts, tasks: asyncio.TaskGroup) -> Assembled:
    return assemble(parts, tasks=tasks)


def opening(world: World, chunk_bytes: int | None, fate: Fate | None) -> OpenReader:
    """The agent's way to the readers of this world."""

    async def open_pipe(spec: str) -> Transport:
        if fate is not None:
            wire = world.pipes[spec]
            return MortalTransport(wire, spec=spec, chunk_bytes=chunk_bytes, fate=fate)
        return PipeTransport(world.pipes[spec], spec=spec, chunk_bytes=chunk_bytes)

    async def opened(spec: str, model: str | None) -> Reader:
        if spec in world.broken:
            raise RuntimeError("a defect in a driver")
        scheme = spec.partition(":")[0]
        schemes = {scheme: open_pipe} if spec in world.pipes else None
        return await open_reader(
            spec, model=model, list_ports=lambda: (), schemes=schemes
        )

    return opened
