"""What one payment at a real agent makes its fleet's broker carry.

Agent, simulated reader and Stripe, and a Mosquitto with TLS, each a process; the office
counts what it hears of one machine, by topic.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import tempfile
from collections import Counter
from pathlib import Path

import aiomqtt

from agent.fleet.topics import Topics
from benchmarks.payment_overhead import Register, new_intent
from benchmarks.shared.machines import session
from examples.broker import PROGRAM, Mosquitto, mosquitto
from examples.launch import AgentFolder, Simulator, agent, agent_folder, simulator

PAYMENTS = 20
SILENCE_S = 1.0
"""After so long nothing more comes of a payment."""
GOAL = {"payment_messages": 10.0, "payment_kib": 5.0}
"""What docs/fleet.md reckons with at most."""


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    if PROGRAM is None:
        print("mosquitto is not installed", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name:
        folder = Path(name)
        with (
            mosquitto(folder / "broker") as broker,
            simulator(folder, readers=["agents"]) as world,
        ):
            home = agent_folder(
                folder, stripe_url=world.url, settings=settings_of(broker)
            )
            with agent(home):
                figures = asyncio.run(measured(broker, world, home))
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "fleet_payment", **figures, "goal": GOAL, "met": met}))
    return 0


def settings_of(broker: Mosquitto) -> str:
    """A machine's own; counts for everybody's watching are left out."""
    return f"""
[fleet]
broker = "{broker.url}"
machine = "till"
username = "till"
password_file = "{broker.password_file("till")}"
ca_file = "{broker.ca_file}"
metrics_interval_s = 3600
"""


async def measured(
    broker: Mosquitto, world: Simulator, home: AgentFolder
) -> dict[str, float]:
    """Messages and their size a payment, by what they are for."""
    tls = ssl.create_default_context(cafile=broker.ca_file)
    messages, sizes = Counter[str](), Counter[str]()
    async with session(broker, tls, Topics("cardlane", "office")) as office:
        await office.subscribe("cardlane/till/#", qos=1)
        register = await asyncio.to_thread(Register, world, home, key=home.key())
        world.when_asked_present("visa_approved", reader="agents")
        await settled(office)
        for _ in range(PAYMENTS):
            await asyncio.to_thread(register.pay, new_intent(world))
        for message in await settled(office):
            kind = str(message.topic).split("/")[2]
            messages[kind] += 1
            sizes[kind] += len(message.payload) + len(str(message.topic))
    kinds = {
        f"{kind}_a_payment": round(messages[kind] / PAYMENTS, 2) for kind in messages
    }
    return {
        "payments": PAYMENTS,
        "payment_messages": round(messages.total() / PAYMENTS, 1),
        "payment_kib": round(sizes.total() / PAYMENTS / 1024, 2),
        **kinds,
    }


async def settled(office: aiomqtt.Client) -> list[aiomqtt.Message]:
    """What has come, once nothing more does."""
    heard: list[aiomqtt.Message] = []
    messages = office.messages.__aiter__()
    while True:
        coming = asyncio.ensure_future(anext(messages))
        done, _ = await asyncio.wait([coming], timeout=SILENCE_S)
        if not done:
            coming.cancel()
            await asyncio.wait([coming])
            return heard
        heard.append(coming.result())


if __name__ == "__main__":
    sys.exit(main())
