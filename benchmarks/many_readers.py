"""Sixteen readers on one agent: how many payments a second, and how evenly.

Each reader hangs on a terminal of its own, has a customer who inserts a card at once,
and a register that asks for the next payment when the last one has ended. Agent,
simulator and registers share this machine, so with sixteen readers its processors are
busy: then each payment takes longer, but none of the readers may be worse off.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from benchmarks.shared.hurry import without_limits
from benchmarks.shared.percentiles import percentile
from examples.launch import (
    AgentFolder,
    Simulator,
    agent,
    agent_folder,
    call,
    expect,
    simulator,
)

READERS = 16
WARM_UP = 5
PAYMENTS_ALONE = 150
PAYMENTS_EACH = 60
AMOUNT = 1200
GOAL = {"slowdown": 1.0, "fairness_ratio": 1.25, "p99_to_p50_16": 3.0}
"""Sixteen readers take no fewer payments a second than one; the quickest takes at most
a quarter more than the slowest; one payment in a hundred takes three times the usual."""


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    names = [f"till{number:02}" for number in range(READERS)]
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name:
        folder = Path(name)
        with simulator(folder, readers=names) as world:
            home = without_limits(agent_folder(folder, stripe_url=world.url))
            with agent(home):
                key = home.key()
                for index, reader in enumerate(names):
                    world.when_asked_present(
                        "visa_approved", reader=reader, only=index == 0
                    )
                tills = [Till(world, home, reader=reader, key=key) for reader in names]
                for till in tills:
                    till.prepare(WARM_UP)
                    till.work(threading.Event())
                alone = measure(tills[:1], payments=PAYMENTS_ALONE)
                together = measure(tills, payments=PAYMENTS_EACH)
    figures = figures_of(alone, together)
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    for line in lines_of(together):
        print(line)
    print(json.dumps({"name": "many_readers", **figures, "goal": GOAL, "met": met}))
    return 0


@dataclass(frozen=True, slots=True)
class Run:
    """Some readers that took payments at the same time."""

    times_ms: dict[str, list[float]]
    """Of each payment, by reader, until the first reader had done all of its own."""
    seconds: float

    @property
    def per_second(self) -> float:
        """Payments of all readers."""
        return sum(map(len, self.times_ms.values())) / self.seconds

    @property
    def all_ms(self) -> list[float]:
        """Of all readers."""
        return [one for times in self.times_ms.values() for one in times]


class Till:
    """A register with one reader, and a connection that is kept open."""

    def __init__(
        self, world: Simulator, home: AgentFolder, *, reader: str, key: str
    ) -> None:
        registered = expect(
            call(
                f"{home.url}/v1/terminal/readers",
                {"registration_code": f"serial:{world.folder / reader}"},
                key=key,
            )
        )
        self.reader = reader
        self.times_ms: list[float] = []
        self._world = world
        self._intents: list[str] = []
        self._path = f"/v1/terminal/readers/{registered['id']}/process_payment_intent"
        self._connection = http.client.HTTPConnection(
            urlsplit(home.url).netloc, timeout=30
        )
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Prefer": "wait=30",
        }

    def prepare(self, payments: int) -> None:
        """Make the PaymentIntents, outside of what is timed."""
        body = {
            "amount": AMOUNT,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
        }
        self.times_ms = []
        self._intents = [
            str(self._world.stripe("/v1/payment_intents", body)["id"])
            for _ in range(payments)
        ]

    def work(self, is_over: threading.Event) -> None:
        """Take one payment after the other; whoever is through first ends the run."""
        while self._intents and not is_over.is_set():
            started = time.perf_counter()
            self._pay(self._intents.pop())
            self.times_ms.append((time.perf_counter() - started) * 1000)
        is_over.set()

    def _pay(self, intent: str) -> None:
        body = urlencode({"payment_intent": intent})
        self._connection.request("POST", self._path, body=body, headers=self._headers)
        answer = self._connection.getresponse()
        reader = expect((answer.status, json.loads(answer.read())))
        if reader["action"]["status"] != "succeeded":
            raise RuntimeError(f"not paid: {reader['action']}")


def measure(tills: list[Till], *, payments: int) -> Run:
    """Have these take payments until the first of them has taken so many."""
    for till in tills:
        till.prepare(payments)
    is_over = threading.Event()
    started = time.perf_counter()
    with ThreadPoolExecutor(len(tills)) as pool:
        for working in [pool.submit(till.work, is_over) for till in tills]:
            working.result()
    seconds = time.perf_counter() - started
    return Run({till.reader: till.times_ms for till in tills}, seconds)


def figures_of(alone: Run, together: Run) -> dict[str, Any]:
    """What is told to programs."""
    counts = [len(times) for times in together.times_ms.values()]
    p50, p99 = percentile(together.all_ms, 50), percentile(together.all_ms, 99)
    return {
        "payments_per_s_1": round(alone.per_second, 1),
        "payments_per_s_16": round(together.per_second, 1),
        "slowdown": round(alone.per_second / together.per_second, 3),
        "p50_1_ms": percentile(alone.all_ms, 50),
        "p99_1_ms": percentile(alone.all_ms, 99),
        "p50_16_ms": p50,
        "p99_16_ms": p99,
        "p99_to_p50_16": round(p99 / p50, 2),
        "fairness_ratio": round(max(counts) / min(counts), 3),
        "p50_p99_by_reader_ms": {
            reader: [percentile(times, 50), percentile(times, 99)]
            for reader, times in together.times_ms.items()
        },
    }


def lines_of(run: Run) -> list[str]:
    """One line per reader."""
    return [
        f"{reader}  {len(times):4} payments  "
        f"p50 {percentile(times, 50):7.2f} ms  p99 {percentile(times, 99):7.2f} ms"
        for reader, times in run.times_ms.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
