"""`cardlane config` against the real agent and the simulated Stripe."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.launch import (
    BIN,
    AgentFolder,
    Simulator,
    agent,
    agent_folder,
    simulator,
)

pytestmark = pytest.mark.slow

WANTED = """
[configurations.default.tipping.usd]
percentages = [15, 20, 25]

[configurations.airport.offline]
enabled = true

[locations."Gate 1"]
configuration = "airport"

[locations."Gate 1".address]
line1 = "1 Terminal Rd"
city = "San Francisco"
state = "CA"
postal_code = "94128"
country = "US"
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as running:
        yield running


@pytest.fixture
def home(world: Simulator, tmp_path: Path) -> Iterator[AgentFolder]:
    made = agent_folder(tmp_path, stripe_url=world.url)
    with agent(made):
        subprocess.run(made.command("keys", "create", "--cli"), check=True)
        yield made


def config(home: AgentFolder, *arguments: str | Path) -> tuple[int, str]:
    """`cardlane config …`: its exit code, and what it says."""
    done = subprocess.run(
        [BIN / "cardlane", "config", *arguments, "--config", home.config],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_file_is_planned_applied_and_found_again(
    home: AgentFolder, tmp_path: Path
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(WANTED)

    drifted, plan = config(home, "plan", file)
    applied, told = config(home, "apply", file, "--yes")
    settled, nothing = config(home, "plan", file)
    _, exported = config(home, "export")

    assert (drifted, applied, settled) == (1, 0, 0)
    assert "+ configuration airport" in plan
    assert "    tipping.usd.percentages: none -> [15, 20, 25]" in plan
    assert "created location Gate 1 (tml_" in told
    assert nothing == "No difference.\n"
    assert 'configuration = "airport"' in exported


def test_what_was_dropped_from_the_file_is_dropped_at_stripe(
    home: AgentFolder, tmp_path: Path
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(WANTED)
    config(home, "apply", file, "--yes")
    file.write_text("[configurations.default]\n")

    code, told = config(home, "apply", file, "--yes", "--delete")
    settled, _ = config(home, "plan", file, "--delete")

    assert (code, settled) == (0, 0)
    assert "tipping.usd.percentages: [15, 20, 25] -> none" in told
    assert "deleted location Gate 1" in told
    assert "deleted configuration airport" in told


def test_a_currency_that_was_dropped_from_the_file_has_no_tips_left(
    home: AgentFolder, tmp_path: Path
) -> None:
    file = tmp_path / "shop.toml"
    two = {"usd": [15, 20, 25], "eur": [5, 10]}
    tips = [f"tipping.{one}.percentages = {choices}\n" for one, choices in two.items()]
    file.write_text("[configurations.default]\n" + "".join(tips))
    config(home, "apply", file, "--yes")
    file.write_text("[configurations.default]\n" + tips[0])

    code, told = config(home, "apply", file, "--yes")
    settled, _ = config(home, "plan", file)

    assert (code, settled) == (0, 0)
    assert "tipping.eur.percentages: [5, 10] -> none" in told


def test_a_file_that_is_none_changes_nothing(home: AgentFolder, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("[configurations.default.tiping]\n")

    code, told = config(home, "apply", file, "--yes")

    assert code == 2
    assert "configurations.default.tiping is not known. (config_invalid)" in told


def test_a_step_that_stripe_refuses_is_named(home: AgentFolder, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(WANTED + "[configurations.night.reboot_window]\nstart_hour = 2\n")

    code, told = config(home, "apply", file, "--yes")

    assert code == 6
    assert "cardlane: configuration night: " in told
    assert "`cardlane config plan` shows what is left to do." in told
