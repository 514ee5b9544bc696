"""The world around an agent, in its own process: readers on cables, Stripe on a port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from flow_cables import DYNAPROX, Hardware
from flow_network import Network, network_to
from skipping_loop import LoopClock

from drivers.discovery.candidates import (
    Candidate,
    PortAdded,
    PortChange,
    PortRemoved,
)
from simulator.app import ReaderOrder, Simulator, build_simulator
from simulator.cards.card import Entry
from simulator.faults import WireFaults
from simulator.reader.actions import Action, PresentCard
from simulator.reader.device import SimulatedReader
from simulator.reader.rules import Condition, Rule
from simulator.reader.screen import ReaderState, Screen
from simulator.reader.wires.pipe import PipeWire
from simulator.reader.wires.wire import Wire
from simulator.stripe_api.engine.faults import Fault, FaultRule

STRIPE_KEY = "sk_test_" + "simulated" * 4
CONFIRM = "/v1/payment_intents/*/confirm"
CUSTOMER_S = 0.001
"""How long a customer takes to present a card."""


@dataclass(frozen=True)
class World:
    """Simulated readers and a simulated Stripe, for agents that come and go."""

    simulator: Simulator
    url: str
    http: aiohttp.ClientSession
    clock: LoopClock
    pipes: dict[str, PipeWire]
    """In-memory cables, by the spec under which the agent opens them."""
    network: Network
    """The way to Stripe."""
    broken: set[str] = field(default_factory=set)
    """Specs whose driver has a defect."""

    @asynccontextmanager
    async def watch_cables(self) -> AsyncIterator[AsyncIterator[PortChange]]:
        """Tell of every cable of these readers that is plugged or pulled."""
        changes: asyncio.Queue[PortChange] = asyncio.Queue()
        plugged: dict[str, str] = {}

        def look(reader: SimulatedReader, _: Screen | None = None) -> None:
            name, model = reader.name, reader.model.name
            if reader.is_plugged and name not in plugged:
                plugged[name] = self.spec_of(name)
                candidate = Candidate(plugged[name], "simulated", model=model)
                changes.put_nowait(PortAdded(candidate))
            elif not reader.is_plugged and name in plugged:
                changes.put_nowait(PortRemoved(plugged.pop(name)))

        for reader in self.simulator.readers:
            look(reader)
            reader.watch(look)
        while not changes.empty():
            changes.get_nowait()

        async def told() -> AsyncIterator[PortChange]:
            while True:
                yield await changes.get()

        yield told()

    def spec_of(self, name: str) -> str:
        """Where an agent finds the reader of that name now."""
        spec = f"pipe:{name}"
        return next(code for code, wire in self.pipes.items() if wire.spec == spec)

    def replug(self, name: str, *, at: str) -> None:
        """Pull this reader's cable, and put it in at another port of the machine."""
        if self.reader(name).is_plugged:
            self.reader(name).unplug()
        self.pipes[at] = self.pipes.pop(self.spec_of(name))
        self.reader(name).plug()

    def reader(self, name: str = "counter") -> SimulatedReader:
        return self.simulator.readers.named(name)

    def customer(
        self,
        card: str = "visa_approved",
        *,
        entry: str = "contact",
        reader: str = "counter",
        after_s: float = CUSTOMER_S,
        only: bool = True,
        stays_s: float | None = 0.0,
    ) -> None:
        """From now on whoever is asked for a card at this reader presents this one.

        `only` sends all other customers away, those of other readers too. In the slot it
        stays so long after its chip is done, for ever with None.
        """
        if only:
            self.simulator.rules.clear()
        book = self.simulator.cards
        given = PresentCard(book.named(card), Entry(entry), stays_s)
        self.when_waiting(given, reader=reader, after_s=after_s)

    def present(self, card: str, *, entry: str = "contact") -> None:
        """Present this card at the reader `counter` now."""
        self.reader().present_card(self.simulator.cards.named(card), Entry(entry))

    def nobody(self) -> None:
        """From now on no customer comes."""
        self.simulator.rules.clear()

    def when(
        self,
        state: ReaderState,
        *actions: Action,
        reader: str = "counter",
        after_s: float = 0.0,
        times: int | None = 1,
    ) -> None:
        """Do this as soon as the reader is in that state."""
        condition = Condition(reader=reader, state=state)
        self.simulator.rules.add(Rule(condition, actions, after_s=after_s, times=times))

    def when_waiting(
        self, *actions: Action, reader: str = "counter", after_s: float = CUSTOMER_S
    ) -> None:
        """Do this every time the reader asks for a card."""
        self.when(
            ReaderState.WAITING_FOR_CARD,
            *actions,
            reader=reader,
            after_s=after_s,
            times=None,
        )

    async def shown(self, text: str, *, reader: str = "counter") -> None:
        """Return when this is on the reader's screen."""
        await self._seen(
            reader, lambda screen: any(text in line for line in screen.lines)
        )

    async def is_in(self, state: ReaderState, *, reader: str = "counter") -> None:
        """Return when the reader is in this state."""
        await self._seen(reader, lambda screen: screen.state is state)

    async def is_done_with(
        self, state: ReaderState, *, reader: str = "counter"
    ) -> None:
        """Return when the reader has been in this state and has left it."""
        await self.is_in(state, reader=reader)
        await self._seen(reader, lambda screen: screen.state is not state)

    async def passed(self, seconds: float) -> None:
        """Return when so much time has passed, and all that was to happen in it."""
        await self.clock.sleep(seconds)

    async def _seen(self, reader: str, condition: Callable[[Screen], bool]) -> None:
        seen = asyncio.Event()

        def look(_: SimulatedReader, screen: Screen) -> None:
            if condition(screen):
                seen.set()

        self.reader(reader).watch(look)
        look(self.reader(reader), self.reader(reader).screen)
        await seen.wait()

    def wire_faults(
        self,
        *,
        to_host: WireFaults | None = None,
        to_reader: WireFaults | None = None,
        reader: str = "counter",
    ) -> None:
        """From now on the reader's cable fails like this."""
        self.reader(reader).set_faults(
            to_host=to_host or WireFaults(), to_reader=to_reader or WireFaults()
        )

    def stripe_fault(
        self,
        fault: Fault,
        *,
        method: str = "POST",
        path: str = CONFIRM,
        times: int | None = 1,
    ) -> None:
        """Befall Stripe's next answers to such requests; None for all of them."""
        rule = FaultRule(fault, method=method, path=path, times=times)
        self.simulator.stripe_api.faults.add(rule)

    def forget_requests(self) -> None:
        """Count Stripe's requests from here."""
        self.simulator.stripe_api.requests.clear()

    def mend_stripe(self) -> None:
        """From now on Stripe answers properly."""
        self.simulator.stripe_api.faults.clear()

    def asked(self, path: str) -> tuple[int, set[str]]:
        """How often Stripe was asked on such paths, and under which idempotency keys.

        A request that was befallen before it was read has left no key.
        """
        log = self.simulator.stripe_api.requests
        found = [*log.find(lambda one: one.method == "POST" and path in one.path)]
        keys = {entry.idempotency_key for entry in found if entry.idempotency_key}
        return len(found), keys

    def confirm_keys(self, intent: str) -> set[str]:
        """The idempotency keys under which the intent was confirmed."""
        return self.asked(f"/{intent}/confirm")[1]

    async def stripe(
        self, method: str, path: str, form: dict[str, str] | None = None
    ) -> Any:
        """A call of somebody else with the same Stripe account; it must succeed."""
        headers = {"authorization": f"Bearer {STRIPE_KEY}"}
        async with self.http.request(
            method, self.url + path, data=form, headers=headers
        ) as answer:
            content = await answer.json()
            assert answer.status == 200, content
            return content

    async def taken(self, payment_intent: str) -> list[int]:
        """The amounts that cardholders pay for the intent, after all reversals."""
        intent = await self.stripe("GET", f"/v1/payment_intents/{payment_intent}")
        listed = await self.stripe(
            "GET", f"/v1/charges?payment_intent={payment_intent}&limit=100"
        )
        if intent["status"] not in {"succeeded", "requires_capture"}:
            return []
        return [
            charge["amount"]
            for charge in listed["data"]
            if charge["paid"] and not charge["refunded"]
        ]


@asynccontextmanager
async def running_world(
    hardware: Mapping[str, Hardware] | None = None,
    *,
    wires: Mapping[str, Wire] | None = None,
    seed: int = 1,
) -> AsyncIterator[World]:
    """A simulator with these readers, by name; without them, a DynaProx `counter`.

    They hang on pipes, but for those to whom `wires` gives a real one.
    """
    real = wires or {}
    hardware = hardware or dict.fromkeys(real or ["counter"], DYNAPROX)
    pipes = {name: one.wire(name) for name, one in hardware.items() if name not in real}
    cables: dict[str, Wire] = {**pipes, **real}
    clock = LoopClock()
    simulator = build_simulator(
        clock=clock,
        readers=[
            ReaderOrder(name, cables[name], model=one.model)
            for name, one in hardware.items()
        ],
        seed=seed,
    )
    by_code = {hardware[name].code(name): pipe for name, pipe in pipes.items()}
    simulator.readers.plug()
    try:
        async with (
            network_to(simulator) as network,
            aiohttp.ClientSession() as http,
        ):
            yield World(simulator, network.url, http, clock, by_code, network)
    finally:
        simulator.readers.unplug()
