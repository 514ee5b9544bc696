"""Locations and Configurations from the command line to a reader, and away again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.launch import AgentFolder, Simulator, agent, agent_folder, simulator

pytestmark = pytest.mark.slow

GATE = (
    *("--display-name=Gate 1", "--line1=1 Terminal Rd", "--city=San Francisco"),
    *("--state=CA", "--postal-code=94128", "--country=US", "--metadata=floor=2"),
)


@dataclass(frozen=True)
class Shop:
    """A terminal on a machine with an agent, and a reader that is plugged in."""

    world: Simulator
    home: AgentFolder

    def run(self, *arguments: str) -> tuple[int, str]:
        """`cardlane …`: its exit code, and what it says."""
        done = subprocess.run(
            self.home.command(*arguments),
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    def object(self, *arguments: str) -> Any:
        """What a command that must succeed says with `--json`."""
        code, told = self.run(*arguments, "--json")
        assert code == 0, told
        return json.loads(told)

    def counting(self, reader: str, setting: str) -> Any:
        """What counts at the reader of this setting."""
        return self.object("readers", "configuration", reader)["settings"][setting]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with simulator(tmp_path) as world:
        home = agent_folder(tmp_path, stripe_url=world.url)
        with agent(home):
            subprocess.run(home.command("keys", "create", "--cli"), check=True)
            yield Shop(world, home)


def test_a_configuration_counts_at_a_reader_from_its_making_to_its_end(
    shop: Shop,
) -> None:
    tips = "tipping.usd.percentages=15,20,25"
    used = shop.object("configurations", "create", "--name=Airport", "--set", tips)
    configuration = used["id"]
    gate = shop.object("locations", "create", *GATE, f"--configuration={configuration}")
    code = shop.world.registration_code
    reader = shop.object("readers", "register", code, "--location", gate["id"])["id"]
    made = shop.counting(reader, "tipping")

    _, shown = shop.run("configurations", "show", configuration)
    shop.object("configurations", "update", configuration, "--unset=tipping")
    shop.object(
        *("configurations", "update", configuration, "--set=offline.enabled=true"),
        *("--set=reboot_window.start_hour=2", "--set=reboot_window.end_hour=4"),
    )
    changed = {
        name: shop.counting(reader, name)
        for name in ("tipping", "offline", "reboot_window")
    }
    shop.object("locations", "update", gate["id"], "--unset=configuration_overrides")
    let_go = shop.counting(reader, "offline")
    deleted = shop.run("configurations", "delete", configuration, "--yes")
    _, listed = shop.run("configurations", "list")

    assert made["source"] == "location"
    assert made["value"]["usd"]["percentages"] == [15, 20, 25]
    row = next(line for line in shown.splitlines() if "percentages" in line)
    assert row.split() == ["tipping.usd.percentages", "15,20,25", "Gate", "1"]
    assert changed["tipping"]["source"] == "built_in"
    assert changed["offline"] == {"value": {"enabled": True}, "source": "location"}
    assert changed["reboot_window"]["value"] == {"start_hour": 2, "end_hour": 4}
    assert let_go["source"] != "location"
    assert deleted == (0, f"{configuration} is deleted.\n")
    assert configuration not in listed


def test_one_currency_is_changed_and_another_unset(shop: Shop) -> None:
    tips = ("--set=tipping.usd.percentages=15,20", "--set=tipping.eur.percentages=5")
    made = shop.object("configurations", "create", *tips)["id"]

    amounts = "--set=tipping.usd.fixed_amounts=100,200"
    changed = shop.object("configurations", "update", made, amounts)
    unset = shop.object("configurations", "update", made, "--unset=tipping.eur")

    usd = {"percentages": [15, 20], "fixed_amounts": [100, 200]}
    assert changed["tipping"] == {"usd": usd, "eur": {"percentages": [5]}}
    assert unset["tipping"] == {"usd": usd}


def test_a_location_is_changed_and_deleted(shop: Shop) -> None:
    gate = shop.object("locations", "create", *GATE)["id"]

    changed = shop.object(
        *("locations", "update", gate, "--line1=2 Terminal Rd", "--metadata=floor="),
        *("--set=phone=+15550100", "--set=address_kanji.line1=1"),
    )
    refused = shop.run("locations", "update", gate, "--set=tipping.usd=1")
    unasked, _ = shop.run("locations", "delete", gate)
    shop.object("locations", "delete", gate, "--yes")
    _, shown = shop.run("locations", "show", gate)

    assert changed["address"]["line1"] == "2 Terminal Rd"
    assert (changed["metadata"], changed["phone"]) == ({}, "+15550100")
    assert refused[0] == 6
    assert "tipping" in refused[1]
    assert unasked != 0
    assert shown == f"{gate} is deleted.\n"
