"""`cardlane accounts` and `--account`, beside an agent that does as it is told."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from offline_entries import store
from rest_fakes import Agent
from served_agent import ServedAgent
from terminal import Terminal

from agent.cli.account_checks import check_accounts
from agent.cli.findings import Finding, Verdict
from agent.cli.journal_file import journal_path, with_journal
from agent.errors import AccountUnsettled, AgentError, SettingsInvalid
from agent.rest.accounts import OneAccount
from agent.settings import load_settings

pytest_plugins = ("cli_fixtures",)

KEY = "rk_test_" + "elsewhere" * 3


@dataclass(frozen=True)
class Standing:
    name: str | None
    mode: str | None = "test"
    status: str = "working"
    problem: AgentError | None = None
    readers: int = 0


@dataclass(frozen=True)
class FakeAccounts(OneAccount):
    """An agent that has an account for every file, and a problem with some."""

    files: Path = Path()
    problems: dict[str, AgentError] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    """Which stay though their file is gone."""

    def standings(self) -> list[Standing]:
        names = {file.stem for file in self.files.glob("*.toml")} | self.kept
        named = [Standing(one, problem=self.problems.get(one)) for one in sorted(names)]
        return [Standing(None), *named]


@pytest.fixture
def accounts(
    served: ServedAgent, state: Path, monkeypatch: pytest.MonkeyPatch
) -> FakeAccounts:
    files = state.parent / "accounts.d"
    monkeypatch.setenv("CARDLANE_ACCOUNTS_DIR", str(files))

    def put(agent: Agent) -> FakeAccounts:
        agent.app.state.accounts = FakeAccounts(agent.app.state.accounts.own, files)
        fake: FakeAccounts = agent.app.state.accounts
        return fake

    return served.do(put)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    return file


def add(terminal: Terminal, key_file: Path, name: str = "stall-2") -> int:
    return terminal.run("accounts", "add", name, "--stripe-key", str(key_file))


def test_an_account_is_added_with_its_key_closed_to_others(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path, state: Path
) -> None:
    code = add(terminal, key_file)

    kept = state / "accounts" / "stall-2" / "stripe_api_key"
    assert code == 0
    assert "stall-2 works in test mode" in terminal.out
    assert KEY not in terminal.out
    assert kept.read_text().strip() == KEY
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700


def test_an_account_that_does_not_work_is_told_with_its_remedy(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path
) -> None:
    accounts.problems["stall-2"] = SettingsInvalid("it is mixed up")

    code = add(terminal, key_file)

    assert code == 6
    assert "it is mixed up (settings_invalid)" in terminal.err


@pytest.mark.parametrize("name", ["Stall", "a/b"])
def test_a_bad_name_is_refused_before_anything_is_written(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path, state: Path, name: str
) -> None:
    code = add(terminal, key_file, name)

    assert code == 6
    assert not (state / "accounts").exists()


@pytest.mark.parametrize("text", ["pk_test_0123456789abcdef", ""])
def test_what_is_no_key_is_not_written_and_not_repeated(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path, state: Path, text: str
) -> None:
    key_file.write_text(text)

    code = add(terminal, key_file)

    assert code == 2
    assert "not a Stripe key" in terminal.err
    assert not text or text not in terminal.err
    assert not (state / "accounts").exists()


def test_an_account_that_is_there_is_not_written_over(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path
) -> None:
    add(terminal, key_file)

    assert add(terminal, key_file) == 2
    assert "exists" in terminal.err
    assert terminal.run("accounts", "add", "b", "--stripe-key", "/nowhere") == 2


def test_a_removed_account_leaves_its_journal_and_no_key(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path, state: Path
) -> None:
    add(terminal, key_file)
    terminal.run("keys", "create", "--account", "stall-2")

    code = terminal.run("accounts", "remove", "stall-2")

    folder = state / "accounts" / "stall-2"
    assert code == 0
    assert list(accounts.files.iterdir()) == []
    assert (folder / "journal.db").exists()
    assert not (folder / "stripe_api_key").exists()
    assert terminal.run("accounts", "remove", "stall-2") == 2


def test_an_account_with_open_payments_keeps_its_file_and_key(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path, state: Path
) -> None:
    add(terminal, key_file)
    accounts.kept.add("stall-2")
    accounts.problems["stall-2"] = AccountUnsettled("one payment is open")

    code = terminal.run("accounts", "remove", "stall-2")

    assert code == 6
    assert "one payment is open (account_unsettled)" in terminal.err
    assert (accounts.files / "stall-2.toml").read_text() == 'mode = "test"\n'
    assert (state / "accounts" / "stall-2" / "stripe_api_key").exists()


def test_accounts_are_listed_with_what_is_wrong(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path
) -> None:
    add(terminal, key_file)
    accounts.problems["stall-2"] = SettingsInvalid("it is mixed up")

    listed = terminal.run("accounts", "list")
    shown = terminal.out
    reloaded = terminal.run("accounts", "reload")
    told = terminal.out
    terminal.run("accounts", "list", "--json")

    assert (listed, reloaded) == (0, 1)
    assert shown == told
    assert "(own)    test  working  0" in shown
    assert "stall-2: it is mixed up (settings_invalid)" in shown
    assert [one["name"] for one in json.loads(terminal.out)["accounts"]] == [
        None,
        "stall-2",
    ]


def test_what_cannot_be_written_is_told(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path
) -> None:
    accounts.files.touch()

    assert add(terminal, key_file) == 2
    assert "sudo -u cardlane" in terminal.err


def test_accounts_need_a_folder(
    terminal: Terminal, served: ServedAgent, key_file: Path
) -> None:
    assert add(terminal, key_file) == 2
    assert "accounts_dir" in terminal.err


def test_keys_of_an_account_are_kept_in_its_own_journal(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path
) -> None:
    add(terminal, key_file)
    terminal.run("keys", "create", "--label", "stall", "--account", "stall-2")

    terminal.run("keys", "list", "--account", "stall-2")
    there = terminal.out
    terminal.run("keys", "list")

    assert "stall" in there
    assert "rk_test_" in there
    assert "stall" not in terminal.out


def test_a_command_asks_with_the_accounts_key(
    terminal: Terminal,
    accounts: FakeAccounts,
    key_file: Path,
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add(terminal, key_file)
    monkeypatch.delenv("CARDLANE_LOCAL_KEY_FILE")
    missing = terminal.run("payments", "list", "--account", "stall-2")
    wanted = terminal.err

    terminal.run("keys", "create", "--cli", "--account", "stall-2")

    assert missing == 6
    assert f"{state}/accounts/stall-2/cli_key" in wanted
    assert (state / "accounts" / "stall-2" / "cli_key").exists()


def checked(accounts: FakeAccounts, state: Path) -> list[Finding]:
    """What doctor finds about further accounts."""
    environ = {
        "CARDLANE_STATE_DIR": str(state),
        "CARDLANE_ACCOUNTS_DIR": str(accounts.files),
    }
    return list(check_accounts(load_settings(None, environ), environ))


def test_doctor_warns_of_payments_that_an_account_has_left_behind(
    accounts: FakeAccounts, state: Path
) -> None:
    folder = state / "accounts" / "stall-2"
    with_journal(journal_path(folder), store)
    (state / "accounts" / "torn").mkdir()
    (state / "accounts" / "torn" / "journal.db").write_bytes(b"no database" * 100)

    left, torn = checked(accounts, state)

    assert (left.check, left.verdict) == ("account stall-2", Verdict.WARNING)
    assert "1 payments not settled and 1 to be forwarded" in left.message
    assert left.remedy is not None
    assert (torn.check, torn.verdict) == ("account torn", Verdict.FAILED)


def test_doctor_tells_of_a_folder_that_cannot_be_read(
    accounts: FakeAccounts, state: Path
) -> None:
    accounts.files.touch()

    (found,) = checked(accounts, state)

    assert (found.check, found.verdict) == ("accounts", Verdict.FAILED)


def test_doctor_finds_what_is_wrong_with_any_account(
    terminal: Terminal, accounts: FakeAccounts, key_file: Path, state: Path
) -> None:
    add(terminal, key_file)
    terminal.run("keys", "create", "--account", "stall-2")
    (accounts.files / "typo.toml").write_text('mod = "test"')
    (accounts.files / "keyless.toml").write_text('mode = "test"')
    (state / "accounts" / "empty").mkdir()

    before = checked(accounts, state)
    (accounts.files / "stall-2.toml").unlink()
    after = checked(accounts, state)

    found = {one.check: one for one in before}
    assert found["account stall-2"].verdict is Verdict.GOOD
    assert found["account typo"].verdict is Verdict.FAILED
    assert found["account keyless"].verdict is Verdict.FAILED
    left = {one.check: one for one in after}["account stall-2"]
    assert (left.verdict, "out of service" in left.message) == (Verdict.GOOD, True)
    assert "account empty" not in {one.check for one in after}
