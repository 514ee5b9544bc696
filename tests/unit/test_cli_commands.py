"""The command line as people use it: what is printed, and the exit code."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from rest_fakes import Agent
from served_agent import ServedAgent
from terminal import Terminal

from agent.events import PhaseChanged
from agent.journal.entries import Outcome
from agent.payments.payment import Payment

pytest_plugins = ("cli_fixtures",)

INTENT = {"id": "pi_1", "status": "succeeded", "amount": 1234, "currency": "usd"}


def paying(served: ServedAgent, outcome: Outcome, *, code: str | None = None) -> None:
    """A reader whose payments end at once in this way."""
    agent: Agent = served.agent

    def end(payment: Payment) -> None:
        agent.actions.end("tmr_1", outcome, code=code)
        for phase in ("requested", outcome.value):
            agent.tell(PhaseChanged(payment.reader_id, payment.payment_id, phase=phase))

    agent.actions.on_begin = end
    agent.stripe.objects = {
        "/v1/payment_intents": {"id": "pi_1"},
        "/v1/payment_intents/pi_1": INTENT,
        "/v1/account": {"business_profile": {"name": "Corner Shop"}},
    }
    served.do(lambda agent: agent.fleet.add("tmr_1"))


def test_an_approved_payment_prints_its_receipt(
    terminal: Terminal, served: ServedAgent
) -> None:
    paying(served, Outcome.SUCCEEDED)

    code = terminal.run("pay", "12.34", "usd")

    assert code == 0
    assert "Corner Shop" in terminal.out
    assert "TOTAL                            12.34 USD" in terminal.out


def test_a_declined_payment_says_so_and_exits_1(
    terminal: Terminal, served: ServedAgent
) -> None:
    paying(served, Outcome.DECLINED, code="card_declined")

    code = terminal.run("pay", "12.34", "USD", "--reader", "tmr_1")

    assert code == 1
    assert terminal.out.startswith("DECLINED\n(card_declined)\n")


def test_a_payment_is_told_to_programs(terminal: Terminal, served: ServedAgent) -> None:
    paying(served, Outcome.SUCCEEDED)

    code = terminal.run("pay", "12.34", "usd", "--json")

    assert code == 0
    assert json.loads(terminal.out)["result"] == "approved"


def test_a_receipt_does_without_the_merchants_name(
    terminal: Terminal, served: ServedAgent
) -> None:
    paying(served, Outcome.SUCCEEDED)
    served.agent.stripe.objects["/v1/account"] = {}

    assert terminal.run("pay", "12.34", "usd") == 0
    assert terminal.out.lstrip().startswith("SALE")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pay", "12.345", "usd"), "too many decimals"),
        (("pay", "5", "usd", "--capture", "later"), "later is no way to capture"),
        (("keys", "create", "--scope", "everything"), "'everything'"),
        (("keys", "create", "--mode", "maybe"), "maybe is no mode"),
        (("pay",), "Missing argument"),
    ],
)
def test_a_wrong_command_line_exits_2(
    terminal: Terminal, served: ServedAgent, arguments: tuple[str, ...], message: str
) -> None:
    assert terminal.run(*arguments) == 2
    assert message in terminal.err


def test_without_an_agent_the_next_step_is_told(terminal: Terminal) -> None:
    terminal.run("keys", "create", "--cli")

    code = terminal.run("readers", "list", "--url", "http://127.0.0.1:1")

    assert code == 7
    assert terminal.err.startswith("cardlane: no agent answers at http://127.0.0.1:1")
    assert "(agent_unreachable)\nStart it with `cardlane run`" in terminal.err


def test_without_a_key_the_next_step_is_told(terminal: Terminal) -> None:
    assert terminal.run("readers", "list") == 6
    assert "(local_key_missing)" in terminal.err
    assert "cardlane keys create --cli" in terminal.err


def test_a_key_that_is_no_text_is_told(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"\xff")

    assert terminal.run("readers", "list", "--key-file", str(file)) == 6
    assert f"{file}: not a key" in terminal.err


def test_a_refusal_of_the_agent_exits_6(
    terminal: Terminal, served: ServedAgent
) -> None:
    assert terminal.run("readers", "register", "") == 6
    assert "(parameter_invalid)" in terminal.err
    assert "Correct the parameter" in terminal.err


def test_a_key_is_shown_once_and_opens_the_agent(
    terminal: Terminal, served: ServedAgent, tmp_path: Path
) -> None:
    terminal.run("keys", "create", "--label", "till 1", "--scope", "readers")
    secret = terminal.out.splitlines()[0]
    file = tmp_path / "key"
    file.write_text(secret)

    assert terminal.run("readers", "list", "--key-file", str(file)) == 0
    terminal.run("keys", "list")
    assert secret not in terminal.out
    assert "till 1" in terminal.out


def test_a_revoked_key_opens_nothing_though_the_agent_runs(
    terminal: Terminal, served: ServedAgent, tmp_path: Path
) -> None:
    terminal.run("keys", "create", "--json")
    made = json.loads(terminal.out)
    file = tmp_path / "key"
    file.write_text(made["key"])

    assert terminal.run("keys", "revoke", made["id"]) == 0
    assert terminal.run("readers", "list", "--key-file", str(file)) == 6
    assert "(local_key_invalid)" in terminal.err


def test_a_key_of_test_mode_for_want_of_a_stripe_key_says_so(
    terminal: Terminal,
) -> None:
    terminal.run("keys", "create")

    assert "`--mode live`" in terminal.err
    assert terminal.out.startswith("rk_test_")


def test_without_scopes_a_key_has_all(terminal: Terminal) -> None:
    terminal.run("keys", "create", "--json")

    scopes = json.loads(terminal.out)["scopes"]

    assert scopes == ["events", "manage", "payments", "readers", "refunds"]


def test_a_live_key_is_made_on_demand(terminal: Terminal) -> None:
    terminal.run("keys", "create", "--mode", "live", "--json")

    assert json.loads(terminal.out)["key"].startswith("rk_live_")


def test_the_command_lines_own_key_is_a_closed_file(
    terminal: Terminal, state: Path
) -> None:
    terminal.run("keys", "create", "--cli")
    terminal.run("keys", "create", "--cli", "--json")

    file = state / "cli_key"
    assert json.loads(terminal.out)["file"] == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().startswith("rk_test_")
    assert file.read_text().strip() not in terminal.out


def test_keys_are_listed_for_programs_without_their_hashes(terminal: Terminal) -> None:
    terminal.run("keys", "create")
    terminal.run("keys", "list", "--json")

    [key] = json.loads(terminal.out)["keys"]
    assert key["revoked_at"] is None
    assert "hash" not in key


def test_an_unknown_key_cannot_be_revoked(terminal: Terminal) -> None:
    terminal.run("keys", "create")

    assert terminal.run("keys", "revoke", "lk_x") == 6
    assert "there is no key lk_x" in terminal.err


@pytest.mark.parametrize(
    "arguments", [("journal", "show"), ("journal", "verify"), ("keys", "list")]
)
def test_looking_makes_no_journal(
    terminal: Terminal, state: Path, arguments: tuple[str, ...]
) -> None:
    assert terminal.run(*arguments) == 6
    assert "(journal_missing)" in terminal.err
    assert not state.exists()


def test_the_journal_is_shown_beside_the_running_agent(
    terminal: Terminal, served: ServedAgent
) -> None:
    paying(served, Outcome.SUCCEEDED)
    terminal.run("pay", "12.34", "usd")

    terminal.run("journal", "show")
    assert "pay_1  action_requested  reader_id=tmr_1" in terminal.out
    terminal.run("journal", "show", "--payment", "pay_1", "--json")
    assert json.loads(terminal.out)["entry"]["payment_intent"] == "pi_1"
    terminal.run("journal", "show", "--payment", "pay_9")
    assert terminal.out == ""


def test_a_whole_journal_is_verified(terminal: Terminal, served: ServedAgent) -> None:
    assert terminal.run("journal", "verify") == 0
    assert terminal.out.startswith("0 entries, none changed.")
    terminal.run("journal", "verify", "--json")
    assert json.loads(terminal.out)["entries"] == 0


def test_a_changed_journal_exits_1(terminal: Terminal, served: ServedAgent) -> None:
    paying(served, Outcome.SUCCEEDED)
    terminal.run("pay", "12.34", "usd")
    path = served.agent.folder / "journal.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER entries_are_never_changed")
        connection.execute("UPDATE entries SET hash = replace(hash, '0', '1')")

    assert terminal.run("journal", "verify") == 1
    assert "(journal_broken)" in terminal.err


def test_without_keys_the_next_step_is_told(terminal: Terminal, state: Path) -> None:
    terminal.run("keys", "create")
    with closing(sqlite3.connect(state / "journal.db")) as connection, connection:
        connection.execute("DELETE FROM local_keys")

    assert terminal.run("keys", "list") == 0
    assert "cardlane keys create" in terminal.out


def test_ctrl_c_before_the_reader_was_asked_is_no_success(
    terminal: Terminal, served: ServedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    paying(served, Outcome.SUCCEEDED)
    served.agent.stripe.on_asked = lambda: os.kill(os.getpid(), signal.SIGINT)

    assert terminal.run("pay", "12.34", "usd", "--reader", "tmr_1") == 5
    assert "(interrupted)" in terminal.err


def test_a_broken_setting_is_told_in_one_line(
    terminal: Terminal, tmp_path: Path
) -> None:
    config = tmp_path / "cardlane.toml"
    config.write_text("[rest]\nprot = 1\n")

    assert terminal.run("keys", "list", "--config", str(config)) == 6
    assert terminal.err.startswith(f"cardlane: {config}: rest.prot is not a setting")
    assert terminal.run("doctor", "--config", str(config)) == 1


def test_doctor_says_what_is_wrong_and_exits_1(terminal: Terminal) -> None:
    code = terminal.run("doctor", "--url", "http://127.0.0.1:1")

    assert code == 1
    assert "FAILED   Stripe key" in terminal.out
    assert "FAILED   agent" in terminal.out


def test_doctor_tells_programs(terminal: Terminal) -> None:
    terminal.run("doctor", "--url", "http://127.0.0.1:1", "--json")

    assert json.loads(terminal.out)["healthy"] is False
