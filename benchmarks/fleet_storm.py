"""A broker that was away, two hundred machines that come back, and ten thousand in theory.

Measured: how many machines a second get back in when all come at once, and when each
waits as the agent does (agent/fleet/link.py); what the broker keeps of a machine that is
away; and how quickly a second broker, bridged to the first, tells of its events. Worked
out from that: how long ten thousand machines take, by playing the agent's own waits
against a broker that lets in as many a second as this one did.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import secrets
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiomqtt

from agent.fleet.link import TIMEOUT_S, wait_s
from agent.fleet.topics import Topics
from benchmarks.shared.machines import (
    EVENT,
    announce,
    pss_kib,
    session,
    topics_of,
)
from benchmarks.shared.percentiles import percentile
from examples.broker import PROGRAM, Mosquitto, mosquitto

MACHINES = 200
EVENTS = 2_000
AWAY_S = 3.0
FLEET = 10_000
OUTAGES_S = (1.0, 60.0, 600.0)
GOAL = {"all_back_s": 30.0, "fleet_back_s": 600.0}
"""After AWAY_S the machines here; after any of OUTAGES_S the ten thousand."""


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    if PROGRAM is None:
        print("mosquitto is not installed", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name,
        mosquitto(Path(name) / "one") as broker,
        mosquitto(Path(name) / "two", bridge_to=broker) as other,
    ):
        figures = asyncio.run(measured(broker, other))
    per_s = figures["at_once_per_s"]
    back_s = {outage_s: worked_out(outage_s, per_s=per_s) for outage_s in OUTAGES_S}
    for outage_s, all_s in back_s.items():
        figures[f"fleet_back_after_{outage_s:g}_s"] = round(all_s, 1)
    figures["fleet_back_s"] = round(max(back_s.values()), 1)
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "fleet_storm", **figures, "goal": GOAL, "met": met}))
    return 0


async def measured(broker: Mosquitto, other: Mosquitto) -> dict[str, float]:
    """The figures of this machine."""
    tls = ssl.create_default_context(cafile=broker.ca_file)
    empty_kib = pss_kib(broker)
    at_once_s = await come_at_once(broker, tls)
    away_kib = (pss_kib(broker) - empty_kib) / MACHINES
    back_s = await come_back(broker, tls)
    told_per_s = await told_next_door(broker, other, tls)
    return {
        "machines": MACHINES,
        "at_once_per_s": round(MACHINES / at_once_s),
        "away_kib_per_machine": round(away_kib, 1),
        "back_p50_s": percentile(back_s, 50, digits=2),
        "all_back_s": round(max(back_s), 2),
        "busiest_second": max(busiest(back_s), default=0),
        "bridged_events_per_s": round(told_per_s),
    }


async def come_at_once(broker: Mosquitto, tls: ssl.SSLContext) -> float:
    """Seconds until all are born, none having waited; then they are away."""
    async with AsyncExitStack() as stack:

        async def one(number: int) -> None:
            topics = topics_of(number)
            await announce(
                await stack.enter_async_context(session(broker, tls, topics)), topics
            )

        started = time.perf_counter()
        await asyncio.gather(*map(one, range(MACHINES)))
        return time.perf_counter() - started


async def come_back(broker: Mosquitto, tls: ssl.SSLContext) -> list[float]:
    """The broker ends and begins anew: when each machine is back, in seconds after."""
    here: set[int] = set()
    back_s: list[float] = []
    changed, started = asyncio.Event(), time.perf_counter()

    async def live(number: int) -> None:
        attempt, topics = 0, topics_of(number)
        while True:
            with suppress(aiomqtt.MqttError, OSError):
                async with session(broker, tls, topics) as client:
                    await announce(client, topics)
                    here.add(number)
                    back_s.append(time.perf_counter() - started)
                    changed.set()
                    attempt = 0
                    async for _ in client.messages:
                        pass
            await asyncio.sleep(wait_s(attempt, secrets.token_bytes))
            attempt += 1

    async def all_here() -> None:
        while len(here) < MACHINES:
            changed.clear()
            await changed.wait()

    living = [asyncio.create_task(live(number)) for number in range(MACHINES)]
    await all_here()
    here.clear()
    await asyncio.to_thread(broker.stop)
    await asyncio.sleep(AWAY_S)
    back_s.clear()
    await asyncio.to_thread(broker.start)
    started = time.perf_counter()
    await all_here()
    for machine in living:
        machine.cancel()
    await asyncio.gather(*living, return_exceptions=True)
    return back_s


def busiest(times_s: Iterable[float]) -> list[int]:
    """How many came in the second that began with each."""
    ordered = sorted(times_s)
    return [sum(at <= other < at + 1 for other in ordered) for at in ordered]


async def told_next_door(
    broker: Mosquitto, other: Mosquitto, tls: ssl.SSLContext
) -> float:
    """Events a second from a machine at one broker to who listens at the other."""
    next_door = ssl.create_default_context(cafile=other.ca_file)
    topics = topics_of(0)
    async with (
        session(broker, tls, topics) as machine,
        session(other, next_door, Topics("cardlane", "office")) as office,
    ):
        await office.subscribe("cardlane/+/events", qos=1)
        heard = office.messages.__aiter__()
        await bridged(machine, topics, heard)
        started = time.perf_counter()
        telling = asyncio.create_task(tell(machine, topics))
        for _ in range(EVENTS):
            await anext(heard)
        elapsed_s = time.perf_counter() - started
        await telling
    return EVENTS / elapsed_s


async def bridged(
    machine: aiomqtt.Client, topics: Topics, heard: AsyncIterator[aiomqtt.Message]
) -> None:
    """Return once an event has come over: a bridge takes its time to connect again."""
    hearing = asyncio.ensure_future(anext(heard))
    told = 0
    while not hearing.done():
        await machine.publish(topics.events, EVENT, qos=1)
        told += 1
        await asyncio.wait([hearing], timeout=0.5)
    for _ in range(told - 1):
        await anext(heard)


async def tell(machine: aiomqtt.Client, topics: Topics) -> None:
    """All events, some on their way at a time."""
    window = asyncio.Semaphore(10)

    async def one() -> None:
        async with window:
            await machine.publish(topics.events, EVENT, qos=1)

    await asyncio.gather(*(one() for _ in range(EVENTS)))


def worked_out(outage_s: float, *, per_s: float) -> float:
    """Seconds after the outage until all of FLEET are back at such a broker.

    It takes machines one after the other; who has waited for longer than an agent does
    tries again later, and has cost it as much as the others.
    """
    attempts = [(0.0, number, 0) for number in range(FLEET)]
    free_at_s = outage_s
    while attempts:
        at_s, number, attempt = heapq.heappop(attempts)
        given_up_s = at_s
        if at_s >= outage_s:
            free_at_s = max(free_at_s, at_s) + 1 / per_s
            if free_at_s - at_s <= TIMEOUT_S:
                continue
            given_up_s = at_s + TIMEOUT_S
        later_s = given_up_s + wait_s(attempt, secrets.token_bytes)
        heapq.heappush(attempts, (later_s, number, attempt + 1))
    return free_at_s - outage_s


if __name__ == "__main__":
    sys.exit(main())
