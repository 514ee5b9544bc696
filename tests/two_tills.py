"""A shop with two tills at one agent, for walks that nobody has planned.

Whatever befell it, `settle` ends all trouble and holds what then must be: no double
charge, no lost payment, no action that never ends.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from asgi_client import Answer
from crash_invariants import check_files, check_words, ends_of, payments_of
from flow_agent import Agent, running_agent
from flow_cables import DYNAPROX, Hardware
from flow_invariants import documented_codes
from flow_world import World, running_world
from mortality import Fate

from agent.events import PhaseChanged
from agent.ids import PaymentId
from agent.journal.entries import ConfirmStarted, Outcome, Reversed
from agent.payments.evidence import PAYING
from agent.payments.states import FINAL, Phase
from simulator.faults import WireFaults
from simulator.stripe_api.engine.faults import Fault

TILLS = {"front": DYNAPROX, "back": Hardware("idtech_vp3300")}
Card = tuple[str, str]
"""Its name, and how it is presented."""
LONGEST_S = 900.0
"""By then every action has ended, once all trouble has."""


@dataclass
class Shop:
    """The agent's lives, and what the tills have asked for and heard."""

    folder: Path
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    world: World = field(init=False)
    fate: Fate = field(init=False)
    agent: Agent = field(init=False)
    readers: dict[str, str] = field(default_factory=dict)
    intents: list[str] = field(default_factory=list)
    told: dict[PaymentId, Phase] = field(default_factory=dict)
    _checked: int = 0
    _customers: dict[str, Card | None] = field(default_factory=dict)
    _lives: AsyncExitStack = field(default_factory=AsyncExitStack)
    _hearing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start the agent for the first time, with a reader at each till."""
        self.world = await self.stack.enter_async_context(running_world(TILLS))
        self.stack.push_async_callback(self._end_life)
        await self._live(self.folder / "life")
        for till, hardware in TILLS.items():
            self.readers[till] = await self.agent.register(hardware.code(till))

    async def close(self) -> None:
        """Leave nothing behind but the folders."""
        await self.stack.aclose()

    async def sell(self, till: str, card: Card | None, *, capture: str) -> None:
        """Ask for a new payment, with this card's customer at the till from now on."""
        self._customer(till, card)
        form = {
            "amount": "1200",
            "currency": "usd",
            "capture_method": capture,
            "allowed_payment_method_types[]": "card_present",
        }
        intent = await self.world.stripe("POST", "/v1/payment_intents", form)
        self.intents.append(intent["id"])
        await self.process(till, self.intents[-1])

    async def process(self, till: str, intent: str) -> None:
        """Ask for the payment at this till, which may be refused."""
        _known(await self.agent.process(self.readers[till], intent))

    async def cancel(self, till: str) -> None:
        """Have the reader stop, which may be refused."""
        _known(await self.agent.cancel(self.readers[till]))

    async def ask(self, path: str, **form: str) -> None:
        """Something of Stripe's, which may be refused by it or fail."""
        answer = await self.agent.rest.post(path, form)
        assert answer.status != 500, answer.body

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
        self.fate.kill()
        await self._end_life()
        await self._live(self.fate.next_life)

    async def settle(self) -> None:
        """End all trouble, let time pass, and hold what must be."""
        self.world.mend_stripe()
        self.agent.journal.free_disk()
        for till in TILLS:
            self.world.wire_faults(reader=till)
            if not self.world.reader(till).is_plugged:
                self.world.reader(till).plug()
        await self.world.passed(150.0)
        async with asyncio.timeout(LONGEST_S):
            for reader in self.readers.values():
                await self.agent.ended(reader)
                await self.agent.until_online(reader)
        check_words(self.agent, self.told)
        await self._check_money(self.intents[self._checked :])
        self._checked = len(self.intents)
        for till in TILLS:
            await self._pays(till)

    async def check_all(self) -> None:
        """What was settled is so still; no card data in what all lives have left."""
        await self._check_money(self.intents)
        check_files(self.fate.folder)

    async def _pays(self, till: str) -> None:
        """The next payment works."""
        await self.sell(till, ("visa_approved", "contact"), capture="automatic")
        action = await self.agent.ended(self.readers[till])
        assert action is not None
        assert action["status"] == "succeeded", action
        assert await self.world.taken(self.intents[-1]) == [12_00]

    def _customer(self, till: str, card: Card | None) -> None:
        """From now on whoever is asked at this till presents this card."""
        self._customers[till] = card
        self.world.nobody()
        for name, held in self._customers.items():
            if held is not None:
                self.world.customer(held[0], entry=held[1], reader=name, only=False)

    async def _check_money(self, intents: list[str]) -> None:
        """One charge at most, told as success or given back, and always announced."""
        payments = payments_of(self.agent).values()
        entries = [one.entry for one in self.agent.journal.read(limit=100_000)]
        back = {one.payment_id for one in entries if isinstance(one, Reversed)}
        sent = {one.payment_id for one in entries if isinstance(one, ConfirmStarted)}
        for intent in intents:
            path = f"/v1/charges?payment_intent={intent}&limit=100"
            charges = (await self.world.stripe("GET", path))["data"]
            paid = [charge for charge in charges if charge["paid"]]
            mine = [each for each in payments if each.payment_intent == intent]
            ended_well = [
                each
                for each in mine
                if each.action in PAYING and each.outcome is Outcome.SUCCEEDED
            ]
            given_back = [each for each in mine if each.payment_id in back]
            assert len(paid) <= 1, "the cardholder was charged twice"
            assert len(paid) == len(ended_well) + len(given_back), "a lie about money"
            assert not charges or any(each.payment_id in sent for each in mine)

    async def _live(self, folder: Path) -> None:
        self.fate = Fate(folder)
        running = running_agent(self.world, folder, fate=self.fate)
        self.agent = await self._lives.enter_async_context(running)
        self.told = {**ends_of(self.agent), **self.told}
        self._hearing = asyncio.create_task(self._hear())

    async def _end_life(self) -> None:
        if self._hearing is not None:
            self._hearing.cancel()
            await asyncio.wait({self._hearing})
        await self._lives.aclose()

    async def _hear(self) -> None:
        """Note every end that is told."""
        with self.agent.events.listen() as events:
            while True:
                event = await events.get()
                if isinstance(event, PhaseChanged) and event.phase in FINAL:
                    self.told[event.payment_id] = Phase(event.phase)


def _known(answer: Answer) -> None:
    """Whether it was done, or refused for a reason that is documented."""
    assert answer.status == 200 or answer.error["code"] in documented_codes()
