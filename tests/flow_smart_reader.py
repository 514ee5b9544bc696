"""An agent with one of Stripe's smart readers, and a customer in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asgi_client import Answer
from flow_agent import Agent, good, running_agent
from flow_world import World, running_world

from agent.ids import ReaderId
from agent.payments.payment import Payment, fold
from agent.settings import PaymentSettings
from simulator.cards.card import Entry
from simulator.stripe_api.at_the_reader.deeds import Deed, EnterPin, PresentCard
from simulator.stripe_api.at_the_reader.rules import Condition, Rule, SmartRules
from simulator.stripe_api.at_the_reader.screens import Screen
from simulator.stripe_api.at_the_reader.smart_readers import SmartReaders
from simulator.stripe_api.smart_readers.phases import Phase

READERS = "/v1/terminal/readers"


@dataclass(frozen=True)
class SmartStack:
    """An agent, a smart reader and Stripe; nobody presents a card."""

    world: World
    agent: Agent
    reader: str
    rules: SmartRules

    def do(self, deed: Deed) -> None:
        """Do this at the reader now."""
        SmartReaders(self.world.simulator.stripe_api).do(self.reader, deed)

    def screen(self) -> Screen:
        """What the reader shows now."""
        return SmartReaders(self.world.simulator.stripe_api).look(self.reader).screen

    def card(
        self, name: str = "visa_approved", *, entry: str = "contact"
    ) -> PresentCard:
        """A customer's card."""
        return PresentCard(self.world.simulator.cards.named(name), Entry(entry))

    def customer(
        self,
        name: str = "visa_approved",
        *,
        entry: str = "contact",
        after_s: float = 4.0,
    ) -> None:
        """Whoever is asked for a card presents this one, every time."""
        self.when(Phase.WAITING_FOR_CARD, self.card(name, entry=entry), after_s=after_s)
        self.when(Phase.ENTERING_PIN, EnterPin(), after_s=after_s)

    def when(self, phase: Phase, deed: Deed, *, after_s: float) -> None:
        """Every time the reader is in that phase, do this."""
        condition = Condition(reader=self.reader, phase=phase)
        self.rules.add(Rule(condition, (deed,), after_s=after_s, times=None))

    def nobody(self) -> None:
        """From now on no customer comes."""
        self.rules.clear()

    async def order(
        self,
        action: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Tell the reader to act."""
        path = f"{READERS}/{self.reader}/{action}"
        return await self.agent.rest.post(path, form, headers)

    async def process(self, intent: str, **headers: str) -> Answer:
        """Ask the reader to take the payment."""
        return await self.order(
            "process_payment_intent", {"payment_intent": intent}, headers
        )

    async def waited(self, action: str, form: dict[str, str]) -> Any:
        """The reader's action once it has ended, as a caller who waits gets it."""
        answer = await self.order(action, form, {"prefer": "wait=120"})
        return good(answer)["action"]

    def payment(self) -> Payment:
        """The newest payment on the reader, as the journal tells it."""
        journal = self.agent.journal
        payment_id = journal.latest_payment(ReaderId(self.reader))
        assert payment_id is not None
        return fold(recorded.entry for recorded in journal.entries_of(payment_id))

    async def ended(self) -> Payment:
        """The newest payment on the reader, once it has ended."""
        actions = self.agent.assembled.actions
        await actions.wait_finished(self.payment().payment_id, timeout_s=4000)
        return self.payment()

    def questions(self) -> int:
        """How often Stripe was asked for readers."""
        log = self.world.simulator.stripe_api.requests
        found = log.find(lambda one: one.method == "GET" and READERS in one.path)
        return len(list(found))


@asynccontextmanager
async def running_smart_stack(
    folder: Path, *, payments: PaymentSettings | None = None
) -> AsyncIterator[SmartStack]:
    """One agent, one smart reader at a location in Canada, one Stripe."""
    async with (
        running_world() as world,
        running_agent(world, folder, payments=payments) as agent,
    ):
        location = await world.stripe(
            "POST",
            "/v1/terminal/locations",
            {
                "display_name": "Shop",
                "address[line1]": "1 Queen Street",
                "address[city]": "Toronto",
                "address[state]": "ON",
                "address[postal_code]": "M5H 2N2",
                "address[country]": "CA",
            },
        )
        form = {"registration_code": "simulated-wpe", "location": location["id"]}
        reader = good(await agent.rest.post(READERS, form))
        rules = SmartRules(world.simulator.stripe_api)
        yield SmartStack(world, agent, reader["id"], rules)
