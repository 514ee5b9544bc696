"""Agent and simulator as programs, with a reader on Bluetooth LE between them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.launch import (
    BIN,
    AgentFolder,
    Simulator,
    agent,
    agent_folder,
    free_port,
    running,
)
from simulator.reader.wires.private_bus import private_bus

pytestmark = pytest.mark.slow

CODE = "ble:C4:AC:59:00:00:01"
WIRE = f"magtek_dynaflex_ii_go@{CODE}?mtu=23&bonding=just_works"
PATIENCE_S = 10
VARIABLE = "DBUS_SYSTEM_BUS_ADDRESS"


@dataclass(frozen=True)
class Till:
    """A reader on the air, and an agent that can be asked on the command line."""

    world: Simulator
    home: AgentFolder

    def run(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        done = subprocess.run(
            self.home.command(*arguments, "--json"),
            capture_output=True,
            timeout=60,
            check=True,
        )
        return json.loads(done.stdout)


def serve(*options: str, port: int = 0) -> list[str]:
    """A simulator with one reader on the air."""
    return [
        str(BIN / "cardlane-simulator"),
        *("serve", "--port", str(port), "--reader", f"counter={WIRE}", *options),
    ]


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    port = free_port()
    with running(serve(port=port), log=tmp_path / "simulator.log") as process:
        *_, wire, variable = process.line_with("ready").split()
        assert wire == f"counter={CODE}"
        monkeypatch.setenv(*variable.split("=", 1))
        world = Simulator(f"http://127.0.0.1:{port}", tmp_path, process)
        home = agent_folder(tmp_path, stripe_url=world.url)
        with agent(home):
            subprocess.run(home.command("keys", "create", "--cli"), check=True)
            yield Till(world, home)


def test_payment_at_a_reader_on_the_air(till: Till) -> None:
    till.world.when_asked_present("visa_approved")

    reader = till.run("readers", "register", CODE)
    paid = till.run("pay", "12.34", "usd")

    assert reader["device_type"] == "magtek_dynaflex_ii_go"
    assert paid["result"] == "approved"
    (charge,) = till.world.charges(payment_intent=paid["payment_intent"])
    assert charge["amount"] == 1234


def test_reader_on_the_air_is_found_and_no_longer_looked_for_than_wanted(
    till: Till,
) -> None:
    looking = till.home.command(
        *("readers", "discover", "--method", "bluetooth", "--timeout", "600")
    )
    with running(looking, log=till.home.folder / "discover.log") as process:
        line = process.line_with(CODE)
        process.popen.send_signal(signal.SIGINT)
        status = process.wait()

    code, model, _, state = line.split()
    assert (code, model, state) == (CODE, "magtek_dynaflex_ii_go", "free")
    assert status == 0
    assert till.run("readers", "register", CODE)["status"] == "online"


def test_bus_that_is_there_already_can_be_used(tmp_path: Path) -> None:
    with private_bus() as bus:
        command = serve("--bluetooth-bus", bus)
        with running(command, log=tmp_path / "simulator.log") as process:
            ready = process.line_with("ready")
            status = process.stop()

    assert ready.split()[-1] == f"{VARIABLE}={bus}"
    assert status == 0


def test_bus_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    command = serve("--bluetooth-bus", f"unix:path={tmp_path}/bus")

    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"cardlane-simulator: unix:path={tmp_path}/bus: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_bus_ends_with_the_simulator(tmp_path: Path, number: signal.Signals) -> None:
    with running(serve(), log=tmp_path / "simulator.log") as process:
        address = process.line_with("ready").split("=", 2)[2]
        path = address.removeprefix("unix:path=").split(",")[0]
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)

            process.popen.send_signal(number)

            # Nothing was asked of the bus: the end is all it has to say.
            connection.settimeout(PATIENCE_S)
            assert connection.recv(1) == b""
