"""Every code of docs/errors.md that only the command line tells."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from firmware_repository import IMAGE
from journal_entries import requested
from rest_fakes import Agent
from served_agent import ServedAgent
from terminal import Terminal

from agent.ids import PaymentId, PaymentIntentId
from agent.payments.reference import reference_digest
from examples.launch import free_port

REPOSITORY = ("firmware", "repository")
NOBODY = 65_534
FORGED = (
    "INSERT INTO entries (seq, at, kind, body, hash)"
    """ VALUES (1, '', 'reversed', '{"payment_id": "pay_1"}', hex(zeroblob(32)))"""
)


@dataclass(frozen=True)
class Desk:
    """A terminal beside a running agent, and a folder to work in."""

    terminal: Terminal
    served: ServedAgent
    folder: Path
    patch: pytest.MonkeyPatch

    @property
    def journal(self) -> Path:
        return self.served.agent.folder / "journal.db"

    def run(self, *arguments: str) -> str:
        """The code in brackets with which the command failed."""
        assert self.terminal.run(*arguments) != 0
        return self.terminal.err.partition("\n")[0].rpartition("(")[2].rstrip(")")


Command = Callable[[Desk], str]


def has_a_misspelt_setting(desk: Desk) -> str:
    config = desk.folder / "cardlane.toml"
    config.write_text("[rest]\nprot = 1\n")
    return desk.run("keys", "list", "--config", str(config))


def reads_a_newer_journal(desk: Desk) -> str:
    with closing(sqlite3.connect(desk.journal)) as connection:
        connection.execute("PRAGMA user_version = 999")
    return desk.run("journal", "verify")


def reads_a_changed_journal(desk: Desk) -> str:
    with closing(sqlite3.connect(desk.journal)) as connection, connection:
        connection.execute(FORGED)
    return desk.run("journal", "verify")


def reads_no_journal(desk: Desk) -> str:
    desk.patch.setenv("CARDLANE_STATE_DIR", str(desk.folder / "nothing"))
    return desk.run("journal", "verify")


def reads_another_users_journal(desk: Desk) -> str:
    if os.geteuid():
        desk.patch.setattr(os, "geteuid", lambda: NOBODY)
    else:
        os.chown(desk.served.agent.folder, NOBODY, -1)
    return desk.run("journal", "show")


def asks_where_nobody_is(desk: Desk) -> str:
    return desk.run("readers", "list", "--url", "http://127.0.0.1:1")


def does_not_say_which_reader(desk: Desk) -> str:
    for reader in ("tmr_1", "tmr_2"):
        desk.served.do(partial(add_reader, reader))
    return desk.run("pay", "5", "usd")


def add_reader(reader: str, agent: Agent) -> None:
    """Another reader that is online."""
    agent.fleet.add(reader)


def refunds_one_of_two_sales(desk: Desk) -> str:
    for number in (1, 2):
        entry = replace(
            requested(),
            payment_id=PaymentId(f"pay_{number}"),
            payment_intent=PaymentIntentId(f"pi_{number}"),
            reference_digest=reference_digest("table 4"),
        )
        writing = desk.served.agent.journal.append(entry)
        asyncio.run_coroutine_threadsafe(writing, desk.served.loop).result(timeout=10)
    return desk.run("payments", "refund", "table 4")


def presses_ctrl_c(desk: Desk) -> str:
    desk.served.agent.stripe.on_asked = lambda: os.kill(os.getpid(), signal.SIGINT)
    return desk.run("pay", "12.34", "usd", "--reader", "tmr_1")


def overwrites_a_copy(desk: Desk) -> str:
    copy = desk.folder / "copy.db"
    copy.touch()
    return desk.run("journal", "backup", str(copy))


def signs_without_keys(desk: Desk) -> str:
    has_a_repository(desk)
    (desk.folder / "others").mkdir()
    return desk.run(*REPOSITORY, "sign", str(desk.folder / "repo"), "--keys=others")


def signs_with_an_open_key(desk: Desk) -> str:
    has_a_repository(desk)
    for key in (desk.folder / "keys").iterdir():
        key.chmod(0o644)
    return desk.run(*REPOSITORY, "sign", "repo", "--keys=keys")


def makes_a_repository_twice(desk: Desk) -> str:
    has_a_repository(desk)
    return desk.run(*REPOSITORY, "init", "repo", "--keys=other-keys")


def has_a_repository(desk: Desk) -> None:
    """In `repo`, with its keys in `keys`."""
    desk.patch.chdir(desk.folder)
    (desk.folder / "dynaprox.bin").write_bytes(IMAGE)
    assert desk.terminal.run(*REPOSITORY, "init", "repo", "--keys=keys") == 0


def plans_what_has_no_meaning(desk: Desk) -> str:
    file = desk.folder / "shop.toml"
    file.write_text("[configurations]\nairport = 1\n")
    nothing = {"data": [], "has_more": False}
    for listed in ("configurations", "locations"):
        desk.served.agent.stripe.objects[f"/v1/terminal/{listed}"] = nothing
    return desk.run("config", "plan", str(file))


def sets_what_is_no_path(desk: Desk) -> str:
    return desk.run("configurations", "create", "--set", "tipping..usd=1")


def unsets_what_stays(desk: Desk) -> str:
    kept = {"id": "tmc_1", "tipping": {"usd": {"percentages": [5]}}}
    desk.served.agent.stripe.objects["/v1/terminal/configurations/tmc_1"] = kept
    return desk.run("configurations", "update", "tmc_1", "--unset=tipping.usd")


def watches_a_fleet_without_its_broker(desk: Desk) -> str:
    config = desk.folder / "cardlane.toml"
    config.write_text(f'[fleet]\nbroker = "mqtt://127.0.0.1:{free_port()}"\n')
    return desk.run("fleet", "watch", "--once", "--config", str(config))


def asks_for_an_account_that_is_not_there(desk: Desk) -> str:
    return desk.run("keys", "list", "--account", "nobody")


COMMANDS: dict[str, Command] = {
    "assignment_invalid": sets_what_is_no_path,
    "still_set": unsets_what_stays,
    "config_invalid": plans_what_has_no_meaning,
    "broker_unreachable": watches_a_fleet_without_its_broker,
    "account_missing": asks_for_an_account_that_is_not_there,
    "settings_invalid": has_a_misspelt_setting,
    "journal_newer_schema": reads_a_newer_journal,
    "journal_broken": reads_a_changed_journal,
    "agent_unreachable": asks_where_nobody_is,
    "journal_missing": reads_no_journal,
    "journal_of_another_user": reads_another_users_journal,
    "reader_ambiguous": does_not_say_which_reader,
    "payment_ambiguous": refunds_one_of_two_sales,
    "interrupted": presses_ctrl_c,
    "usage": overwrites_a_copy,
    "firmware_signing_key_missing": signs_without_keys,
    "firmware_signing_key_unreadable": signs_with_an_open_key,
    "firmware_repository_invalid": makes_a_repository_twice,
}
