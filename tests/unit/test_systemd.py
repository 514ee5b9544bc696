"""What systemd hands over and is told, with a socket in its place."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from agent_clock import StillClock

from agent.systemd import Systemd, tell_of_progress

PID = 4711


class Manager:
    """systemd, as far as a service can tell."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self._socket.setblocking(False)
        self.systemd = Systemd.from_environ({"NOTIFY_SOCKET": address}, pid=PID)

    def heard(self) -> list[str]:
        """What it was told since it was last asked."""
        told = []
        try:
            while True:
                told.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return told

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest) -> Iterator[Manager]:
    with TemporaryDirectory() as folder:
        address = str(Path(folder) / "notify")
        manager = Manager(address if request.param == "path" else f"@{address}")
        yield manager
        manager.close()


def test_a_service_tells_of_its_start_and_its_stop(manager: Manager) -> None:
    manager.systemd.ready("Answering on http://127.0.0.1:7345")
    manager.systemd.stopping()

    assert manager.heard() == [
        "READY=1\nSTATUS=Answering on http://127.0.0.1:7345",
        "STOPPING=1\nSTATUS=Finishing what is under way",
    ]


def test_a_service_tells_of_a_reload_and_its_end(manager: Manager) -> None:
    manager.systemd.reloading(at_s=12.5)
    manager.systemd.ready("Answering")

    assert manager.heard() == [
        "RELOADING=1\nMONOTONIC_USEC=12500000",
        "READY=1\nSTATUS=Answering",
    ]


def test_a_program_that_nobody_watches_tells_nobody() -> None:
    systemd = Systemd.from_environ({}, pid=PID)

    systemd.ready("")

    assert systemd == Systemd()


def test_a_manager_that_is_gone_is_no_trouble(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Systemd(notify_socket="/nonexistent/notify")

    gone.ready("")

    assert [record.message for record in caplog.records] == ["systemd.not_told"]


@pytest.mark.parametrize(
    ("environ", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(PID)}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_a_watchdog_is_that_of_this_process_only(
    environ: dict[str, str], watchdog_s: float | None
) -> None:
    assert Systemd.from_environ(environ, pid=PID).watchdog_s == watchdog_s


@pytest.mark.parametrize(
    ("environ", "sockets"),
    [
        ({"LISTEN_PID": str(PID), "LISTEN_FDS": "2"}, 2),
        ({"LISTEN_PID": "1", "LISTEN_FDS": "2"}, 0),
        ({"LISTEN_FDS": "2"}, 0),
        ({"LISTEN_PID": str(PID), "LISTEN_FDS": "two"}, 0),
    ],
)
def test_sockets_are_taken_from_their_owner_only(
    environ: dict[str, str], sockets: int
) -> None:
    assert Systemd.from_environ(environ, pid=PID).sockets == sockets


async def test_systemd_is_told_as_long_as_there_is_progress(manager: Manager) -> None:
    systemd = replace(manager.systemd, watchdog_s=30.0)
    pulses = 0

    async def progress() -> None:
        nonlocal pulses
        pulses += 1
        if pulses == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await tell_of_progress(systemd, progress, clock=StillClock())

    assert manager.heard() == ["WATCHDOG=1", "WATCHDOG=1"]


async def test_systemd_is_told_nothing_by_a_program_that_stands_still(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    systemd = replace(manager.systemd, watchdog_s=0.003)
    stuck = asyncio.Event()
    attempts = 0

    async def progress() -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 2:
            raise asyncio.CancelledError
        await stuck.wait()

    with pytest.raises(asyncio.CancelledError):
        await tell_of_progress(systemd, progress, clock=StillClock())

    assert manager.heard() == []
    assert [record.message for record in caplog.records] == ["systemd.no_progress"]


async def test_a_program_without_a_watchdog_does_not_tell_of_progress(
    manager: Manager,
) -> None:
    async def progress() -> None:
        raise AssertionError("nobody wants to know")

    await tell_of_progress(manager.systemd, progress, clock=StillClock())

    assert manager.heard() == []


def test_sockets_for_tls_are_told_by_their_name() -> None:
    environ = {
        "LISTEN_PID": str(PID),
        "LISTEN_FDS": "3",
        "LISTEN_FDNAMES": "cardlane.socket:cardlane.socket:tls",
    }

    names = Systemd.from_environ(environ, pid=PID).names

    assert names == ("cardlane.socket", "cardlane.socket", "tls")
