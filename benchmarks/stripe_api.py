"""The simulated Stripe API set against localstripe, the stateful one on PyPI.

Both get the same bytes: create, confirm and capture a PaymentIntent, over one and over
eight kept-open connections, from an empty store and with thousands of objects stored;
all in one run, turn by turn. localstripe knows no reader, so the card is a typed one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvloop

from examples.launch import BIN, STRIPE_KEY, as_installed, free_port

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".bench" / "localstripe"
PACKAGE = "localstripe==1.15.10"

# Its own command listens on every interface and cannot be filled in bearable time: it
# writes its whole store to a file with every object, so that is put off until served.
SERVE_LOCALSTRIPE = """
import sys
from aiohttp import web
from localstripe.resources import PaymentIntent, Store
from localstripe.server import app

port, stored = map(int, sys.argv[1:])
dump, Store.dump_to_disk = Store.dump_to_disk, lambda store: None
for _ in range(stored):
    PaymentIntent._api_create(amount="1000", currency="usd")
Store.dump_to_disk = dump
web.run_app(app, host="127.0.0.1", port=port, print=None)
"""

STORED = 8_000
ROUNDS = 5
CONNECTIONS = 8
LATENCIES, LONGEST_S = 200, 3.0
"""How many payments are timed one by one, and for how long at most."""
WARM_UP = 3
GOAL_AT_LEAST = {"ratio_throughput_8_empty": 10.0, "ratio_throughput_8_stored": 10.0}
GOAL_AT_MOST = {"ratio_latency_stored_to_empty": 1.2, "start_s": 0.5, "pss_mib": 60.0}

# The last version in which both take the types of payment methods by the same name.
STRIPE_VERSION = "2026-08-26.dahlia"
CREATE = urlencode(
    {
        "amount": "1000",
        "currency": "usd",
        "capture_method": "manual",
        "payment_method": "pm_card_visa",
        "payment_method_types[]": "card",
    }
)


@dataclass(frozen=True)
class Side:
    """One of the two."""

    name: str
    payments: Mapping[str, int]
    """How many in a turn, by what is stored; a multiple of the connections."""


OURS = Side("ours", {"empty": 200, "stored": 200})
# It pays less often, for it slows down as its store grows.
LOCALSTRIPE = Side("localstripe", {"empty": 40, "stored": 8})
SIDES = (OURS, LOCALSTRIPE)


def main() -> int:
    """Measure, and print one JSON object for programs."""
    install_localstripe()
    turns: dict[str, list[Turn]] = {}
    fresh: dict[str, list[Server]] = {side.name: [] for side in SIDES}
    with contextlib.ExitStack() as stack:
        full = [stack.enter_context(serving(side, stored=STORED)) for side in SIDES]
        for _ in range(ROUNDS):
            for side, filled in zip(SIDES, full, strict=True):
                with serving(side) as empty:
                    fresh[side.name].append(empty)
                    for server, taken in uvloop.run(turn([empty, filled])):
                        name = f"{side.name}_{server.state}"
                        turns.setdefault(name, []).append(taken)
        stored_mib = {server.side.name: pss_mib(server.pid) for server in full}
    figures = rates(turns)
    for name, servers in fresh.items():
        figures[f"{name}_start_s"] = median([one.start_s for one in servers], 3)
        figures[f"{name}_pss_mib"] = median([one.pss_mib for one in servers], 1)
        figures[f"{name}_stored_pss_mib"] = round(stored_mib[name], 1)
    for state in ("empty", "stored"):
        figures[f"ratio_throughput_8_{state}"] = ratio(
            figures, f"ours_{state}_8_per_s", f"localstripe_{state}_8_per_s"
        )
    figures["ratio_latency_stored_to_empty"] = ratio(
        figures, "ours_stored_1_p50_ms", "ours_empty_1_p50_ms"
    )
    print(json.dumps(result(figures)))
    return 0


def install_localstripe() -> None:
    """Give localstripe an environment of its own below .bench, once."""
    if (VENV / "bin" / "localstripe").exists():
        return
    uv = ROOT / ".tools" / "uv"
    python = VENV / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--clear", VENV], check=True)
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", python, PACKAGE], check=True
    )


@dataclass(frozen=True)
class Server:
    """A running server of either side."""

    side: Side
    state: str
    port: int
    pid: int
    start_s: float
    """From fork to the first answer, filling included."""
    pss_mib: float
    """Proportional set size when it had answered once."""


@contextlib.contextmanager
def serving(side: Side, *, stored: int = 0) -> Iterator[Server]:
    """One server in a process of its own, once it answers."""
    port = free_port()
    started = time.perf_counter()
    popen = subprocess.Popen(
        command(side, port, stored=stored),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=as_installed(ROOT / ".bench"),
    )
    try:
        while not answers(port):
            if popen.poll() is not None:
                raise RuntimeError(f"{side.name} ended with {popen.returncode}")
            time.sleep(0.002)
        start_s = time.perf_counter() - started
        state = "stored" if stored else "empty"
        if side is OURS:
            uvloop.run(fill(port, number=stored))
        yield Server(side, state, port, popen.pid, start_s, pss_mib(popen.pid))
    finally:
        popen.terminate()
        popen.wait()


def command(side: Side, port: int, *, stored: int) -> list[str]:
    """What starts a server of that side."""
    if side is OURS:
        return [str(BIN / "cardlane-simulator"), "serve", "--port", str(port)]
    python = VENV / "bin" / "python"
    return [str(python), "-c", SERVE_LOCALSTRIPE, str(port), str(stored)]


def answers(port: int) -> bool:
    """Whether the first page of PaymentIntents can be read yet."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/payment_intents")
    request.add_header("Authorization", f"Bearer {STRIPE_KEY}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@dataclass(frozen=True)
class Turn:
    """What one side did while the other waited."""

    latencies_ms: list[float]
    """Of each payment over one connection."""
    throughput: float
    """Payments per second over eight connections."""


async def turn(servers: list[Server]) -> list[tuple[Server, Turn]]:
    """Time the payments of one side's servers, empty and filled."""
    lines = [
        [await connected(server.port) for _ in range(CONNECTIONS)] for server in servers
    ]
    latencies = await latencies_in_turn([connections[0] for connections in lines])
    taken = []
    for server, connections, measured in zip(servers, lines, latencies, strict=True):
        number = server.side.payments[server.state]
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for connection in connections:
                group.create_task(payments(connection, number // CONNECTIONS))
        elapsed_s = time.perf_counter() - started
        taken.append((server, Turn(measured, number / elapsed_s)))
        for connection in connections:
            connection.close()
    return taken


async def latencies_in_turn(connections: list[Connection]) -> list[list[float]]:
    """Milliseconds of each payment, one here, one there, so that noise meets all.

    The first few pass untimed.
    """
    measured: list[list[float]] = [[] for _ in connections]
    started = time.perf_counter()
    while len(measured[0]) < LATENCIES and time.perf_counter() - started < LONGEST_S:
        for connection, times in zip(connections, measured, strict=True):
            times.append(await timed_payment(connection))
    return [times[WARM_UP:] for times in measured]


async def payments(connection: Connection, number: int) -> None:
    """So many payments, one after the other."""
    for _ in range(number):
        await pay(connection)


async def timed_payment(connection: Connection) -> float:
    """Milliseconds of one payment."""
    started = time.perf_counter()
    await pay(connection)
    return (time.perf_counter() - started) * 1000


async def pay(connection: Connection) -> None:
    """Create, confirm and capture one PaymentIntent."""
    intent = (await connection.post("/v1/payment_intents", CREATE))["id"]
    await connection.post(f"/v1/payment_intents/{intent}/confirm")
    paid = await connection.post(f"/v1/payment_intents/{intent}/capture")
    if paid["status"] != "succeeded":
        raise RuntimeError(f"not paid: {paid}")


async def fill(port: int, *, number: int) -> None:
    """Store as many PaymentIntents as localstripe is started with."""
    connection = await connected(port)
    for _ in range(number):
        await connection.post("/v1/payment_intents", "amount=1000&currency=usd")
    connection.close()


@dataclass
class Connection(asyncio.Protocol):
    """One kept-open HTTP connection: cheap enough to load the faster server."""

    transport: asyncio.Transport = field(init=False)
    _received: bytes = b""
    _answered: asyncio.Future[Any] = field(init=False)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio: hand over the answer when it is whole."""
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        _, _, rest = head.lower().partition(b"content-length: ")
        if not separator or len(body) < int(rest.partition(b"\r\n")[0]):
            return
        self._received = b""
        content = json.loads(body)
        if b" 200 " in head.partition(b"\r\n")[0]:
            self._answered.set_result(content)
        else:
            self._answered.set_exception(RuntimeError(f"refused: {content}"))

    async def post(self, path: str, form: str = "") -> Any:
        """POST a form; the answer's JSON. RuntimeError for a refusal."""
        self._answered = asyncio.get_running_loop().create_future()
        self.transport.write(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {STRIPE_KEY}\r\n"
            f"Stripe-Version: {STRIPE_VERSION}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(form)}\r\n\r\n{form}".encode()
        )
        return await self._answered

    def close(self) -> None:
        """Hang up."""
        self.transport.close()


async def connected(port: int) -> Connection:
    """A new connection."""
    loop = asyncio.get_running_loop()
    made = await loop.create_connection(Connection, "127.0.0.1", port)
    transport, connection = made
    connection.transport = transport
    return connection


def rates(turns: Mapping[str, list[Turn]]) -> dict[str, float]:
    """Latency over one connection and throughput over eight, by side and state."""
    figures: dict[str, float] = {}
    for name, taken in turns.items():
        latencies = [each for one in taken for each in one.latencies_ms]
        figures[f"{name}_1_p50_ms"] = median(latencies, 2)
        figures[f"{name}_1_p99_ms"] = round(
            statistics.quantiles(latencies, n=100)[98], 2
        )
        figures[f"{name}_8_per_s"] = median([one.throughput for one in taken], 1)
    return figures


def result(figures: dict[str, float]) -> dict[str, object]:
    """The figures with the goals; a goal about us alone bears no side's name."""
    for name in ("start_s", "pss_mib"):
        figures[name] = figures.pop(f"ours_{name}")
    met = all(figures[name] >= limit for name, limit in GOAL_AT_LEAST.items()) and all(
        figures[name] <= limit for name, limit in GOAL_AT_MOST.items()
    )
    goal = GOAL_AT_LEAST | GOAL_AT_MOST
    return {"name": "stripe_api", **figures, "goal": goal, "met": met}


def ratio(figures: Mapping[str, float], above: str, below: str) -> float:
    """One figure over another."""
    return round(figures[above] / figures[below], 2)


def median(values: list[float], digits: int) -> float:
    """The middle one, rounded."""
    return round(statistics.median(values), digits)


def pss_mib(pid: int) -> float:
    """Proportional set size of a process without children."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("smaps_rollup has no Pss line")


if __name__ == "__main__":
    sys.exit(main())
