"""What the agent costs a payment, by read method, by number of readers and on the disk.

For each of Stripe's read methods a register that calls the agent is set against a bare
script that speaks the same bytes, turn by turn: at a DynaProx, and for taps that give a
stripe's data at a VP3300. A swipe after a dead chip has both tries in it, on both sides.
Sixteen readers are those of many_readers.py.
The journal's fsyncs are counted on its disk, and one of them is set against a bare one.

    python benchmarks/payments.py [PAYMENTS]
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.many_readers import Till, measure
from benchmarks.payment_overhead import Register, new_intent
from benchmarks.shared.card_ways import VP3300, WAYS, Way, bare_script
from benchmarks.shared.hurry import without_limits
from benchmarks.shared.journal_costs import commits_and_fsyncs, commits_in
from benchmarks.shared.percentiles import percentile
from examples.launch import AgentFolder, Simulator, agent, agent_folder, simulator

PAYMENTS = 120
"""By read method and side."""
WARM_UP = 10
READERS = 16
PAYMENTS_EACH = 40
COUNTED = 20
"""Payments whose fsyncs are counted: few enough for the log not to begin anew."""
DISK_TURNS = 300
NEEDED_FSYNCS = 3
"""ActionRequested before the answer, ConfirmStarted before the confirm, ActionFinished
before the end is told."""
MMS_READERS = ("agents", "bare")
NEO_READERS = ("agents_neo", "bare_neo")
GOAL = {"worst_ratio_p50": 1.3, "fsyncs_beyond_rule": 2.0}


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    payments = int(sys.argv[1]) if len(sys.argv) > 1 else PAYMENTS
    tills = [f"till{number:02}" for number in range(READERS)]
    names = [*MMS_READERS, *NEO_READERS, *tills]
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name:
        folder = Path(name)
        models = dict.fromkeys(NEO_READERS, VP3300)
        with simulator(folder, readers=names, models=models) as world:
            home = without_limits(agent_folder(folder, stripe_url=world.url))
            with agent(home):
                figures = of_agent(world, home, tills=tills, payments=payments)
        figures |= of_disk(folder)
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "payments", **figures, "goal": GOAL, "met": met}))
    return 0


def of_agent(
    world: Simulator, home: AgentFolder, *, tills: list[str], payments: int
) -> dict[str, Any]:
    """Overhead by read method, payments a second, and fsyncs a payment."""
    key = home.key()
    register = Register(world, home, key=key)
    fsyncs = fsyncs_per_payment(world, home, register)
    neo = Register(world, home, key=key, reader="agents_neo")
    ratios = {
        way.read_method: ratio_of(
            way, world, neo if way.model == VP3300 else register, payments=payments
        )
        for way in WAYS
    }
    for index, reader in enumerate(tills):
        world.when_asked_present("visa_approved", reader=reader, only=index == 0)
    together = measure(
        [Till(world, home, reader=reader, key=key) for reader in tills],
        payments=PAYMENTS_EACH,
    )
    return {
        "ratio_p50_by_read_method": ratios,
        "worst_ratio_p50": max(ratios.values()),
        "payments_per_s_16": round(together.per_second, 1),
        "fsyncs_per_payment": fsyncs,
        "fsyncs_beyond_rule": round(fsyncs - NEEDED_FSYNCS, 2),
    }


def fsyncs_per_payment(
    world: Simulator, home: AgentFolder, register: Register
) -> float:
    """Of payments with a chip, one after the other."""
    world.when_asked_present("visa_approved", reader="agents")
    register.pay(new_intent(world))
    journal = home.folder / "state" / "journal.db"
    before = commits_in(journal)
    for _ in range(COUNTED):
        register.pay(new_intent(world))
    return (commits_in(journal) - before) / COUNTED


def ratio_of(way: Way, world: Simulator, register: Register, *, payments: int) -> float:
    """How much longer the agent takes at p50 than the bare script."""
    way.present(world, NEO_READERS if way.model == VP3300 else MMS_READERS)
    bare = bare_script(way, world)
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(payments + WARM_UP):
        for side, pay in enumerate((register.pay, bare.pay)):
            intent = new_intent(world)
            started = time.perf_counter()
            pay(intent)
            if turn >= WARM_UP:
                times[side].append((time.perf_counter() - started) * 1000)
    bare.close()
    ours, theirs = (percentile(side, 50) for side in times)
    print(f"{way.read_method:28} agent {ours:7.2f} ms  bare {theirs:7.2f} ms")
    return round(ours / theirs, 3)


def of_disk(folder: Path) -> dict[str, Any]:
    """A durable entry, beside a page that is written and fsynced by itself."""
    ours, theirs = uvloop.run(commits_and_fsyncs(folder, turns=DISK_TURNS))
    commit, fsync = statistics.median(ours), statistics.median(theirs)
    print(f"commit {commit:.3f} ms  fsync {fsync:.3f} ms")
    return {
        "commit_p50_ms": round(commit, 3),
        "fsync_p50_ms": round(fsync, 3),
        "commit_to_fsync": round(commit / fsync, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
