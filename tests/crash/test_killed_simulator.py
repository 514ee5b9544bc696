"""kill -9 of the simulator while it is busy: its state file holds whole requests only."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

READY = re.compile(r"cardlane-simulator ready http://127\.0\.0\.1:(\d+).*\n")
HEADERS = {"Authorization": "Bearer sk_test_simulator0123456789"}
ANSWERED = 300
SURELY_KEPT = 100
"""The answers after these take far longer than the file is behind."""


class Killable:
    """A simulator in a process of its own, asked over one connection."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self._connection = HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(self, method: str, path: str, form: str = "", *, key: str = "") -> Any:
        """One request that must succeed."""
        headers = HEADERS | ({"Idempotency-Key": key} if key else {})
        self._connection.request(method, path, form or None, headers)
        answer = self._connection.getresponse()
        content = json.loads(answer.read())
        assert answer.status == 200, content
        return content

    def kill(self) -> None:
        """End it without a moment to tidy up."""
        self._connection.close()
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def started(state: Path) -> Iterator[Killable]:
    command = [sys.executable, "-m", "simulator", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--state", str(state)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        ready = READY.fullmatch(process.stdout.readline())
        assert ready is not None
        simulator = Killable(process, int(ready[1]))
        try:
            yield simulator
        finally:
            simulator.kill()
    finally:
        process.kill()
        process.communicate()


def test_killed_simulator_comes_back_as_it_was_a_moment_before(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    form = "amount=100&currency=usd"
    with started(state) as simulator:
        answered = [
            simulator.ask("POST", "/v1/payment_intents", form, key=str(number))["id"]
            for number in range(ANSWERED)
        ]
        simulator.kill()

    with started(state) as simulator:
        kept = _all(simulator, "/v1/payment_intents")
        events = _all(simulator, "/v1/events")
        repeated = simulator.ask("POST", "/v1/payment_intents", form, key="0")

    ids = [intent["id"] for intent in reversed(kept)]
    assert ids == answered[: len(ids)]
    assert len(ids) >= SURELY_KEPT
    assert [event["data"]["object"]["id"] for event in reversed(events)] == ids
    assert repeated["id"] == answered[0]


def _all(simulator: Killable, path: str) -> list[dict[str, Any]]:
    """Everything in a list, newest first."""
    found: list[dict[str, Any]] = []
    has_more = True
    while has_more:
        after = f"&starting_after={found[-1]['id']}" if found else ""
        page = simulator.ask("GET", f"{path}?limit=100{after}")
        found += page["data"]
        has_more = page["has_more"]
    return found
