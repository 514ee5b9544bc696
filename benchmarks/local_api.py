"""How quickly the local API answers eight callers while one reader hangs.

Beside it, in the same run: odoo-driver (benchmarks/shared/odoo_driver.py), asked for its
own status by the same eight callers, with nothing to do and while a till takes a payment
at a terminal that is silent. A kept-open connection costs it some 40 ms an answer, since
it sends head and body apart, and the caller acknowledges the first late.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.shared.hurry import without_limits
from benchmarks.shared.odoo_driver import (
    STATUS,
    odoo_driver,
    payment_at_a_silent_terminal,
)
from benchmarks.shared.percentiles import percentile
from examples.launch import (
    Simulator,
    agent,
    agent_folder,
    call,
    expect,
    simulator,
)

CALLERS = 8
REQUESTS_EACH = 400
PEER_REQUESTS_EACH = 20
"""While it hangs, when each takes a second."""
GOAL = {"p99_ms": 5.0}


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as name:
        folder = Path(name)
        with simulator(folder, readers=["counter", "hangs"]) as world:
            home = without_limits(agent_folder(folder, stripe_url=world.url))
            with agent(home):
                key = home.key()
                reader, hanging = (
                    register(world, home.url, key, name)
                    for name in ("counter", "hangs")
                )
                hang(world, home.url, key, hanging)
                status = asked(home.url, f"/v1/terminal/readers/{reader}", key=key)
                listed = asked(home.url, "/v1/terminal/readers", key=key)
    figures = {
        "callers": CALLERS,
        "status_per_s": status.per_s,
        "status_p50_ms": status.percentile(50),
        "status_p99_ms": status.percentile(99),
        "list_per_s": listed.per_s,
        "list_p50_ms": listed.percentile(50),
        "list_p99_ms": listed.percentile(99),
        "p99_ms": max(status.percentile(99), listed.percentile(99)),
        **peer_figures(),
    }
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    print(json.dumps({"name": "local_api", **figures, "goal": GOAL, "met": met}))
    return 0


class Asked:
    """What eight callers have seen."""

    def __init__(self, times_ms: list[float], elapsed_s: float) -> None:
        self._times_ms = times_ms
        self.per_s = round(len(times_ms) / elapsed_s)

    def percentile(self, rank: int) -> float:
        """The value that `rank` % of the answers do not exceed, in ms."""
        return percentile(self._times_ms, rank)


def asked(url: str, path: str, *, key: str | None, each: int = REQUESTS_EACH) -> Asked:
    """Ask for `path` as fast as eight kept-open connections go."""
    times_ms: list[float] = []
    lock, ready = threading.Lock(), threading.Barrier(CALLERS + 1)
    warm_up = each // 16

    def caller() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        mine = []
        for number in range(warm_up + each):
            if number == warm_up:
                ready.wait()
            started = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
            if number >= warm_up:
                mine.append((time.perf_counter() - started) * 1000)
        connection.close()
        with lock:
            times_ms.extend(mine)

    threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return Asked(times_ms, time.perf_counter() - started)


def register(world: Simulator, url: str, key: str, name: str) -> str:
    """The id of a reader that is online."""
    form = {"registration_code": f"serial:{world.folder / name}"}
    return str(expect(call(f"{url}/v1/terminal/readers", form, key=key))["id"])


def hang(world: Simulator, url: str, key: str, reader: str) -> None:
    """An action on a reader that takes every byte and gives none back."""
    body = {
        "amount": 1200,
        "currency": "usd",
        "allowed_payment_method_types": ["card_present"],
    }
    intent = expect(call(f"{url}/v1/payment_intents", body, key=key))["id"]
    faults = {"direction": "to_host", "drop": 1.0}
    world.control("POST", "/simulator/readers/hangs/wire_faults", faults)
    path = f"{url}/v1/terminal/readers/{reader}/process_payment_intent"
    expect(call(path, {"payment_intent": intent}, key=key))


def peer_figures() -> dict[str, float]:
    """The peer's own status route under the same callers."""
    with odoo_driver() as url:
        idle = asked(url, STATUS, key=None)
        with payment_at_a_silent_terminal(url):
            hanging = asked(url, STATUS, key=None, each=PEER_REQUESTS_EACH)
    return {
        "peer_status_per_s": idle.per_s,
        "peer_status_p50_ms": idle.percentile(50),
        "peer_status_p99_ms": idle.percentile(99),
        "peer_hanging_status_per_s": hanging.per_s,
        "peer_hanging_status_p50_ms": hanging.percentile(50),
        "peer_hanging_status_p99_ms": hanging.percentile(99),
    }


if __name__ == "__main__":
    sys.exit(main())
