"""Start the agent and the simulator as programs: for tests, benchmarks and the demo."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

BIN = Path(sys.executable).parent
STRIPE_KEY = "sk_test_" + "simulated" * 4
START_TIMEOUT_S = 20


class Process:
    """A program under test: its pid, and every line it has printed so far."""

    def __init__(self, popen: subprocess.Popen[str], *, log: Path) -> None:
        """What it prints is added to the file `log` too."""
        self.popen = popen
        self.lines: list[str] = []
        self._log = log
        self._unread: queue.Queue[str | None] = queue.Queue()
        if popen.stdout is None:
            raise ValueError("start the program with stdout=PIPE")
        self._reader = threading.Thread(target=self._read, args=[popen.stdout])
        self._reader.start()

    def line_with(self, text: str) -> str:
        """The next line of its output that holds `text`; RuntimeError if none comes."""
        with suppress(queue.Empty):
            while (line := self._unread.get(timeout=START_TIMEOUT_S)) is not None:
                if text in line:
                    return line
        raise RuntimeError(f"never printed {text!r}:\n{''.join(self.lines)}")

    def wait(self) -> int:
        """Its exit status, negative for a signal, once all it printed is in `lines`."""
        status = self.popen.wait(timeout=START_TIMEOUT_S)
        self._reader.join()
        return status

    def stop(self) -> int:
        """End it as systemd does."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        return self.wait()

    def _read(self, output: IO[str]) -> None:
        with output, self._log.open("a") as log:
            for line in output:
                log.write(line)
                self.lines.append(line)
                self._unread.put(line)
        self._unread.put(None)


@contextmanager
def running(arguments: Sequence[str | Path], *, log: Path) -> Iterator[Process]:
    """Start a program, and make sure that it is gone afterwards.

    In a process group of its own: Ctrl-C is for who started it, who then stops it.
    """
    popen = subprocess.Popen(
        [str(argument) for argument in arguments],
        process_group=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    process = Process(popen, log=log)
    try:
        yield process
    finally:
        try:
            process.stop()
        except subprocess.TimeoutExpired:
            popen.kill()
            process.wait()


def as_installed(folder: Path) -> dict[str, str]:
    """This environment, with compiled modules kept in `folder`.

    Beside an installed program they are there already; without them, the time of a
    start would be the time of compiling.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "pycache")}


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_or_free(port: int) -> int:
    """`port`, or a free one where something else has taken it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return free_port()
    return port


def call(
    url: str,
    body: dict[str, Any] | None = None,
    *,
    key: str | None = None,
    method: str | None = None,
    headers: dict[str, str] | None = None,
    timeout_s: float = 30.0,
) -> tuple[int, Any]:
    """One JSON call: status and decoded body, whatever the status is."""
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Content-Type": "application/json"} | (headers or {}),
    )
    if key is not None:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def expect(answered: tuple[int, Any]) -> Any:
    """The body of a call that must have succeeded; RuntimeError shows any other."""
    status, body = answered
    if status >= 300:
        raise RuntimeError(f"HTTP {status}: {body}")
    return body


@dataclass(frozen=True)
class Simulator:
    """A running cardlane-simulator; its readers are on ptys in `folder`."""

    url: str
    folder: Path
    process: Process

    @property
    def registration_code(self) -> str:
        """What a register registers to use the reader `counter`."""
        return f"serial:{self.folder / 'counter'}"

    def when_asked_present(
        self,
        card: str,
        *,
        entry: str = "contact",
        reader: str = "counter",
        only: bool = True,
        shows: str | None = None,
    ) -> None:
        """A customer who presents `card` as soon as the reader asks, every time.

        `only` takes all earlier rules away; of those that stay the first that fits
        counts. With `shows` the reader must ask in these words.
        """
        if only:
            self.control("DELETE", "/simulator/rules")
        when = {"reader": reader, "state": "waiting_for_card", "text": shows}
        self.control(
            "POST",
            "/simulator/rules",
            {
                "when": {name: value for name, value in when.items() if value},
                "then": [{"do": "present_card", "card": card, "entry": entry}],
                "after_s": 0.001,
                "times": None,
            },
        )

    def control(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> Any:
        """A call of the simulator's control API that must succeed."""
        return expect(call(f"{self.url}{path}", body, method=method))

    def stripe(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        method: str | None = None,
    ) -> Any:
        """A call of the simulated Stripe API that must succeed."""
        return expect(call(f"{self.url}{path}", body, key=STRIPE_KEY, method=method))

    def charges(self, *, payment_intent: str) -> list[dict[str, Any]]:
        """Every successful charge of the intent: what the cardholder pays."""
        listed = self.stripe(f"/v1/charges?payment_intent={payment_intent}&limit=100")
        return [charge for charge in listed["data"] if charge["paid"]]


@contextmanager
def simulator(
    folder: Path,
    *,
    readers: Sequence[str] = ("counter",),
    models: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Simulator]:
    """The simulator with a reader of each name on a pty in `folder`.

    It is a DynaProx where `models` names no other model for it.
    """
    port = port or free_port()
    command = [str(BIN / "cardlane-simulator"), "serve", "--port", str(port)]
    for name in readers:
        model = (models or {}).get(name, "magtek_dynaprox")
        command += ["--reader", f"{name}={model}@pty:{folder / name}"]
    with running(command, log=folder / "simulator.log") as process:
        process.line_with("ready")
        yield Simulator(f"http://127.0.0.1:{port}", folder, process)


@dataclass(frozen=True)
class AgentFolder:
    """An agent's settings, state and keys, which outlive its processes."""

    folder: Path
    url: str

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "cardlane.toml"

    def command(self, *arguments: str) -> list[str]:
        """`cardlane …` with these settings."""
        return [str(BIN / "cardlane"), *arguments, "--config", str(self.config)]

    def key(self) -> str:
        """A fresh local key with every scope."""
        made = subprocess.run(
            self.command("keys", "create", "--label", "launch", "--json"),
            check=True,
            capture_output=True,
            text=True,
        )
        key: str = json.loads(made.stdout)["key"]
        return key


def agent_folder(
    folder: Path, *, stripe_url: str, settings: str = "", port: int | None = None
) -> AgentFolder:
    """Write what an installed agent has: settings and a Stripe key, both private.

    `settings` is TOML that is added to the end.
    """
    port = port or free_port()
    key_file = folder / "stripe_api_key"
    key_file.touch(mode=0o600)
    key_file.write_text(STRIPE_KEY)
    (folder / "cardlane.toml").write_text(
        f"""
state_dir = "{folder / "state"}"
[rest]
port = {port}
[stripe]
api_base = "{stripe_url}"
api_key_file = "{key_file}"
{settings}
"""
    )
    return AgentFolder(folder, f"http://127.0.0.1:{port}")


@contextmanager
def agent(
    home: AgentFolder, *, program: Sequence[str | Path] | None = None
) -> Iterator[Process]:
    """`cardlane run`, or `program`, once it answers."""
    command = program or home.command("run")
    with running(command, log=home.folder / "agent.log") as process:
        process.line_with("agent.ready")
        yield process
