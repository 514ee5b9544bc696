"""What it costs to keep events, to tell twenty listeners of them, and to forget them.

The agent's own stream and log behind its HTTP server, in a process of their own; events
are kept as fast as the disk takes them. A listener that is cut off comes back, as a
register does.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.clock import SystemClock
from agent.events import EventBus, ReaderMoved
from agent.ids import ReaderId
from agent.journal.journal import Journal
from agent.outbox.retention import forget_old
from agent.outbox.stream import EventStream
from agent.rest.event_object import Shown
from agent.rest.event_stream import frames
from agent.rest.one_segment import OneSegmentProtocol
from agent.settings import EventSettings
from examples.launch import free_port

LISTENERS = 20
EVENTS = 5_000
MANY = 100_000
KEPT = 90_000
WINDOW = 64
"""How many events are on their way to the disk at a time."""
MOVED = ReaderMoved(ReaderId("tmr_3F9kQ2hX7mB1vN8cR5tY4wZ6"), "serial:/dev/ttyUSB0")
GOAL = {
    "told_per_s": 20_000,
    "replayed_per_s": 20_000,
    "listener_kib": 100,
    "growth_mib": 8.0,
    "worst_write_forgetting_ms": 100,
}


def main() -> int:
    """Measure, print a few lines for people and one JSON object for programs."""
    if sys.argv[1:]:
        asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
        return 0
    with tempfile.TemporaryDirectory(prefix="cardlane-bench-") as folder:
        port = free_port()
        command = [sys.executable, __file__, str(port), folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            if server.stdout is not None:
                server.stdout.readline()
            try:
                figures = asyncio.run(measured(port))
            finally:
                server.terminate()
    met = (
        figures["told_per_s"] >= GOAL["told_per_s"]
        and figures["replayed_per_s"] >= GOAL["replayed_per_s"]
        and all(
            figures[name] <= GOAL[name]
            for name in ("listener_kib", "growth_mib", "worst_write_forgetting_ms")
        )
    )
    print(json.dumps({"name": "event_stream", **figures, "goal": GOAL, "met": met}))
    return 0


async def measured(port: int) -> dict[str, float]:
    """All figures, one after the other."""
    alone_s = (await asked(port, f"/happen?number={EVENTS}"))["seconds"]
    listeners = [Listener(port, last_id=EVENTS) for _ in range(LISTENERS)]
    rss_before = (await asked(port, "/memory"))["kib"]
    hearing = [asyncio.create_task(one.hear(2 * EVENTS)) for one in listeners]
    await asyncio.gather(*(one.is_live.wait() for one in listeners))
    rss_with = (await asked(port, "/memory"))["kib"]
    started = time.perf_counter()
    await asked(port, f"/happen?number={EVENTS}")
    await asyncio.gather(*hearing)
    told_s = time.perf_counter() - started
    started = time.perf_counter()
    await Listener(port, last_id=0).hear(2 * EVENTS)
    replay_s = time.perf_counter() - started
    rss_few = (await asked(port, "/memory"))["kib"]
    await asked(port, f"/happen?number={MANY}")
    rss_many = (await asked(port, "/memory"))["kib"]
    forgetting = await asked(port, "/forget")
    return {
        "kept_per_s": round(EVENTS / alone_s),
        "listeners": LISTENERS,
        "told_per_s": round(LISTENERS * EVENTS / told_s),
        "cut_off": sum(one.cut_off for one in listeners),
        "replayed_per_s": round(2 * EVENTS / replay_s),
        "listener_kib": round((rss_with - rss_before) / LISTENERS, 1),
        "growth_mib": round((rss_many - rss_few) / 1024, 1),
        **forgetting,
    }


class Listener:
    """One register's connection, and the next one where it was cut off."""

    def __init__(self, port: int, *, last_id: int) -> None:
        self.is_live = asyncio.Event()
        self.cut_off = 0
        self._port = port
        self._last_id = last_id

    async def hear(self, last_id: int) -> None:
        """Until the event of that number."""
        while self._last_id < last_id:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(
                f"GET /events?after={self._last_id} HTTP/1.1\r\n"
                "Host: 127.0.0.1\r\n\r\n".encode()
            )
            await self._read(reader, last_id)
            writer.close()
            self.cut_off += self._last_id < last_id

    async def _read(self, reader: asyncio.StreamReader, last_id: int) -> None:
        while self._last_id < last_id and (line := await reader.readline()):
            if line.startswith(b"id: "):
                self._last_id = int(line[4:])
            elif line.startswith(b": listening"):
                self.is_live.set()


async def asked(port: int, target: str) -> dict[str, float]:
    """The JSON of one answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {target} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    found: dict[str, float] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


class Stream:
    """The routes of the server that is measured."""

    def __init__(self, journal: Journal) -> None:
        self._log = journal.events
        self._stream = EventStream(journal.events, EventBus(), clock=SystemClock())

    async def listen(self, request: Request) -> Response:
        """As `/agent/events`."""
        told: AsyncIterator[str] = frames(
            self._stream,
            self._log,
            shown=Shown("2026-10-28.endive", livemode=False),
            after=int(request.query_params["after"]),
        )
        return StreamingResponse(told, media_type="text/event-stream")

    async def happen(self, request: Request) -> Response:
        """So many events, each as durable as a payment's end."""
        started = time.perf_counter()
        window = asyncio.Semaphore(WINDOW)

        async def keep() -> None:
            async with window:
                await self._log.keep(MOVED)

        left = int(request.query_params["number"])
        while left > 0:
            await asyncio.gather(*(keep() for _ in range(min(left, 1000))))
            left -= 1000
        return JSONResponse({"seconds": time.perf_counter() - started})

    async def forget(self, _: Request) -> Response:
        """Forget all but some, while a payment's writes go on; how long those took."""
        settings = EventSettings(keep_most=KEPT)
        started = time.perf_counter()
        forgetting = asyncio.create_task(
            forget_old(self._log, clock=SystemClock(), settings=settings)
        )
        waits_ms = []
        while not forgetting.done():
            at = time.perf_counter()
            await self._log.keep(MOVED)
            waits_ms.append((time.perf_counter() - at) * 1000)
            await asyncio.sleep(0.01)
        await forgetting
        waits_ms.sort()
        return JSONResponse(
            {
                "forgotten_in_s": round(time.perf_counter() - started, 1),
                "write_forgetting_p50_ms": round(waits_ms[len(waits_ms) // 2], 2),
                "worst_write_forgetting_ms": round(waits_ms[-1], 1),
            }
        )

    def memory(self, _: Request) -> Response:
        """This process, in KiB."""
        lines = Path("/proc/self/status").read_text().splitlines()
        rss = next(line for line in lines if line.startswith("VmRSS:"))
        return JSONResponse({"kib": int(rss.split()[1])})


async def serve(port: int, folder: Path) -> None:
    """Until it is terminated."""
    journal = await Journal.open(folder / "journal.db", clock=SystemClock())
    stream = Stream(journal)
    routes = [
        Route("/events", stream.listen),
        Route("/happen", stream.happen),
        Route("/forget", stream.forget),
        Route("/memory", stream.memory),
    ]
    config = uvicorn.Config(
        Starlette(routes=routes),
        http=OneSegmentProtocol,
        lifespan="off",
        log_config=None,
    )
    listening = socket.create_server(("127.0.0.1", port))
    print("ready", flush=True)
    await uvicorn.Server(config).serve(sockets=[listening])
    await journal.aclose()


if __name__ == "__main__":
    sys.exit(main())
