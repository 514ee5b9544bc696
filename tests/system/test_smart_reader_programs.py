"""Stripe's smart readers from the outside: official SDKs and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from house import ROOT

from examples.launch import (
    BIN,
    AgentFolder,
    Simulator,
    agent,
    agent_folder,
    simulator,
)

pytestmark = pytest.mark.slow

SDKS: dict[str, tuple[list[str | Path], Path]] = {
    "python": ([sys.executable, ROOT / "examples" / "register.py"], ROOT),
    "node": ([BIN / "node", ROOT / "examples" / "register.mjs"], ROOT / "tests/node"),
}
CODE = "simulated-wpe"


@dataclass(frozen=True)
class Shop:
    """A simulator and an agent, each a program of its own."""

    world: Simulator
    home: AgentFolder
    key_file: Path

    def customer(self, card: str) -> None:
        """Whoever is asked for a card at a smart reader presents this one."""
        self.world.control("DELETE", "/simulator/smart_rules")
        self.world.control(
            "POST",
            "/simulator/smart_rules",
            {
                "when": {"phase": "waiting_for_card"},
                "then": [{"do": "present_card", "card": card}],
                "after_s": 0.2,
                "times": None,
            },
        )

    def run(self, *command: str | Path, folder: Path = ROOT) -> tuple[int, str]:
        """A program that ends by itself: its exit status, and all that it said."""
        run = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        return run.returncode, run.stdout + run.stderr

    def cardlane(self, *arguments: str) -> tuple[int, str]:
        """A command of the agent's own."""
        command = self.home.command(*arguments, "--key-file", str(self.key_file))
        return self.run(*command)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with simulator(folder) as world:
        home = agent_folder(folder, stripe_url=world.url)
        key_file = folder / "local_key"
        with agent(home):
            key_file.touch(mode=0o600)
            key_file.write_text(home.key())
            yield Shop(world, home, key_file)


@pytest.mark.parametrize("sdk", SDKS)
@pytest.mark.parametrize(
    ("card", "action", "intent"),
    [
        ("visa_approved", "succeeded", "succeeded"),
        ("visa_declined", "failed", "requires_payment_method"),
    ],
)
def test_an_unmodified_sdk_takes_a_payment_at_a_smart_reader(
    sdk: str, card: str, action: str, intent: str, shop: Shop
) -> None:
    program, folder = SDKS[sdk]
    shop.customer(card)

    _, printed = shop.run(
        *program,
        "--url",
        shop.home.url,
        "--key-file",
        shop.key_file,
        "--registration-code",
        CODE,
        folder=folder,
    )

    report: dict[str, Any] = json.loads(printed)
    assert (report["action"], report["payment_intent"]) == (action, intent)


def test_the_command_line_registers_lists_and_pays(shop: Shop) -> None:
    shop.customer("visa_approved")

    registered, code = shop.cardlane("readers", "register", CODE, "--label", "Till")
    listed, table = shop.cardlane("readers", "list")
    reader = next(line.split()[0] for line in table.splitlines() if "Till" in line)
    paid, said = shop.cardlane("pay", "12.34", "usd", "--reader", reader)

    assert (registered, listed, paid) == (0, 0, 0), (code, table, said)
    assert "simulated_wisepos_e" in table
    assert "online" in table
    assert "the reader asks for it" in said
    assert "APPROVED" in said
