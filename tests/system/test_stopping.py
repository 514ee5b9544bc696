"""The agent, told to stop as systemd does: what is under way ends first."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.launch import (
    AgentFolder,
    Process,
    Simulator,
    agent,
    agent_folder,
    call,
    expect,
    running,
    simulator,
)

pytestmark = pytest.mark.slow

STOPPED_WHEN_READY = """
import logging, os, signal, sys
from pathlib import Path
from agent.cli.daemon import run_daemon

class Stopper(logging.Handler):
    def emit(self, record):
        if record.getMessage() == "agent.ready":
            os.kill(os.getpid(), signal.SIGTERM)

logging.getLogger("cardlane").addHandler(Stopper())
run_daemon(Path(sys.argv[1]))
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as running:
        yield running


@pytest.fixture
def home(world: Simulator, tmp_path: Path) -> AgentFolder:
    debug = '[log]\nlevel = "debug"\n'
    return agent_folder(tmp_path, stripe_url=world.url, settings=debug)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_agent_stops_cleanly(number: signal.Signals, home: AgentFolder) -> None:
    with agent(home) as process:
        expect(call(f"{home.url}/agent/health/live"))
        process.popen.send_signal(number)

        assert process.wait() == 0

    assert is_told(process)
    assert not (home.folder / "state" / "journal.db-wal").exists()


def test_an_agent_told_to_stop_as_it_gets_ready_stops_cleanly(
    home: AgentFolder,
) -> None:
    program = [sys.executable, "-c", STOPPED_WHEN_READY, str(home.config)]
    with running(program, log=home.folder / "agent.log") as process:
        assert process.wait() == 0

    assert is_told(process)
    assert not (home.folder / "state" / "journal.db-wal").exists()


def test_a_confirm_under_way_ends_before_the_agent_does(
    world: Simulator, home: AgentFolder
) -> None:
    world.when_asked_present("visa_approved")
    delay = {"kind": "delay", "seconds": 2.0}
    path = "/v1/payment_intents/*/confirm"
    world.control("POST", "/simulator/faults", {"fault": delay, "path": path})
    with agent(home) as process:
        intent = begin_payment(world, home)
        process.line_with('"phase": "confirming"')

        assert process.stop() == 0

    assert is_told(process)
    assert any('"phase": "succeeded"' in line for line in process.lines)
    assert [charge["amount"] for charge in world.charges(payment_intent=intent)] == [
        1200
    ]


def begin_payment(world: Simulator, home: AgentFolder) -> str:
    """Register the reader and begin a payment on it; the intent's id."""
    key = home.key()

    def post(path: str, body: dict[str, Any]) -> Any:
        return expect(call(f"{home.url}/v1/{path}", body, key=key))

    reader = post("terminal/readers", {"registration_code": world.registration_code})[
        "id"
    ]
    intent = post(
        "payment_intents",
        {
            "amount": 1200,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
        },
    )["id"]
    post(
        f"terminal/readers/{reader}/process_payment_intent", {"payment_intent": intent}
    )
    return str(intent)


def is_told(process: Process) -> bool:
    """Whether the log says that it stopped as it should."""
    return any('"event": "agent.stopped"' in line for line in process.lines)
