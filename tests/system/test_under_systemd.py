"""The real agent under a service manager that a test plays."""

from __future__ import annotations

import os
import select
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.clock import SystemClock
from agent.own_authority import OwnAuthority
from examples.launch import AgentFolder, agent_folder, call, expect

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9"
PATIENCE_S = 60.0
HAND_OVER = """
import fcntl, os, sys
handed = [int(number) for number in sys.argv[1].split(",")]
away = [fcntl.fcntl(number, fcntl.F_DUPFD, 10) for number in handed]
for wanted, number in enumerate(away, 3):
    os.dup2(number, wanted)
    os.set_inheritable(wanted, True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class Manager:
    """Starts a service as systemd does, and listens to it."""

    def __init__(self, folder: Path) -> None:
        self._address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._address)
        # Who has sent a message is asked of the kernel, as systemd does.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._popen: subprocess.Popen[bytes] | None = None

    @contextmanager
    def service(
        self,
        command: list[str],
        *,
        handed: socket.socket,
        watchdog_s: float,
        tls: socket.socket | None = None,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The service, until the context ends."""
        named = {"cardlane.socket": handed} | ({} if tls is None else {"tls": tls})
        numbers = [each.fileno() for each in named.values()]
        popen = subprocess.Popen(
            [sys.executable, "-c", HAND_OVER, ",".join(map(str, numbers)), *command],
            pass_fds=numbers,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ
            | {
                "NOTIFY_SOCKET": self._address,
                "WATCHDOG_USEC": str(int(watchdog_s * 1e6)),
                "LISTEN_FDS": str(len(named)),
                "LISTEN_FDNAMES": ":".join(named),
            },
        )
        try:
            yield popen
        finally:
            popen.kill()
            popen.wait()

    def wait_for(self, wanted: Callable[[str], bool], *, sender: int) -> str:
        """The first message like that, which must come from this process."""
        while True:
            ready, _, _ = select.select([self._socket], [], [], PATIENCE_S)
            assert ready, "the service is silent"
            message, credentials, _, _ = self._socket.recvmsg(4096, 64)
            if wanted(message.decode()):
                assert int.from_bytes(credentials[0][2][:4], sys.byteorder) == sender
                return message.decode()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager() -> Iterator[Manager]:
    with TemporaryDirectory() as folder:
        manager = Manager(Path(folder))
        yield manager
        manager.close()


@pytest.fixture
def home(tmp_path: Path) -> AgentFolder:
    return agent_folder(tmp_path, stripe_url=NOWHERE)


@pytest.fixture
def handed(home: AgentFolder) -> Iterator[socket.socket]:
    """The socket that systemd holds; the agent's settings name another port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_the_agent_is_ready_alive_and_stopping_when_it_says_so(
    manager: Manager, home: AgentFolder, handed: socket.socket
) -> None:
    command = home.command("run")
    with manager.service(command, handed=handed, watchdog_s=1.0) as service:
        manager.wait_for(lambda told: told.startswith("READY=1\n"), sender=service.pid)
        manager.wait_for(lambda told: told == "WATCHDOG=1", sender=service.pid)
        manager.wait_for(lambda told: told == "WATCHDOG=1", sender=service.pid)
        service.send_signal(signal.SIGTERM)
        manager.wait_for(lambda told: told.startswith("STOPPING=1"), sender=service.pid)

        assert service.wait(PATIENCE_S) == 0


def test_a_call_while_the_agent_restarts_waits_and_is_answered(
    manager: Manager, home: AgentFolder, handed: socket.socket
) -> None:
    url = f"http://127.0.0.1:{handed.getsockname()[1]}"
    command = home.command("run")
    with manager.service(command, handed=handed, watchdog_s=30.0) as service:
        expect(call(f"{url}/agent/health/live"))
        service.kill()
        service.wait()

    with (
        socket.create_connection(handed.getsockname()) as waiting,
        manager.service(command, handed=handed, watchdog_s=30.0),
    ):
        waiting.sendall(b"GET /agent/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        waiting.settimeout(PATIENCE_S)
        status = waiting.makefile("rb").readline()

    assert status == b"HTTP/1.1 200 OK\r\n"


def test_a_socket_for_tls_is_served_over_tls_alone(
    manager: Manager, tmp_path: Path, handed: socket.socket
) -> None:
    own = OwnAuthority(tmp_path / "tls")
    own.make_server(["127.0.0.1"], at=SystemClock().now())
    settings = f"""[rest]
tls_cert_file = "{own.certificate_file("server")}"
tls_key_file = "{own.key_file("server")}"
tls_names = ["127.0.0.1"]
"""
    home = agent_folder(tmp_path, stripe_url=NOWHERE)
    file = tmp_path / "cardlane.toml"
    file.write_text(file.read_text().replace("[rest]", settings))
    context = ssl.create_default_context(cafile=own.certificate_file("authority"))
    with (
        socket.create_server(("127.0.0.1", 0)) as tls,
        manager.service(
            home.command("run"), handed=handed, watchdog_s=30.0, tls=tls
        ) as service,
    ):
        ready = manager.wait_for(lambda told: "READY=1" in told, sender=service.pid)
        address = tls.getsockname()
        over_tls = HTTPSConnection(*address, context=context)
        over_tls.request("GET", "/agent/health/live")
        status = over_tls.getresponse().status
        over_tls.close()
        expect(call(f"http://127.0.0.1:{handed.getsockname()[1]}/agent/health/live"))

    assert status == 200
    assert f"https://127.0.0.1:{address[1]}" in ready
