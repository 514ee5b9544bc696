"""How quickly the local API answers eight callers while one reader hangs.

Beside it, in the same run: odoo-driver, a peer that serves checkout machines with Flask
on gevent, asked for its own status by the same eight callers. It is installed into
.bench on first use, a pinned version, and runs as a process of its own.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.shared.hurry import without_limits
from benchmarks.shared.percentiles import percentile
from examples.launch import (
    Simulator,
    agent,
    agent_folder,
    call,
    expect,
    free_port,
    simulator,
)

ROOT = Path(__file__).resolve().parent.parent
PEER = "odoo-driver==3.1.1"
PEER_HOME = ROOT / ".bench" / "peer"
CALLERS = 8
REQUESTS_EACH = 400
WARM_UP = 25
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


def asked(url: str, path: str, *, key: str | None) -> Asked:
    """Ask for `path` as fast as eight kept-open connections go."""
    times_ms: list[float] = []
    lock, ready = threading.Lock(), threading.Barrier(CALLERS + 1)

    def caller() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        mine = []
        for number in range(WARM_UP + REQUESTS_EACH):
            if number == WARM_UP:
                ready.wait()
            started = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
            if number >= WARM_UP:
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
    with peer() as url:
        seen = asked(url, "/hw_proxy/hello", key=None)
    return {
        "peer_status_per_s": seen.per_s,
        "peer_status_p50_ms": seen.percentile(50),
        "peer_status_p99_ms": seen.percentile(99),
    }


@contextmanager
def peer() -> Iterator[str]:
    """odoo-driver on a free port, without devices."""
    program = PEER_HOME / "bin" / "odoo-driver"
    if not program.exists():
        uv = ROOT / ".tools" / "uv"
        subprocess.run([uv, "venv", "--quiet", PEER_HOME], check=True)
        python = PEER_HOME / "bin" / "python"
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", python, PEER], check=True
        )
    port = free_port()
    popen = subprocess.Popen(
        [program, "--address", "127.0.0.1", "--port", str(port), "--unsecure"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while not answers(url):
            if popen.poll() is not None:
                raise RuntimeError("odoo-driver does not start")
            time.sleep(0.05)
        yield url
    finally:
        popen.terminate()
        popen.wait()


def answers(url: str) -> bool:
    """Whether the peer is there."""
    try:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        connection.request("GET", "/hw_proxy/hello")
        return connection.getresponse().status == 200
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
