"""`cardlane journal export` and `backup` beside a running agent."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from journal_entries import CARD_COLLECTED, requested
from offline_entries import store
from served_agent import ServedAgent
from terminal import Terminal

from agent.journal.audit import Audited

pytest_plugins = ("cli_fixtures",)


@pytest.fixture
def recorded(served: ServedAgent) -> ServedAgent:
    """An agent with two entries, of noon on 2 November 2026."""
    written = served.agent.journal.append(requested(), CARD_COLLECTED)
    asyncio.run_coroutine_threadsafe(written, served.loop).result(timeout=10)
    return served


def test_a_backup_says_what_it_holds(
    terminal: Terminal, recorded: ServedAgent, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"

    code = terminal.run("journal", "backup", str(target))

    assert code == 0
    assert terminal.out.startswith(f"{target}: 2 entries, none changed. Head: ")
    assert target.exists()


def test_a_backup_is_told_to_programs(
    terminal: Terminal, recorded: ServedAgent, tmp_path: Path
) -> None:
    terminal.run("journal", "backup", str(tmp_path / "copy.db"), "--json")

    told = json.loads(terminal.out)
    assert (told["entries"], told["update_entries"]) == (2, 0)


def test_a_backup_over_a_file_is_a_wrong_command_line(
    terminal: Terminal, recorded: ServedAgent, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    target.write_text("older")

    assert terminal.run("journal", "backup", str(target)) == 2
    assert target.read_text() == "older"


def test_a_backup_into_no_folder_says_so(
    terminal: Terminal, recorded: ServedAgent, tmp_path: Path
) -> None:
    assert terminal.run("journal", "backup", str(tmp_path / "no" / "copy.db")) == 6
    assert "No such file or directory" in terminal.err


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ((), ["action_requested", "card_collected"]),
        (("--since", "2026-11-02"), ["action_requested", "card_collected"]),
        (("--since", "2026-11-02T12:00:01"), []),
        (("--until", "2026-11-02T12:00Z"), []),
        (("--until", "2026-11-02T13:00+01:00"), []),
        (("--updates",), []),
    ],
)
def test_an_export_is_of_the_time_asked_for(
    terminal: Terminal,
    recorded: ServedAgent,
    options: tuple[str, ...],
    kinds: list[str],
) -> None:
    code = terminal.run("journal", "export", *options)

    assert code == 0
    assert [json.loads(line)["kind"] for line in terminal.out.splitlines()] == kinds


def test_the_audit_says_who_did_what_and_why(
    terminal: Terminal, recorded: ServedAgent
) -> None:
    audited = Audited("lk_1", "lease_overridden", "tmr_1", "till 1 hangs")
    written = recorded.agent.journal.audit.append(audited)
    asyncio.run_coroutine_threadsafe(written, recorded.loop).result(timeout=10)

    terminal.run("journal", "export", "--audit")

    assert json.loads(terminal.out)["entry"] == {
        "actor": "lk_1",
        "action": "lease_overridden",
        "subject": "tmr_1",
        "reason": "till 1 hangs",
    }


def test_what_became_of_stored_payments_is_exported_too(
    terminal: Terminal, recorded: ServedAgent
) -> None:
    written = store(recorded.agent.journal, "pay_2")
    asyncio.run_coroutine_threadsafe(written, recorded.loop).result(timeout=10)

    terminal.run("journal", "export", "--offline")

    (line,) = map(json.loads, terminal.out.splitlines())
    assert (line["kind"], line["seq"]) == ("offline_payment_stored", 1)
    assert line["entry"]["amount"] == 1050


def test_two_chains_at_once_are_a_wrong_command_line(
    terminal: Terminal, recorded: ServedAgent
) -> None:
    assert terminal.run("journal", "export", "--audit", "--updates") == 2


def test_what_is_no_time_is_a_wrong_command_line(
    terminal: Terminal, recorded: ServedAgent
) -> None:
    assert terminal.run("journal", "export", "--since", "yesterday") == 2
    assert "yesterday is no time" in terminal.err
