"""Payments stored without network, and an agent that is killed while it forwards them.

Real processes: the agent with its journal on a disk, a reader on a pty, Stripe on a port.
"""

from __future__ import annotations

import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.settings import OfflineKey
from examples.launch import (
    AgentFolder,
    Process,
    Simulator,
    agent,
    agent_folder,
    call,
    free_port,
    simulator,
)

DYING = Path(__file__).with_name("dying_forwarder.py")
SETTINGS = """
[offline]
key_file = "{key_file}"
max_payment = ["100.00 usd"]
max_stored = ["100000.00 usd"]
max_payments = 5000
forward_retry_max_s = 0.5
"""
UNHURRIED = "requests_per_s = 100000"
"""This register says more in a second than a cashier does in a day."""
LONGEST_S = 400.0


@dataclass(frozen=True)
class Till:
    """An agent's folder, and what a register says to whichever process runs there."""

    home: AgentFolder
    stripe_url: str
    key: str

    @contextmanager
    def cut_off(self) -> Iterator[Process]:
        """An agent without network: nothing listens where its Stripe should be."""
        config = self.home.config.read_text()
        nowhere = f"http://127.0.0.1:{free_port()}"
        self.home.config.write_text(config.replace(self.stripe_url, nowhere))
        try:
            with agent(self.home) as running:
                yield running
        finally:
            self.home.config.write_text(config)

    def say(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """A request that must succeed."""
        headers = {"Prefer": "wait=60", "Stripe-Version": "2026-10-28.endive"}
        status, answer = call(
            f"{self.home.url}{path}", body, key=self.key, headers=headers
        )
        assert status == 200, answer
        return answer

    def pay(self, reader: str, amount: int) -> str:
        """A payment that must be stored; its intent's id."""
        intent = self.say(
            "/v1/payment_intents",
            {
                "amount": amount,
                "currency": "usd",
                "allowed_payment_method_types": ["card_present"],
                "offline_behavior": "force_offline",
            },
        )["id"]
        path = f"/v1/terminal/readers/{reader}/process_payment_intent"
        action = self.say(path, {"payment_intent": intent})["action"]
        assert action["status"] == "succeeded", action
        return str(intent)

    def totals(self) -> dict[str, int]:
        """How many payments stand where."""
        totals = self.say("/agent/offline")["totals"]
        return {state: each["payments"] for state, each in totals.items()}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    folder = tmp_path / "simulator"
    folder.mkdir()
    with simulator(folder) as running:
        yield running


@pytest.fixture
def till(world: Simulator, tmp_path: Path) -> Till:
    key_file = tmp_path / "offline_key"
    key_file.touch(mode=0o600)
    key_file.write_text(OfflineKey(bytes(range(32))).text())
    settings = SETTINGS.format(key_file=key_file)
    home = agent_folder(tmp_path, stripe_url=world.url, settings=settings)
    config = home.config.read_text()
    home.config.write_text(config.replace("[rest]\n", f"[rest]\n{UNHURRIED}\n"))
    default = world.stripe("/v1/terminal/configurations?is_account_default=true")
    path = f"/v1/terminal/configurations/{default['data'][0]['id']}"
    world.stripe(path, {"offline": {"enabled": True}})
    with agent(home):
        return Till(home, world.url, home.key())


def test_sixty_stored_payments_survive_three_kills(
    till: Till, world: Simulator
) -> None:
    check_kills(till, world, count=60)


@pytest.mark.full
def test_a_thousand_stored_payments_survive_three_kills(
    till: Till, world: Simulator
) -> None:
    check_kills(till, world, count=1000)


def check_kills(till: Till, world: Simulator, *, count: int) -> None:
    """Store, die three times on the way out, and find each charged once."""
    world.when_asked_present("visa_approved")
    reader = register(till, world)
    with till.cut_off():
        intents = [till.pay(reader, amount_of(number)) for number in range(count)]
        stored = till.totals()

    deaths = [
        die(till, "before", "forwarded", at=count // 4),
        die(till, "after", "forward_started", at=count // 4),
        die(till, "after", "forwarded", at=count // 4),
    ]
    with agent(till.home) as last:
        for _ in range(count):
            if till.totals()["forwarded"] == count:
                break
            last.line_with("offline_payment_forwarded")
        ended = till.totals()
        shown = [till.say(f"/v1/payment_intents/{intent}") for intent in intents]
    charges = all_charges(world)

    assert stored["queued"] + stored["forwarding"] == count
    assert deaths == [-signal.SIGKILL] * 3
    assert ended["forwarded"] == count
    assert Counter(charge["amount"] for charge in charges) == Counter(
        amount_of(number) for number in range(count)
    )
    assert all(charge["paid"] and not charge["refunded"] for charge in charges)
    at_stripe = {charge["payment_intent"] for charge in charges}
    assert {one["offline"]["payment_intent"] for one in shown} == at_stripe


def amount_of(number: int) -> int:
    """Whole dollars: the cents would decide what the issuer says."""
    return (number % 99 + 1) * 100


def register(till: Till, world: Simulator) -> str:
    """Register the reader, with an agent that has network; its id."""
    with agent(till.home):
        form = {"registration_code": world.registration_code}
        reader = till.say("/v1/terminal/readers", form)["id"]
        till.say(f"/agent/readers/{reader}/configuration")
    return str(reader)


def die(till: Till, *when: str, at: int) -> int:
    """Forward until the agent kills itself; its exit status."""
    program: Sequence[str | Path] = [
        sys.executable,
        str(DYING),
        str(till.home.config),
        *when,
        str(at),
    ]
    with agent(till.home, program=program) as dying:
        return dying.popen.wait(timeout=LONGEST_S)


def all_charges(world: Simulator) -> list[dict[str, Any]]:
    """Every charge at Stripe."""
    charges: list[dict[str, Any]] = []
    while True:
        after = f"&starting_after={charges[-1]['id']}" if charges else ""
        page = world.stripe(f"/v1/charges?limit=100{after}")
        charges += page["data"]
        if not page["has_more"]:
            return charges
