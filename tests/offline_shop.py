"""A shop whose network fails: an agent that may take payments offline, its world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asgi_client import Answer
from flow_agent import Agent, good, running_agent
from flow_cables import DYNAPROX, Hardware
from flow_world import STRIPE_KEY, World, running_world
from mortality import Fate
from skipping_loop import LoopClock

from agent.settings import OfflineKey, OfflineSettings

KEY = OfflineKey(bytes(range(32)))
SETTINGS = OfflineSettings(
    max_payment=("100.00 usd", "100.00 cad", "100.00 aud"),
    max_stored=("500.00 usd", "500.00 cad", "500.00 aud"),
)
LONGEST_S = 1000
"""How long anything is waited for."""
INTENTS = "/v1/payment_intents"
CONFIGURATIONS = "/v1/terminal/configurations"


@dataclass(frozen=True)
class Shop:
    """One agent, one reader, and a network that can be cut."""

    world: World
    agent: Agent
    reader: str

    async def intent(self, amount: int = 12_00, **more: str) -> Answer:
        """Ask for a PaymentIntent."""
        form = {
            "amount": str(amount),
            "currency": "usd",
            "allowed_payment_method_types[]": "card_present",
            **more,
        }
        return await self.agent.rest.post(INTENTS, form)

    async def new_intent(self, amount: int = 12_00, **more: str) -> str:
        """A new PaymentIntent; its id."""
        return str(good(await self.intent(amount, **more))["id"])

    async def process(self, intent: str, behavior: str | None = None) -> Answer:
        """Ask the reader to take it."""
        form = {"payment_intent": intent}
        if behavior is not None:
            form["process_config[offline_behavior]"] = behavior
        path = f"/v1/terminal/readers/{self.reader}/process_payment_intent"
        return await self.agent.rest.post(path, form)

    async def pay(self, intent: str, behavior: str | None = None) -> Any:
        """Take it; the reader's action at its end."""
        good(await self.process(intent, behavior))
        return await self.agent.ended(self.reader)

    async def pay_offline(
        self, amount: int = 12_00, *, more: Mapping[str, str] | None = None
    ) -> str:
        """A payment that must be stored; its intent."""
        intent = await self.new_intent(amount, **(more or {}))
        action = await self.pay(intent)
        assert action["status"] == "succeeded", action
        return intent

    async def status(self) -> Any:
        """`GET /agent/offline`."""
        return good(await self.agent.rest.get("/agent/offline"))

    async def totals(self) -> dict[str, int]:
        """How many payments are in each state, of those that have any."""
        totals = (await self.status())["totals"]
        return {
            state: total["payments"]
            for state, total in totals.items()
            if total["payments"]
        }

    async def until(self, **wanted: int) -> None:
        """Return when so many payments are in these states, and in no others."""
        for _ in range(LONGEST_S):
            if await self.totals() == wanted:
                return
            await self.world.passed(1.0)
        assert await self.totals() == wanted

    async def shown(self, intent: str) -> Any:
        """The PaymentIntent as the register sees it."""
        return good(await self.agent.rest.get(f"{INTENTS}/{intent}"))

    async def payment(self, intent: str) -> Any:
        """What the agent says of the intent's payment."""
        found = await self.agent.rest.get(f"/agent/payments?payment_intent={intent}")
        (payment,) = good(found)["payments"]
        return payment


@asynccontextmanager
async def shop_world(hardware: Hardware = DYNAPROX) -> AsyncIterator[World]:
    """A world whose Stripe account allows offline payments everywhere."""
    async with running_world({"counter": hardware}) as world:
        await allow_offline(world)
        yield world


async def allow_offline(world: World, key: str = STRIPE_KEY) -> None:
    """From now on the account of this key allows offline payments everywhere."""
    headers = {"authorization": f"Bearer {key}"}
    default = f"{world.url}{CONFIGURATIONS}?is_account_default=true"
    async with world.http.get(default, headers=headers) as answer:
        (found,) = (await answer.json())["data"]
    path = f"{world.url}{CONFIGURATIONS}/{found['id']}"
    form = {"offline[enabled]": "true"}
    async with world.http.post(path, data=form, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


@asynccontextmanager
async def open_shop(
    world: World,
    folder: Path,
    *,
    hardware: Hardware = DYNAPROX,
    reader: str | None = None,
    settings: OfflineSettings = SETTINGS,
    key: OfflineKey | None = KEY,
    stripe_key: str = STRIPE_KEY,
    fate: Fate | None = None,
    clock: LoopClock | None = None,
) -> AsyncIterator[Shop]:
    """An agent at work; `reader` where it has been registered before."""
    async with running_agent(
        world,
        folder,
        offline=settings,
        offline_key=key,
        key=stripe_key,
        fate=fate,
        clock=clock,
    ) as running:
        if reader is None:
            reader = await running.register(hardware.code("counter"))
            # What Stripe says of this reader is known before the network fails.
            await running.assembled.services.configurations.known(None)
        else:
            await running.until_online(reader)
        yield Shop(world, running, reader)


async def charges(world: World) -> list[Mapping[str, Any]]:
    """Every charge at Stripe, the newest first."""
    listed = await world.stripe("GET", "/v1/charges?limit=100")
    found: list[Mapping[str, Any]] = listed["data"]
    return found


async def stored(world: World, folder: Path, *, count: int) -> str:
    """Store payments with an agent that ends; the reader's id."""
    async with open_shop(world, folder) as shop:
        world.customer("visa_approved")
        await world.network.cut()
        for _ in range(count):
            await shop.pay_offline()
        return shop.reader
