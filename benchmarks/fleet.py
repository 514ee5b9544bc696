"""Two hundred machines on one Mosquitto: coming, telling, being told, and what each costs.

Each simulated machine (benchmarks/shared/machines.py) has birth, last will, two
subscriptions for orders and events at QoS 1, without the agent behind it. TLS as in
production. All of them share this machine with the broker, so the figures are a floor.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiomqtt

from agent.fleet.topics import Topics
from benchmarks.shared.machines import (
    EVENT,
    announce,
    pss_kib,
    session,
    topics_of,
    wire_bytes,
)
from benchmarks.shared.percentiles import percentile
from examples.broker import PROGRAM, Mosquitto, mosquitto

MACHINES = 200
EVENTS_EACH = 20
AT_ONCE = 25
"""Machines that connect at a time: a fleet comes back with random waits."""
GOAL = {"connect_p99_s": 5.0, "events_per_s": 500, "broker_kib_per_machine": 100}
"""Rough floors: more is better, `met` means connect and memory below, events above."""


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    if PROGRAM is None:
        print("mosquitto is not installed", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name,
        mosquitto(Path(name) / "broker") as broker,
    ):
        figures = asyncio.run(measured(broker))
    met = (
        figures["connect_p99_s"] <= GOAL["connect_p99_s"]
        and figures["events_per_s"] >= GOAL["events_per_s"]
        and figures["broker_kib_per_machine"] <= GOAL["broker_kib_per_machine"]
    )
    print(json.dumps({"name": "fleet", **figures, "goal": GOAL, "met": met}))
    return 0


async def measured(broker: Mosquitto) -> dict[str, float]:
    """The figures of one fleet."""
    tls = ssl.create_default_context(cafile=broker.ca_file)
    before, sent = pss_kib(broker), [wire_bytes(broker)]
    async with AsyncExitStack() as stack:
        connected, times_s = await come(broker, tls, stack)
        after = pss_kib(broker)
        sent.append(wire_bytes(broker))
        per_s, told_ms = await tell(connected)
        sent.append(wire_bytes(broker))
        ordered_s = await order(broker, tls, connected)
    return {
        "machines": MACHINES,
        "connect_p50_s": percentile(times_s, 50, digits=3),
        "connect_p99_s": percentile(times_s, 99, digits=3),
        "broker_kib_per_machine": round((after - before) / MACHINES, 1),
        "connect_wire_bytes": round((sent[1] - sent[0]) / MACHINES),
        "events_per_s": round(per_s),
        "event_wire_bytes": round((sent[2] - sent[1]) / len(told_ms)),
        "event_p50_ms": percentile(told_ms, 50, digits=3),
        "event_p99_ms": percentile(told_ms, 99, digits=3),
        "order_to_all_s": round(ordered_s, 3),
    }


async def come(
    broker: Mosquitto, tls: ssl.SSLContext, stack: AsyncExitStack
) -> tuple[list[tuple[Topics, aiomqtt.Client]], list[float]]:
    """All machines, connected and announced, and how long each took."""
    turns, times_s = asyncio.Semaphore(AT_ONCE), []
    connected: list[tuple[Topics, aiomqtt.Client]] = []

    async def one(number: int) -> None:
        topics = topics_of(number)
        async with turns:
            started = time.perf_counter()
            client = await stack.enter_async_context(session(broker, tls, topics))
            await announce(client, topics)
            times_s.append(time.perf_counter() - started)
        connected.append((topics, client))

    await asyncio.gather(*map(one, range(MACHINES)))
    return connected, times_s


async def tell(
    connected: list[tuple[Topics, aiomqtt.Client]],
) -> tuple[float, list[float]]:
    """Events a second from all machines at once, and each one's way to its PUBACK."""
    times_ms: list[float] = []

    async def one(topics: Topics, client: aiomqtt.Client) -> None:
        for _ in range(EVENTS_EACH):
            started = time.perf_counter()
            await client.publish(topics.events, EVENT, qos=1)
            times_ms.append((time.perf_counter() - started) * 1000)

    started = time.perf_counter()
    await asyncio.gather(*(one(*machine) for machine in connected))
    return len(times_ms) / (time.perf_counter() - started), times_ms


async def order(
    broker: Mosquitto,
    tls: ssl.SSLContext,
    connected: list[tuple[Topics, aiomqtt.Client]],
) -> float:
    """Seconds until the last machine has an order to all."""

    async def one(client: aiomqtt.Client) -> None:
        await anext(client.messages.__aiter__())

    async with session(broker, tls, Topics("cardlane", "office")) as office:
        hearing = [asyncio.create_task(one(client)) for _, client in connected]
        started = time.perf_counter()
        await office.publish("cardlane/all/orders", EVENT, qos=1)
        await asyncio.gather(*hearing)
        return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
