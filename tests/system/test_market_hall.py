"""One agent, several merchants, from the command line and through Stripe's own SDK."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import stripe
from house import ROOT
from register_app import Register

from examples.launch import (
    AgentFolder,
    Process,
    Simulator,
    agent,
    agent_folder,
    call,
    simulator,
)

pytestmark = pytest.mark.slow

DYING_AGENT = ROOT / "tests" / "crash" / "dying_agent.py"
STALL_KEY = "rk_test_" + "elsewhere" * 4
LIVE_KEY = "rk_live_" + "forreal" * 5


@dataclass(frozen=True)
class Hall:
    """The machine of a market hall, and the Stripe of a second merchant."""

    world: Simulator
    """The own account's Stripe, and all readers: `counter` and `stall`."""
    elsewhere: Simulator
    home: AgentFolder

    def run(self, *arguments: str) -> tuple[int, str]:
        """`cardlane …`: its exit code, and what it says."""
        done = subprocess.run(
            self.home.command(*arguments),
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout + done.stderr

    def told(self, *arguments: str) -> str:
        """What a command says that must succeed."""
        code, said = self.run(*arguments)
        assert code == 0, said
        return said

    def add(self, name: str, key: str, *, stripe_url: str | None = None) -> None:
        """Add an account while the agent runs, with a key for commands of its own."""
        file = self.home.folder / f"stripe_api_key.{name}"
        file.write_text(key)
        self.told("accounts", "add", name, "--stripe-key", str(file))
        file.unlink()
        if stripe_url is not None:
            with (self.home.folder / "accounts.d" / f"{name}.toml").open("a") as more:
                more.write(f'[stripe]\napi_base = "{stripe_url}"\n')
            self.told("accounts", "reload")
        self.told("keys", "create", "--cli", "--account", name)

    def register(self, account: str | None = None) -> Register:
        """A register app of that account."""
        more = () if account is None else ("--account", account)
        made = json.loads(self.told("keys", "create", "--json", *more))
        return Register(self.home.url, made["key"])

    def code(self, reader: str) -> str:
        return f"serial:{self.world.folder / reader}"


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    for name in ("world", "elsewhere"):
        (tmp_path / name).mkdir()
    with (
        simulator(tmp_path / "world", readers=("counter", "stall")) as world,
        simulator(tmp_path / "elsewhere") as elsewhere,
    ):
        home = agent_folder(tmp_path, stripe_url=world.url)
        yield Hall(world, elsewhere, home)


@pytest.fixture
def running(hall: Hall) -> Iterator[Process]:
    with agent(hall.home) as process:
        hall.told("keys", "create", "--cli")
        yield process


def test_merchants_come_pay_move_a_reader_and_go(hall: Hall, running: Process) -> None:
    hall.add("stall-2", STALL_KEY, stripe_url=hall.elsewhere.url)
    own, stall = hall.register(), hall.register("stall-2")
    reader = own.reader(hall.code("stall"))
    hall.world.when_asked_present("visa_approved", reader="stall")

    first = own.intent()
    paid = own.process(reader, first)
    moved = json.loads(
        hall.told("readers", "move", reader, "--to", "stall-2", "--json")
    )["id"]
    second = stall.intent()
    paid_there = stall.process(moved, second)
    listed = hall.told("accounts", "list")
    payments = hall.told("payments", "list", "--account", "stall-2")
    gone = hall.told("accounts", "remove", "stall-2")

    assert [paid["status"], paid_there["status"]] == ["succeeded", "succeeded"]
    assert len(hall.world.charges(payment_intent=first)) == 1
    assert len(hall.elsewhere.charges(payment_intent=second)) == 1
    assert "stall-2  test  working  1" in listed
    assert second in payments
    assert first not in payments
    assert "out of service" in gone
    assert not (hall.home.folder / "state/accounts/stall-2/stripe_api_key").exists()
    assert (hall.home.folder / "state/accounts/stall-2/journal.db").exists()
    assert call(f"{stall.url}/v1/terminal/readers", key=stall.key)[0] == 401
    code, said = hall.run("payments", "list", "--account", "stall-2")
    assert (code, "(account_missing)" in said) == (6, True)
    assert own.reader(hall.code("stall")) != reader


def test_stripes_sdk_works_for_a_test_and_a_live_account_at_once(
    hall: Hall, running: Process
) -> None:
    hall.add("live", LIVE_KEY)
    url = hall.home.url
    test = stripe.StripeClient(hall.register().key, base_addresses={"api": url})
    live = stripe.StripeClient(hall.register("live").key, base_addresses={"api": url})

    intents = {
        client: client.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "allowed_payment_method_types": ["card_present"],
            }
        )
        for client in (test, live)
    }
    with pytest.raises(stripe.InvalidRequestError) as hidden:
        live.v1.payment_intents.retrieve(intents[test].id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        live.v1.terminal.readers.create({"registration_code": hall.code("counter")})
    reader = test.v1.terminal.readers.create(
        {"registration_code": hall.code("counter")}
    )

    assert [intents[one].livemode for one in (test, live)] == [False, True]
    assert hidden.value.code == "resource_missing"
    assert refused.value.code == "local_reader_in_livemode"
    assert reader.status == "online"
    assert live.v1.terminal.readers.list().data == []


def test_a_reader_that_cannot_move_stays_where_it_was(
    hall: Hall, running: Process
) -> None:
    hall.add("live", LIVE_KEY)
    own = hall.register()
    reader = own.reader(hall.code("counter"))
    hall.world.when_asked_present("visa_approved")

    code, said = hall.run("readers", "move", reader, "--to", "live")
    nobodys, told = hall.run("readers", "move", "tmr_nobody", "--to", "live")

    stays = said.partition("it stays, as ")[2].partition(" ")[0]
    assert (code, "(local_reader_in_livemode)" in said) == (6, True)
    assert own.process(stays, own.intent())["status"] == "succeeded"
    assert (nobodys, "(resource_missing)" in told) == (6, True)


def test_a_killed_agent_recovers_every_account(hall: Hall) -> None:
    with agent(hall.home):
        hall.told("keys", "create", "--cli")
        hall.add("stall-2", STALL_KEY, stripe_url=hall.elsewhere.url)
        own, stall = hall.register(), hall.register("stall-2")
        at_own, at_stall = (
            own.reader(hall.code("counter")),
            stall.reader(hall.code("stall")),
        )
        waiting, charged = own.intent(), stall.intent()
    hall.world.when_asked_present("visa_approved", reader="stall")
    program: list[str | Path] = [
        sys.executable,
        DYING_AGENT,
        hall.home.config,
        "after",
        "confirm_started",
    ]

    with agent(hall.home, program=program) as dying:
        path = f"{own.url}/v1/terminal/readers/{at_own}/process_payment_intent"
        begun, _ = call(path, {"payment_intent": waiting}, key=own.key)
        with pytest.raises(ConnectionError):
            stall.process(at_stall, charged)
        killed = dying.wait()
    with agent(hall.home) as revived:
        revived.line_with('"phase": "succeeded"')
        ends = [own.action(at_own), stall.action(at_stall)]

    assert (begun, killed) == (200, -signal.SIGKILL)
    assert [end and end["status"] for end in ends] == ["failed", "succeeded"]
    assert ends[0] is not None
    assert ends[0]["failure_code"] == "payment_interrupted"
    assert len(hall.world.charges(payment_intent=waiting)) == 0
    assert len(hall.elsewhere.charges(payment_intent=charged)) == 1


def test_a_signal_takes_up_an_account_and_the_log_names_it(
    hall: Hall, running: Process
) -> None:
    state = hall.home.folder / "state" / "accounts" / "stall-2"
    state.mkdir(parents=True)
    (state / "stripe_api_key").touch(mode=0o600)
    (state / "stripe_api_key").write_text(STALL_KEY)
    files = hall.home.folder / "accounts.d"
    files.mkdir()
    (files / "stall-2.toml").write_text('mode = "test"\n')

    running.popen.send_signal(signal.SIGHUP)

    line = json.loads(running.line_with("account.working"))
    assert (line["account"], line["livemode"]) == ("stall-2", False)
    running.line_with("accounts.loaded")
    assert "stall-2" in hall.told("accounts", "list")


def test_an_account_that_cannot_work_is_told_at_once(
    hall: Hall, running: Process
) -> None:
    file = hall.home.folder / "stripe_api_key.twice"
    file.write_text("sk_test_" + "simulated" * 4)

    code, said = hall.run("accounts", "add", "stall-2", "--stripe-key", str(file))
    _, doctor = hall.run("doctor")

    assert code == 6
    assert "the very Stripe key of the agent's own account" in said
    assert "(settings_invalid)" in said
    assert "account stall-2" in doctor
