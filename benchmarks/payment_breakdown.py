"""Where a payment's time goes, through the agent and by the bare script.

The agent notes when it is handed something and when it hands something on: what lies
between a hand-over and the answer to it that it acts upon is waiting, the rest its own
work. The bare script's own work is its processor time. Beside it the least that a
register, an agent and a durable journal can cost here: the bare script, an empty request
to the agent, and two fsyncs of this disk: the third is waited for with the card.

    python benchmarks/payment_breakdown.py [PAYMENTS]
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.payment_overhead import (
    BareScript,
    Calls,
    Register,
    Wanted,
    new_intent,
    present_cards,
)
from benchmarks.shared.hurry import without_limits
from benchmarks.shared.timed_agent import Mark
from examples.launch import Simulator, agent, agent_folder, simulator

PAYMENTS = 200
WARM_UP = 20
FSYNCS_WAITED_FOR = 2
ROWS = ("register", "own work", "journal", "stripe", "reader")
GOAL = {"ratio_p50": 1.3}
TIMED_AGENT = Path(__file__).parent / "shared" / "timed_agent.py"


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    payments = int(sys.argv[1]) if len(sys.argv) > 1 else PAYMENTS
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name:
        folder = Path(name)
        with simulator(folder, readers=["agents", "bare"]) as world:
            home = without_limits(agent_folder(folder, stripe_url=world.url))
            marks = folder / "marks.json"
            arguments = home.command("run")[1:]
            program = [sys.executable, str(TIMED_AGENT), str(marks), *arguments]
            with agent(home, program=program):
                key = home.key()
                register = Register(world, home, key=key)
                calls = Calls(home.url, key=key)
                turns = take_turns(world, register, calls, payments=payments)
        noted = json.loads(marks.read_text())
    ours = usual([breakdown(noted, *turn) for turn in turns.agent])
    theirs = usual(turns.bare)
    for row in ROWS:
        print(f"{row:10} agent {ours[row]:6.2f} ms  bare {theirs.get(row, 0):6.2f} ms")
    total, bare = sum(ours.values()), sum(theirs.values())
    print(f"{'together':10} agent {total:6.2f} ms  bare {bare:6.2f} ms")
    empty, fsync = median_ms(turns.empty), median_ms(turns.fsyncs)
    least = bare + empty + FSYNCS_WAITED_FOR * fsync
    figures = {
        "agent_ms": {row: round(value, 3) for row, value in ours.items()},
        "bare_ms": {row: round(value, 3) for row, value in theirs.items()},
        "empty_request_ms": round(empty, 3),
        "fsync_ms": round(fsync, 3),
        "ratio_p50": round(total / bare, 3),
        "least_ratio_p50": round(least / bare, 3),
    }
    met = total / bare <= GOAL["ratio_p50"]
    print(
        json.dumps({"name": "payment_breakdown", **figures, "goal": GOAL, "met": met})
    )
    return 0


Turn = tuple[float, float]
"""When a payment began and ended; seconds."""


@dataclass
class Turns:
    """What was done in turn, so that all of it met the same machine."""

    agent: list[Turn] = field(default_factory=list)
    bare: list[dict[str, float]] = field(default_factory=list)
    """Milliseconds by row."""
    empty: list[Turn] = field(default_factory=list)
    fsyncs: list[Turn] = field(default_factory=list)


class TimedScript(BareScript):
    """The bare script, which knows what it has waited for."""

    def __init__(self, world: Simulator) -> None:
        super().__init__(world)
        self._waited_s = 0.0

    def timed(self, intent: str) -> dict[str, float]:
        """Pay; milliseconds by row."""
        began, worked, self._waited_s = time.perf_counter(), time.thread_time(), 0.0
        self.pay(intent)
        own_s = time.thread_time() - worked
        stripe_s = time.perf_counter() - began - own_s - self._waited_s
        parts = {"own work": own_s, "stripe": stripe_s, "reader": self._waited_s}
        return {row: 1000 * seconds for row, seconds in parts.items()}

    def _wait_for(self, kind: type[Wanted]) -> Wanted:
        began, worked = time.perf_counter(), time.thread_time()
        notice = super()._wait_for(kind)
        own_s = time.thread_time() - worked
        self._waited_s += time.perf_counter() - began - own_s
        return notice


def take_turns(
    world: Simulator, register: Register, calls: Calls, *, payments: int
) -> Turns:
    """A payment of either side, an empty request and a bare fsync, again and again."""
    bare, turns = TimedScript(world), Turns()
    present_cards(world)
    page = bytes(4096)
    file = os.open(world.folder / "page", os.O_CREAT | os.O_WRONLY, 0o600)
    for turn in range(WARM_UP + payments):
        if turn == WARM_UP:
            turns = Turns()
        turns.agent.append(timed(partial(register.pay, new_intent(world))))
        turns.bare.append(bare.timed(new_intent(world)))
        turns.empty.append(timed(partial(calls.get, "/agent/health/live")))
        os.pwrite(file, page, turn * len(page))
        turns.fsyncs.append(timed(partial(os.fsync, file)))
    os.close(file)
    bare.close()
    return turns


def timed(act: Callable[[], object]) -> Turn:
    """When `act` began and when it ended."""
    began = time.perf_counter()
    act()
    return began, time.perf_counter()


def breakdown(marks: Iterable[Any], began: float, ended: float) -> dict[str, float]:
    """Milliseconds of one payment by row."""
    spent: defaultdict[str, float] = defaultdict(float)
    handed_on, arrived, whom = began, began, "register"
    for direction, party, at in within(marks, began, ended):
        if direction == "from":
            arrived, whom = at, party
            continue
        if arrived > handed_on:
            spent[whom] += arrived - handed_on
        spent["own work"] += at - max(arrived, handed_on)
        handed_on = at
    spent["register"] += ended - handed_on
    return {row: 1000 * seconds for row, seconds in spent.items()}


def within(marks: Iterable[Any], began: float, ended: float) -> list[Mark]:
    """The marks of one payment, up to the answer to the register."""
    during = [mark for mark in marks if began <= mark[2] <= ended]
    answers = [at for way, whom, at in during if (way, whom) == ("to", "register")]
    return [mark for mark in during if mark[2] <= answers[0]]


def median_ms(turns: Sequence[Turn]) -> float:
    """The usual time between beginning and end."""
    return 1000 * statistics.median(ended - began for began, ended in turns)


def usual(payments: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each row over the fifth of payments around the median."""
    ordered = sorted(payments, key=lambda rows: sum(rows.values()))
    middle = ordered[len(ordered) * 2 // 5 : len(ordered) * 3 // 5]
    rows = sorted({row for payment in middle for row in payment})
    return {row: statistics.mean(one.get(row, 0.0) for one in middle) for row in rows}


if __name__ == "__main__":
    sys.exit(main())
