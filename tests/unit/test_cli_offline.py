"""`cardlane offline`: what is stored, told to people, and a key made for it."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from offline_entries import DECLINED, STARTED, store
from served_agent import ServedAgent
from terminal import Terminal

from agent.cli.offline import status_text
from agent.settings import OfflineKey

pytest_plugins = ("cli_fixtures",)


def do(served: ServedAgent, work: Coroutine[Any, Any, Any]) -> None:
    """Carry it out where the agent's journal is used."""
    asyncio.run_coroutine_threadsafe(work, served.loop).result(timeout=10)


def test_an_empty_store_says_so(terminal: Terminal, served: ServedAgent) -> None:
    code = terminal.run("offline", "status")

    assert code == 0
    assert terminal.out == "Nothing was ever stored here.\n"


def test_stored_payments_are_counted_and_declines_named(
    terminal: Terminal, served: ServedAgent
) -> None:
    journal = served.agent.journal
    do(served, store(journal, "pay_1"))
    do(served, store(journal, "pay_2"))
    do(served, journal.offline.append(STARTED))
    do(served, journal.offline.append(DECLINED))

    code = terminal.run("offline", "status")

    assert code == 0
    assert "queued    1         10.50 USD" in terminal.out
    assert "pay_1: declined, Declined." in terminal.out


def test_the_store_is_told_to_programs(terminal: Terminal, served: ServedAgent) -> None:
    do(served, store(served.agent.journal, "pay_1"))

    code = terminal.run("offline", "status", "--json")

    assert code == 0
    assert json.loads(terminal.out)["totals"]["queued"] == {
        "payments": 1,
        "amounts": {"usd": 10_50},
    }


@pytest.mark.parametrize("wish", [(), ("--json",)])
def test_forwarding_can_be_asked_for(
    terminal: Terminal, served: ServedAgent, wish: tuple[str, ...]
) -> None:
    code = terminal.run("offline", "forward", *wish)

    assert code == 0
    assert terminal.out.startswith(("Forwarding", "{"))


def test_a_key_is_made_for_its_owner_alone(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "key"

    code = terminal.run("offline", "key", str(file))

    made = OfflineKey.from_text(file.read_text().strip())
    assert code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.key_id in terminal.out
    assert made.text() not in terminal.out


def test_a_key_is_never_overwritten(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "key"
    terminal.run("offline", "key", str(file))
    before = file.read_text()

    code = terminal.run("offline", "key", str(file))

    assert code == 2
    assert file.read_text() == before


def test_what_keeps_payments_here_is_said_with_its_remedy() -> None:
    text = status_text(
        {
            "totals": {},
            "problem": {"message": "No network.", "remedy": "Mend it."},
            "damages": [{"damage": "missing", "seq": 7, "payment": None}],
            "payments": [
                {"payment": "pay_1", "status": "failed", "failure_code": "some_code"}
            ],
        }
    )

    assert "Waiting: No network.\n  Mend it." in text
    assert "Damaged: entry 7 (missing)" in text
    assert "pay_1: failed, some_code" in text
