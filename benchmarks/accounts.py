"""What a further account costs: memory, time to start, and time of everybody's requests.

The same agent without further accounts and with ten, each with readers, events and a
journal of its own and none in use; then ten more while it runs, and none of them again.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.shared.hurry import without_limits
from benchmarks.shared.percentiles import percentile
from examples.launch import AgentFolder, agent, agent_folder, call, expect, simulator

ACCOUNTS = 10
STARTS = 5
REQUESTS = 2000
GOAL = {"account_kib": 1024.0, "account_start_ms": 60.0, "slower_p50_ms": 1.0}
"""A mebibyte of memory and the time of a few commits to start, for one account; with ten of
them, no request takes a millisecond longer, not even of the one whose keys come last."""


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name:
        folder = Path(name)
        with simulator(folder) as world:
            home = without_limits(agent_folder(folder, stripe_url=world.url))
            alone = measured(home, accounts=0)
            together = measured(home, accounts=ACCOUNTS)
            changes_ms = changed_while_running(home)
    figures = {
        "account_kib": round((together.pss_kib - alone.pss_kib) / ACCOUNTS, 1),
        "account_start_ms": round((together.start_ms - alone.start_ms) / ACCOUNTS, 1),
        "slower_p50_ms": round(together.p50_ms - alone.p50_ms, 3),
        "alone_pss_kib": alone.pss_kib,
        "alone_start_ms": round(alone.start_ms, 1),
        "alone_p50_ms": round(alone.p50_ms, 3),
        "added_ms": round(changes_ms[0] / ACCOUNTS, 1),
        "removed_ms": round(changes_ms[1] / ACCOUNTS, 1),
    }
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(
        f"one of {ACCOUNTS} accounts: {figures['account_kib']} KiB, "
        f"{figures['account_start_ms']} ms to start; "
        f"{figures['added_ms']} ms to add and {figures['removed_ms']} ms to remove"
    )
    print(json.dumps({"name": "accounts", **figures, "goal": GOAL, "met": met}))
    return 0


@dataclass(frozen=True, slots=True)
class Measured:
    """An agent, as long as it ran."""

    start_ms: float
    """Until it answered, at best: other programs only make it longer."""
    pss_kib: int
    p50_ms: float
    """Of a question about the journal, for a key of the account looked up last."""


def measured(home: AgentFolder, *, accounts: int) -> Measured:
    """The agent with so many further accounts."""
    for number in range(accounts):
        lay_down(home, number)
    starts_ms, pss_kib, p50_ms = [], 0, 0.0
    for _ in range(STARTS):
        began = time.perf_counter()
        with agent(home) as process:
            starts_ms.append((time.perf_counter() - began) * 1000)
            key = key_of(home, account=accounts - 1)
            p50_ms = percentile(asked_ms(home, key=key), 50)
            pss_kib = pss_of(process.popen.pid)
    return Measured(min(starts_ms), pss_kib, p50_ms)


def changed_while_running(home: AgentFolder) -> tuple[float, float]:
    """How long it takes to add as many accounts again, and to remove them."""
    took_ms = []
    with agent(home):
        key, more = home.key(), range(ACCOUNTS, 2 * ACCOUNTS)
        for change in (lay_down, take_away):
            for number in more:
                change(home, number)
            began = time.perf_counter()
            body = {"action": "reload"}
            shown = expect(call(f"{home.url}/agent/accounts", body, key=key))
            took_ms.append((time.perf_counter() - began) * 1000)
            if any(one["problem"] for one in shown["accounts"]):
                raise RuntimeError(f"not all are well: {shown}")
    added_ms, removed_ms = took_ms
    return added_ms, removed_ms


def key_of(home: AgentFolder, *, account: int) -> str:
    """A local key of that account; of the own one for a number below zero."""
    chosen = ("--account", f"stall-{account}") if account >= 0 else ()
    command = home.command("keys", "create", "--json", *chosen)
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    return str(json.loads(made.stdout)["key"])


def lay_down(home: AgentFolder, number: int) -> None:
    """An account's file and key."""
    name = f"stall-{number}"
    folder = home.folder / "state" / "accounts" / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_file = folder / "stripe_api_key"
    key_file.touch(mode=0o600)
    key_file.write_text(f"rk_test_stall{number:02}" + "simulated" * 2)
    (home.folder / "accounts.d").mkdir(exist_ok=True)
    (home.folder / "accounts.d" / f"{name}.toml").write_text('mode = "test"\n')


def take_away(home: AgentFolder, number: int) -> None:
    """The account's file again."""
    (home.folder / "accounts.d" / f"stall-{number}.toml").unlink()


def asked_ms(home: AgentFolder, *, key: str) -> list[float]:
    """How long each of many requests takes on one connection."""
    connection = http.client.HTTPConnection(urlsplit(home.url).netloc, timeout=30)
    headers = {"Authorization": f"Bearer {key}"}
    times_ms = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        connection.request("GET", "/agent/offline", headers=headers)
        connection.getresponse().read()
        times_ms.append((time.perf_counter() - began) * 1000)
    connection.close()
    return times_ms


def pss_of(pid: int) -> int:
    """The memory that is the process's own, shared parts divided, in KiB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.split("Pss:")[1].split()[0])


if __name__ == "__main__":
    sys.exit(main())
