"""One simulator as a running program: its socket, its signals, its ready line."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager

import uvicorn

from simulator.app import Simulator
from simulator.stripe_api.engine.wire import ResettableHttp

_GRACE_S = 1


class AddressTaken(Exception):
    """The HTTP address cannot be listened on."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises AddressTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AddressTaken(f"cannot listen on {host}:{port}: {reason}") from error


def run(
    simulator: Simulator, listener: socket.socket, *, bus_address: str | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; raises WireUnavailable before anything is served.

    Readers on the air are on the D-Bus at `bus_address`, or on one of their own. When
    all can be used, one line on standard output says so and names wires and bus.
    """
    config = uvicorn.Config(
        simulator.app,
        http=ResettableHttp,
        loop="uvloop",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    with (
        quick_collections(),
        _bus_for(simulator, bus_address) as bus,
        asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,
    ):
        runner.run(_serve(simulator, listener, server=_Server(config), bus_address=bus))


@contextmanager
def quick_collections() -> Iterator[None]:
    """Keep Python's garbage collector from walking everything that is stored.

    Stored objects are values without cycles, freed by their reference counts; walking
    thousands of them takes a tenth of a second, in which no request is answered. So
    what survives a collection takes part in none after it.
    """

    def keep_survivors(phase: str, details: Mapping[str, int]) -> None:
        if phase == "stop" and details["generation"] > 0:
            gc.freeze()

    gc.callbacks.append(keep_survivors)
    try:
        yield
    finally:
        gc.callbacks.remove(keep_survivors)
        gc.unfreeze()


@contextmanager
def _bus_for(simulator: Simulator, address: str | None) -> Iterator[str | None]:
    if simulator.bluetooth is None:
        yield None
    elif address is not None:
        yield address
    else:
        from simulator.reader.wires.private_bus import private_bus

        with private_bus() as made:
            yield made


async def _serve(
    simulator: Simulator,
    listener: socket.socket,
    *,
    server: uvicorn.Server,
    bus_address: str | None,
) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server)
    async with AsyncExitStack() as stack:
        stack.enter_context(listener)
        if simulator.bluetooth is not None and bus_address is not None:
            await stack.enter_async_context(simulator.bluetooth.running(bus_address))
        simulator.readers.plug()
        try:
            async with simulator.stripe_api.running():
                # The backlog takes connections from here on.
                sys.stdout.write(_ready_line(simulator, listener, bus_address))
                sys.stdout.flush()
                await server.serve(sockets=[listener])
        finally:
            simulator.readers.unplug()


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def _ready_line(
    simulator: Simulator, listener: socket.socket, bus_address: str | None
) -> str:
    host, port = listener.getsockname()[:2]
    shown_host = f"[{host}]" if ":" in host else host
    wires = [f"{reader.name}={reader.wire_spec}" for reader in simulator.readers]
    words = ["cardlane-simulator ready", f"http://{shown_host}:{port}", *wires]
    if bus_address is not None:
        words.append(f"DBUS_SYSTEM_BUS_ADDRESS={bus_address}")
    return " ".join(words) + "\n"


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which would end us before we tidy up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
