"""A real Mosquitto, and an agent's folder that knows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet_office import KEY

from agent.fleet.keys import key_line
from examples.broker import Mosquitto, mosquitto
from examples.launch import AgentFolder, Simulator, agent_folder, simulator


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as running:
        yield running


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def home(world: Simulator, broker: Mosquitto, tmp_path: Path) -> AgentFolder:
    keys = tmp_path / "order_keys"
    keys.write_text(f"# whose orders count\n{key_line('office', KEY)}\n")
    settings = f"""
[fleet]
broker = "{broker.url}"
machine = "till"
username = "till"
password_file = "{broker.password_file("till")}"
ca_file = "{broker.ca_file}"
order_keys_file = "{keys}"
metrics_interval_s = 1
"""
    return agent_folder(tmp_path, stripe_url=world.url, settings=settings)
