"""What systemd hands over at start, and what it is told: sd_listen_fds(3), sd_notify(3).

Where the program was started by nobody who asks, nothing happens.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from agent.clock import Clock
from agent.log import get_logger

log = get_logger(__name__)

FIRST_SOCKET = 3
"""The descriptor of the first socket handed over."""
TLS = "tls"
"""What the unit calls a socket on which only TLS is spoken (`FileDescriptorName=`)."""
PULSES = 3
"""How often systemd is told of progress within the time it waits for that."""


@dataclass(frozen=True, slots=True)
class Handed:
    """Listening sockets that the service manager holds."""

    plain: list[socket.socket] = field(default_factory=list)
    tls: list[socket.socket] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Systemd:
    """The service manager, as far as it wants to know."""

    notify_socket: str | None = None
    """A path, or `@` and an abstract name."""
    watchdog_s: float | None = None
    """The program is killed when it has not told of progress for so long."""
    sockets: int = 0
    """How many listening sockets were handed over."""
    names: tuple[str, ...] = ()
    """Theirs, as far as they were told."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, pid: int) -> Self:
        """What the environment says to the process `pid`; nothing where it is not meant."""
        watchdog_us = environ.get("WATCHDOG_USEC", "")
        is_watched = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        sockets = environ.get("LISTEN_FDS", "")
        names = environ.get("LISTEN_FDNAMES", "")
        is_given = environ.get("LISTEN_PID") == str(pid)
        return cls(
            notify_socket=environ.get("NOTIFY_SOCKET") or None,
            watchdog_s=int(watchdog_us) / 1e6
            if is_watched and watchdog_us.isdecimal() and int(watchdog_us)
            else None,
            sockets=int(sockets) if is_given and sockets.isdecimal() else 0,
            names=tuple(names.split(":")) if is_given and names else (),
        )

    def listening(self) -> Handed:
        """The sockets handed over, for the caller to close. Call it once."""
        handed = Handed()
        for position in range(self.sockets):
            given = socket.socket(fileno=FIRST_SOCKET + position)
            given.set_inheritable(False)
            is_tls = self.names[position : position + 1] == (TLS,)
            (handed.tls if is_tls else handed.plain).append(given)
        return handed

    def ready(self, status: str) -> None:
        """The service has started: units that wait for it go on."""
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self, *, at_s: float) -> None:
        """The service reads its files again; `ready` says when that has ended.

        `at_s` is CLOCK_MONOTONIC, by which systemd tells this reload from others.
        """
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(at_s * 1e6)}")

    def stopping(self) -> None:
        """The service has begun to stop."""
        self._tell("STOPPING=1", "STATUS=Finishing what is under way")

    def alive(self) -> None:
        """The service has made progress."""
        self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        """Never raises, never waits: a manager that does not listen is its own affair."""
        if self.notify_socket is None:
            return
        address = self.notify_socket
        if address.startswith("@"):
            address = "\0" + address[1:]
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            with socket.socket(socket.AF_UNIX, kind) as telling:
                telling.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            log.warning("systemd.not_told", reason=error.strerror)


async def tell_of_progress(
    systemd: Systemd, progress: Callable[[], Awaitable[None]], *, clock: Clock
) -> None:
    """As long as `progress` returns in time, say so; without end.

    Where it does not, systemd is told nothing, kills the program and starts it anew.
    """
    if systemd.watchdog_s is None:
        return
    pause_s = systemd.watchdog_s / PULSES
    while True:
        try:
            async with asyncio.timeout(pause_s):
                await progress()
        except TimeoutError:
            log.error("systemd.no_progress", waited_s=pause_s)
        else:
            systemd.alive()
            await clock.sleep(pause_s)
