"""A shop with three tills at one agent, for walks that nobody has planned.

Two tills have readers of this machine, the third has one that Stripe drives. Registers
ask, and may not wait for an answer; the agent may die at any moment; so may its network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import aiohttp
from asgi_client import Answer
from crash_form_journeys import MENU
from crash_invariants import ends_of
from flow_agent import Agent, good, running_agent
from flow_cables import Hardware
from flow_invariants import documented_codes
from flow_world import STRIPE_KEY, World, running_world
from mortality import Fate
from offline_shop import KEY, SETTINGS, allow_offline
from walk_customers import SMART, Customers

from agent.errors import InternalError
from agent.events import PhaseChanged
from agent.ids import PaymentId
from agent.payments.states import FINAL, Phase
from simulator.faults import WireFaults
from simulator.stripe_api.at_the_reader.deeds import RemoveCard, SetNetwork
from simulator.stripe_api.engine.faults import Fault

READERS = "/v1/terminal/readers"
INTENTS = "/v1/payment_intents"
LONGEST_S = 900.0
"""By then every action has ended, once all trouble has."""
BOOKED_S = 150.0
"""By then the agent has asked Stripe again for whatever it could not learn."""

Form = Mapping[str, str]


@dataclass
class Shop:
    """The agent's lives, and what the tills have asked for and heard."""

    folder: Path
    hardware: Mapping[str, Hardware]
    """Of the tills with readers of this machine."""
    world: World = field(init=False)
    agent: Agent = field(init=False)
    customers: Customers = field(init=False)
    readers: dict[str, str] = field(default_factory=dict)
    """The readers' ids, by till."""
    intents: list[str] = field(default_factory=list)
    """What is to be paid, by the ids that registers know; the newest last."""
    told: dict[PaymentId, Phase] = field(default_factory=dict)
    is_cut: bool = False
    """Whether the way to Stripe is."""
    _fate: Fate = field(init=False)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _lives: AsyncExitStack = field(default_factory=AsyncExitStack)
    _hearing: asyncio.Task[None] | None = None
    _unanswered: set[asyncio.Task[Answer]] = field(default_factory=set)
    _numbers: count[int] = field(default_factory=count)

    async def open(self) -> None:
        """Start the agent for the first time, with a reader at each till."""
        self.world = await self._stack.enter_async_context(running_world(self.hardware))
        await allow_offline(self.world)
        self._stack.push_async_callback(self._end_life)
        await self._live(self.folder / "life")
        for till, hardware in self.hardware.items():
            self.readers[till] = await self.agent.register(hardware.code(till))
        self.readers[SMART] = await self._smart_reader()
        asked_at = {till for till, one in self.hardware.items() if one == MENU}
        self.customers = Customers(self.world, self.readers[SMART], frozenset(asked_at))
        # What Stripe says of these readers is known before the network fails.
        await self.agent.assembled.services.configurations.known(None)

    async def close(self) -> None:
        """Leave nothing behind but the folders."""
        await self._stack.aclose()

    @property
    def left_behind(self) -> Path:
        """What the present life has written, and all before it that it began with."""
        return self._fate.folder

    async def new_intent(self, form: Form) -> str | None:
        """What a register wants to be paid; None where it is not told of an id."""
        answer = await self.ask(INTENTS, form)
        if answer is None or answer.status != 200:
            return None
        self.intents.append(str(answer.json()["id"]))
        return self.intents[-1]

    async def order(
        self, till: str, action: str, form: Form, *, turns: int | None = None
    ) -> None:
        """Ask the till's reader for something, which may be refused.

        The register waits for the answer; or only for so many `turns` of the loop.
        """
        path = f"{READERS}/{self.readers[till]}/{action}"
        answer = await self.ask(path, form, turns=turns)
        if answer is not None and till != SMART and answer.status != 200:
            assert answer.error["code"] in documented_codes(), answer.body

    async def ask(
        self, path: str, form: Form, *, turns: int | None = None
    ) -> Answer | None:
        """Something that may be refused or fail; the answer, if it is waited for."""
        headers = {"idempotency-key": f"register-{next(self._numbers)}"}
        asking = asyncio.create_task(self.agent.rest.post(path, form, headers))
        self._unanswered.add(asking)
        if turns is None:
            await asyncio.wait({asking}, timeout=LONGEST_S)
            assert asking.done(), "a call that never comes back"
        for _ in range(turns or 0):
            await asyncio.sleep(0)
        if not asking.done():
            return None
        self._unanswered.discard(asking)
        return _undamaged(asking.result())

    async def others_take_the_smart_reader(self, *, to_pay: bool) -> None:
        """Somebody else with the same account does, or stops it; or does not get through."""
        path = f"{self.world.url}{READERS}/{self.readers[SMART]}"
        headers = {"authorization": f"Bearer {STRIPE_KEY}"}
        with suppress(aiohttp.ClientError, AssertionError):
            form = {"amount": "700", "currency": "usd"} | PRESENT
            made = await self.world.stripe("POST", INTENTS, form)
            verb = "process_payment_intent" if to_pay else "cancel_action"
            sent = {"payment_intent": made["id"]} if to_pay else {}
            async with self.world.http.post(
                f"{path}/{verb}", data=sent, headers=headers
            ):
                return

    async def network(self, *, is_up: bool) -> None:
        """From now on Stripe can be reached, or not."""
        self.is_cut = not is_up
        await (self.world.network.mend() if is_up else self.world.network.cut())

    async def stripe_fails(self, fault: Fault, *, method: str, path: str) -> None:
        """Befall Stripe's next two answers to such requests."""
        self.world.stripe_fault(fault, method=method, path=path, times=2)

    async def wire_fails(
        self, till: str, to_host: WireFaults, to_reader: WireFaults
    ) -> None:
        """From now on the till's cable fails like this."""
        self.world.wire_faults(to_host=to_host, to_reader=to_reader, reader=till)

    async def trip(self, till: str) -> None:
        """Pull the till's cable, or put it back."""
        reader = self.world.reader(till)
        if reader.is_plugged:
            reader.unplug()
        else:
            reader.plug()

    async def kill(self, turns: int) -> None:
        """Let so many turns of the loop pass, and then die; the next one starts."""
        for _ in range(turns):
            await asyncio.sleep(0)
        self._fate.kill()
        await self._end_life()
        await self._live(self._fate.next_life)

    async def settle(self) -> None:
        """End all trouble; returns when nothing is under way any more."""
        await self.network(is_up=True)
        self.world.mend_stripe()
        self.agent.journal.free_disk()
        self.customers.do(SetNetwork(is_up=True))
        self.customers.do(RemoveCard())
        for till in self.hardware:
            self.world.wire_faults(reader=till)
            if not self.world.reader(till).is_plugged:
                self.world.reader(till).plug()
        async with asyncio.timeout(LONGEST_S):
            await self._answers()
            await self.world.passed(BOOKED_S)
            for till, reader in self.readers.items():
                await self.agent.ended(reader)
                if till != SMART:
                    await self.agent.until_online(reader)
            await self._forwarded()

    async def _answers(self) -> None:
        """Whatever registers have asked for and not waited for is answered."""
        asked, self._unanswered = self._unanswered, set()
        for answer in await asyncio.gather(*asked):
            _undamaged(answer)

    async def _forwarded(self) -> None:
        """Nothing that was stored waits any more."""
        self.agent.assembled.services.offline.forwarder.wake(with_failed=True)
        while True:
            await self.world.passed(1.0)
            totals = good(await self.agent.rest.get("/agent/offline"))["totals"]
            if not any(totals[state]["payments"] for state in ("queued", "forwarding")):
                return

    async def _smart_reader(self) -> str:
        location = await self.world.stripe("POST", "/v1/terminal/locations", LOCATION)
        form = {"registration_code": "simulated-wpe", "location": location["id"]}
        return str(good(await self.agent.rest.post(READERS, form))["id"])

    async def _live(self, folder: Path) -> None:
        self._fate = Fate(folder)
        running = running_agent(
            self.world, folder, fate=self._fate, offline=SETTINGS, offline_key=KEY
        )
        self.agent = await self._lives.enter_async_context(running)
        self.told = {**ends_of(self.agent), **self.told}
        self._hearing = asyncio.create_task(self._hear())

    async def _end_life(self) -> None:
        listening = () if self._hearing is None else (self._hearing,)
        cut_off = {*self._unanswered, *listening}
        self._unanswered = set()
        for task in cut_off:
            task.cancel()
        if cut_off:
            await asyncio.wait(cut_off)
        await self._lives.aclose()

    async def _hear(self) -> None:
        """Note every end that is told."""
        with self.agent.events.listen() as events:
            while True:
                event = await events.get()
                if isinstance(event, PhaseChanged) and event.phase in FINAL:
                    self.told[event.payment_id] = Phase(event.phase)


def _undamaged(answer: Answer) -> Answer:
    """An answer that no defect has spoilt; a 500 of Stripe's is passed on."""
    assert InternalError.code.encode() not in answer.body, answer.body
    return answer


PRESENT = {"allowed_payment_method_types[]": "card_present"}
LOCATION = {
    "display_name": "Shop",
    "address[line1]": "1 Main Street",
    "address[city]": "San Francisco",
    "address[state]": "CA",
    "address[postal_code]": "94111",
    "address[country]": "US",
}
