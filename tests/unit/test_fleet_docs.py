"""docs/fleet.md says what a fleet hears and may order."""

from __future__ import annotations

import re

import pytest
from house import ROOT

from agent.fleet.orders import Command
from agent.fleet.topics import Topics, machine_name, machine_of

DOCUMENT = (ROOT / "docs/fleet.md").read_text()
CODE = re.compile(r'"((?:order_|not_)[a-z_]+)"')


def test_every_refusal_is_documented() -> None:
    sources = [ROOT / "agent/fleet" / name for name in ("orders.py", "obedience.py")]
    codes = {code for file in sources for code in CODE.findall(file.read_text())}

    assert len(codes) == 7
    assert {code for code in codes if f"| `{code}` |" not in DOCUMENT} == set()


@pytest.mark.parametrize("command", Command)
def test_every_command_is_documented(command: Command) -> None:
    assert f"| `{command}` |" in DOCUMENT


def test_every_topic_is_documented() -> None:
    topics = Topics("cardlane", "till")
    own = (topics.state, topics.events, topics.metrics, topics.reader("<id>"))

    for topic in (*own, topics.orders[0]):
        assert f"| `{topic.removeprefix('cardlane/till/')}` |" in DOCUMENT
    assert topics.orders[1] == "cardlane/all/orders"


@pytest.mark.parametrize(
    ("topic", "machine"),
    [
        ("cardlane/till/state", ("till", "state")),
        ("cardlane/till/readers/tmr_1", ("till", "readers/tmr_1")),
        ("cardlane/till", None),
        ("cardlane/t ll/state", None),
        ("elsewhere/till/state", None),
    ],
)
def test_a_topic_tells_its_machine(topic: str, machine: tuple[str, str] | None) -> None:
    assert machine_of(topic, prefix="cardlane") == machine


def test_a_machines_usual_name_does_not_tell_its_id() -> None:
    machine_id = "8f3a0c1de2b94f5c8d7e6a5b4c3d2e1f"

    name = machine_name(f"{machine_id}\n")

    assert name == machine_name(machine_id)
    assert re.fullmatch(r"m_[0-9a-f]{16}", name)
    assert name != machine_name("another")
    assert machine_id[:8] not in name
