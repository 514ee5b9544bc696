"""Everything that agent and simulator say and write in payments, searched for card data."""

from __future__ import annotations

import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path

import pytest
from card_data_scanner import find_card_data, find_keys, scan_folder

from examples.launch import (
    STRIPE_KEY,
    AgentFolder,
    Simulator,
    agent,
    agent_folder,
    simulator,
)

pytestmark = pytest.mark.slow

ENTRIES = {
    "visa_approved": "contact",
    "visa_contactless": "contactless",
    "visa_chip_fallback": "swipe",
    "visa_declined": "contact",
    "visa_refuses_after_approval": "contact",
}
AGENT_PATHS = (
    "/v1/payment_intents?limit=100&expand[]=data.latest_charge",
    "/v1/terminal/readers",
    "/agent/discovery",
    "/agent/journal",
    "/agent/health/ready",
)
STRIPE_PATHS = ("/v1/charges?limit=100", "/v1/refunds", "/v1/payment_methods")
CONTROL_PATHS = ("readers", "rules", "cards", "requests", "faults")
COMMANDS = (
    ("readers", "list"),
    ("readers", "discover"),
    ("journal", "show"),
    ("journal", "show", "--json"),
    ("journal", "verify"),
    ("keys", "list"),
    ("doctor",),
)


@dataclass
class Said:
    """What was heard, by where it was heard."""

    pieces: list[tuple[str, bytes]] = field(default_factory=list)

    def add(self, where: str, data: bytes) -> None:
        """Keep what was said, which must not be nothing."""
        assert data, where
        self.pieces.append((where, data))

    def findings(self) -> list[str]:
        """Card data and keys in any of it."""
        return [
            str(finding)
            for where, data in self.pieces
            for find in (find_card_data, find_keys)
            for finding in find(data, where=where)
        ]


def test_no_answer_event_or_file_holds_card_data_or_keys(tmp_path: Path) -> None:
    said = Said()
    with simulator(tmp_path) as world:
        recordings = tmp_path / "recordings"
        chatty = f'[log]\nlevel = "debug"\n[readers]\nrecordings = "{recordings}"\n'
        home = agent_folder(tmp_path, stripe_url=world.url, settings=chatty)
        with agent(home):
            run(home, "keys", "create", "--cli")
            key = (tmp_path / "state" / "cli_key").read_text().strip()
            with events(home, key=key) as heard:
                take_payments(world, home, said=said)
            said.add("/agent/events", b"".join(heard))
            ask_everything(world, home, key=key, said=said)

    assert said.findings() == []
    assert [str(finding) for finding in scan_folder(tmp_path)] == []
    assert b"presented" in b"".join(heard)
    assert any("packets" in path.read_text() for path in recordings.iterdir())


def take_payments(world: Simulator, home: AgentFolder, *, said: Said) -> None:
    """One payment with every kind of card, on the command line."""
    registered = run(home, "readers", "register", world.registration_code)
    said.add("readers register", registered)
    for number, (card, entry) in enumerate(ENTRIES.items()):
        world.when_asked_present(card, entry=entry)
        form = ("--json",) if number % 2 else ()
        said.add(f"pay with {card}", run(home, "pay", "12.34", "usd", *form))


def ask_everything(
    world: Simulator, home: AgentFolder, *, key: str, said: Said
) -> None:
    """Every page and every command that could show something of a payment."""
    for path in AGENT_PATHS:
        said.add(path, get(home.url + path, key=key))
    for path in STRIPE_PATHS:
        said.add(path, get(world.url + path, key=STRIPE_KEY))
    for name in CONTROL_PATHS:
        said.add(name, get(f"{world.url}/simulator/{name}"))
    for command in COMMANDS:
        said.add(" ".join(command), run(home, *command))


def run(home: AgentFolder, *arguments: str) -> bytes:
    """A command's output, whatever its exit status."""
    done = subprocess.run(
        home.command(*arguments), capture_output=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


def get(url: str, *, key: str | None = None) -> bytes:
    """A page, with its headers."""
    with opened(url, key=key) as answer:
        body: bytes = answer.read()
        return bytes(answer.headers) + body


def opened(url: str, *, key: str | None) -> HTTPResponse:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    answer: HTTPResponse = urllib.request.urlopen(
        urllib.request.Request(url, headers=headers), timeout=60
    )
    return answer


@contextmanager
def events(home: AgentFolder, *, key: str) -> Iterator[list[bytes]]:
    """The agent's events within the context, as they came over the wire."""
    heard: list[bytes] = []
    listening = threading.Event()

    def listen(answer: HTTPResponse) -> None:
        # The agent stops while it still has something to tell.
        with suppress(HTTPException, OSError):
            for line in answer:
                heard.append(line)
                listening.set()

    answer = opened(f"{home.url}/agent/events", key=key)
    thread = threading.Thread(target=listen, args=[answer], daemon=True)
    thread.start()
    assert listening.wait(timeout=10)
    yield heard
