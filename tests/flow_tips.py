"""Customers at the tip screens of readers, and the shops that have them asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from flow_agent import Stack, good, running_agent
from flow_cables import Hardware
from flow_world import CUSTOMER_S, World, running_world

from drivers.wires import WireKind
from simulator.reader.device import SimulatedReader
from simulator.reader.screen import Screen

TIPPING = (
    Hardware("magtek_dynaflex", WireKind.HID),
    Hardware("idtech_vp8800", WireKind.STREAM),
)
"""A reader of each family that asks for tips."""

CUSTOM = ("CUSTOM", "OTHER AMOUNT")
NO_TIP = ("NO TIP",)


class TipScreens:
    """What was offered at one reader, and who chooses from it."""

    def __init__(self, world: World, *, reader: str = "counter") -> None:
        self.offered: list[tuple[str, ...]] = []
        """The choices of each tip screen, in order."""
        self._wanted: tuple[str, ...] = ()
        self._typed = ""
        world.reader(reader).watch(self._look)

    def choose(self, *beginnings: str, then_type: str = "") -> None:
        """From now on customers touch the choice that begins so, and type an amount."""
        self._wanted, self._typed = beginnings, then_type

    def _look(self, reader: SimulatedReader, screen: Screen) -> None:
        loop = asyncio.get_running_loop()
        if screen.choices:
            self.offered.append(screen.choices)
            wanted = [c for c in screen.choices if c.startswith(self._wanted)]
            if wanted:
                loop.call_later(CUSTOMER_S, reader.touch, wanted[0])
        elif self._typed and any("TIP AMOUNT" in line for line in screen.lines):
            typed, self._typed = self._typed, ""
            loop.call_later(CUSTOMER_S, _type, reader, typed)


def _type(reader: SimulatedReader, digits: str) -> None:
    for digit in digits:
        reader.press_key(digit)
    reader.press_key("enter")


@asynccontextmanager
async def tipping_stack(
    folder: Path, *, hardware: Hardware, **tips: str
) -> AsyncIterator[tuple[Stack, TipScreens]]:
    """A stack whose account's default Configuration has these tips for dollars."""
    async with running_world({"counter": hardware}) as world:
        await set_tips(world, **tips)
        async with running_agent(world, folder) as agent:
            reader = await agent.register(hardware.code("counter"))
            yield Stack(world, agent, reader), TipScreens(world)


async def set_tips(world: World, **tips: str) -> None:
    """Set the account's tips for dollars, as at Stripe's dashboard."""
    path = "/v1/terminal/configurations"
    listed = await world.stripe("GET", f"{path}?is_account_default=true")
    await world.stripe("POST", f"{path}/{listed['data'][0]['id']}", tips_form(**tips))


def tips_form(**tips: str) -> dict[str, str]:
    """These tips for dollars as parameters of a Configuration; lists with commas."""
    form = {
        f"tipping[usd][{name}][{place}]": value
        for name, values in tips.items()
        if name != "smart_tip_threshold"
        for place, value in enumerate(values.split(","))
    }
    if "smart_tip_threshold" in tips:
        form["tipping[usd][smart_tip_threshold]"] = tips["smart_tip_threshold"]
    return form


async def process(stack: Stack, intent: str, **config: str) -> Any:
    """Process the intent with this `process_config`; the action at its end."""
    path = f"/v1/terminal/readers/{stack.reader}/process_payment_intent"
    form = {"payment_intent": intent} | {
        f"process_config[{name.replace('__', '][')}]": value
        for name, value in config.items()
    }
    good(await stack.agent.rest.post(path, form))
    return await stack.agent.ended(stack.reader)


async def intent_at_stripe(stack: Stack, intent: str) -> Any:
    """The PaymentIntent as Stripe has it."""
    return await stack.world.stripe("GET", f"/v1/payment_intents/{intent}")
