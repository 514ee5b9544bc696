"""`cardlane readers …`: what is printed, and the exit code."""

from __future__ import annotations

import json

import pytest
from served_agent import ServedAgent
from terminal import Terminal

from agent.readers.discovered import (
    DiscoveredReader,
    DiscoveryEnd,
    DiscoveryEnded,
    DiscoveryMethod,
    DiscoveryProgress,
    DiscoveryStep,
)

pytest_plugins = ("cli_fixtures",)

FOUND = DiscoveredReader(
    registration_code="serial:/dev/ttyUSB0",
    method=DiscoveryMethod.SERIAL,
    description="USB serial",
    model="magtek_dynaprox",
    serial_number="B50",
)


def test_readers_are_discovered(terminal: Terminal, served: ServedAgent) -> None:
    served.agent.fleet.found = [
        DiscoveryProgress(DiscoveryStep.FOUND, FOUND),
        DiscoveryProgress(DiscoveryStep.IDENTIFIED, FOUND),
        DiscoveryEnded(DiscoveryEnd.COMPLETE),
    ]

    assert terminal.run("readers", "discover") == 0
    assert terminal.out.split() == ["serial:/dev/ttyUSB0", FOUND.model, "B50", "free"]
    terminal.run(
        "readers", "discover", "--json", "--method", "serial", "--timeout", "9"
    )
    assert json.loads(terminal.out)["readers"][0]["serial_number"] == "B50"
    assert served.agent.fleet.asked_for[-1] == ((DiscoveryMethod.SERIAL,), 9)


def test_without_readers_discovery_says_what_to_do(
    terminal: Terminal, served: ServedAgent
) -> None:
    served.agent.fleet.found = [DiscoveryEnded(DiscoveryEnd.COMPLETE)]

    assert terminal.run("readers", "discover") == 0
    assert "cardlane doctor" in terminal.out


def test_discovery_that_breaks_off_is_no_success(
    terminal: Terminal, served: ServedAgent
) -> None:
    served.agent.fleet.found = [
        DiscoveryProgress(DiscoveryStep.IDENTIFIED, FOUND),
        RuntimeError("a defect"),
    ]

    assert terminal.run("readers", "discover") == 7
    assert "(agent_unreachable)" in terminal.err


@pytest.mark.parametrize("command", ["connect", "disconnect", "reboot"])
def test_a_reader_is_commanded(
    command: str, terminal: Terminal, served: ServedAgent
) -> None:
    served.do(lambda agent: agent.fleet.add("tmr_1"))

    assert terminal.run("readers", command, "tmr_1") == 0
    assert "tmr_1" in terminal.out
    assert served.agent.fleet.commands == [(command, "tmr_1")]
    assert terminal.run("readers", command, "tmr_1", "--json") == 0
    assert json.loads(terminal.out)["id"] == "tmr_1"


def test_a_reader_shows_itself(terminal: Terminal, served: ServedAgent) -> None:
    served.do(lambda agent: agent.fleet.add("tmr_1"))

    assert terminal.run("readers", "identify", "tmr_1") == 0
    assert terminal.out == "tmr_1 shows itself: buzzer, display.\n"
    assert terminal.run("readers", "identify", "tmr_1", "--json") == 0
    assert json.loads(terminal.out)["signs"] == ["buzzer", "display"]


def test_a_reader_that_is_unknown_cannot_be_commanded(
    terminal: Terminal, served: ServedAgent
) -> None:
    assert terminal.run("readers", "connect", "tmr_7") == 6
    assert "(resource_missing)" in terminal.err


def test_a_reader_is_registered_and_listed(
    terminal: Terminal, served: ServedAgent
) -> None:
    code = terminal.run("readers", "register", "serial:/dev/a", "--label", "Counter")

    assert code == 0
    assert "Counter" in terminal.out
    terminal.run("readers", "list")
    assert "tmr_1  Counter" in terminal.out
    terminal.run("readers", "list", "--json")
    assert json.loads(terminal.out)["data"][0]["label"] == "Counter"
