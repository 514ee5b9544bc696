"""`cardlane firmware`: listing, installing, watching and canceling, through an agent."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from firmware_fakes import FakeUpdates
from served_agent import ServedAgent, served_agent
from terminal import Terminal
from update_entries import ONE_OF_EACH, UPDATE

from agent.cli.failures import CommandFailed, ExitCode
from agent.cli.firmware_texts import STATES, WAITS, catalog_text, state_line
from agent.cli.firmware_watch import display, follow
from agent.cli.local_api import LocalApi
from agent.firmware.gates import Obstacle
from agent.firmware.states import UpdateState
from agent.ids import ReaderId
from agent.journal.update_entries import (
    ReaderReturned,
    UpdateEnded,
    UpdateEntry,
    UpdateOutcome,
)
from agent.stripe_api.objects import JsonObject

ROLLED_BACK: list[UpdateEntry] = [
    ReaderReturned(UPDATE, "1.0"),
    UpdateEnded(
        UPDATE,
        UpdateOutcome.ROLLED_BACK,
        "1.0",
        "firmware_version_unchanged",
        "The reader came back with 1.0.",
    ),
]


@pytest.fixture
def terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    for name in [name for name in os.environ if name.startswith("CARDLANE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CARDLANE_STATE_DIR", str(tmp_path / "state"))
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def served(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServedAgent]:
    """An agent with one reader online."""
    with served_agent(tmp_path / "state") as served:
        key_file = tmp_path / "till_key"
        key_file.write_text(served.key + "\n")
        monkeypatch.setenv("CARDLANE_URL", served.url)
        monkeypatch.setenv("CARDLANE_LOCAL_KEY_FILE", str(key_file))
        served.do(lambda agent: agent.fleet.add("tmr_1"))
        yield served


def test_what_there_is_for_a_reader_is_listed(
    terminal: Terminal, served: ServedAgent
) -> None:
    assert terminal.run("firmware", "list") == 0
    assert "The reader runs 1.0." in terminal.out
    assert "magtek_dynaprox/2.0.bin  2.0      4096   available" in terminal.out
    assert "1.0      4096   firmware_not_newer" in terminal.out
    assert "0.9      4096   downgrade" in terminal.out
    terminal.run("firmware", "list", "tmr_1", "--json")
    assert json.loads(terminal.out)["catalog"]["available"]


def test_a_bundle_is_named_as_the_agent_can_find_it(
    terminal: Terminal,
    served: ServedAgent,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    terminal.run("firmware", "list", "--bundle", "stick.tar")

    assert served.agent.updates.bundles == [str(tmp_path / "stick.tar")]


def test_a_catalogue_without_anything_says_so() -> None:
    text = catalog_text({"firmware_version": None, "catalog": {"images": []}})

    assert "an unknown version" in text
    assert "no firmware for it" in text


def test_an_install_says_when_it_will_begin(
    terminal: Terminal, served: ServedAgent
) -> None:
    assert terminal.run("firmware", "install") == 0
    assert terminal.out == "2.0 will be installed between 02:00-05:00.\n"
    terminal.run("firmware", "install", "--json")
    assert json.loads(terminal.out)["waits_for"] is None


def test_an_install_at_once_is_watched_to_its_end(
    terminal: Terminal, served: ServedAgent
) -> None:
    served.agent.updates.moves = [*ONE_OF_EACH[1:]]

    assert terminal.run("firmware", "install", "--now") == 0

    assert terminal.out == "1.0 → 2.0  magtek_dynaprox/2.0.bin\nDone\n"
    assert terminal.err == "Done\n"


def test_an_install_that_was_rolled_back_exits_1_with_a_remedy(
    terminal: Terminal, served: ServedAgent
) -> None:
    served.agent.updates.moves = [*ONE_OF_EACH[1:9], *ROLLED_BACK]

    assert terminal.run("firmware", "install", "--now") == 1

    assert "(firmware_version_unchanged)" in terminal.out
    assert "ask the reader's vendor" in terminal.out
    assert (
        terminal.run(
            "firmware", "install", "tmr_1", "--now", "--json", "--image", "none"
        )
        == 6
    )


def test_an_update_is_canceled(terminal: Terminal, served: ServedAgent) -> None:
    terminal.run("firmware", "install")

    assert terminal.run("firmware", "cancel") == 0

    assert "(firmware_update_canceled)" in terminal.out
    assert terminal.run("firmware", "status", "--follow", "--json") == 3
    assert json.loads(terminal.out)["state"] == "failed"


def loading_half(updates: FakeUpdates) -> None:
    """The reader of `updates` has taken half of the image."""
    record = updates.current(ReaderId("tmr_1"))
    assert record is not None
    record.loaded(2048)


def test_a_status_shows_how_far_it_is(terminal: Terminal, served: ServedAgent) -> None:
    terminal.run("firmware", "status")
    never = terminal.out
    terminal.run("firmware", "status", "--follow")
    followed_nothing = terminal.out
    served.agent.updates.moves = [*ONE_OF_EACH[1:5]]
    terminal.run("firmware", "install")
    served.do(lambda agent: loading_half(agent.updates))

    assert terminal.run("firmware", "status") == 0
    assert never == followed_nothing == "No update was ever asked for.\n"
    assert "Loading the image into the reader, 50 %" in terminal.out


def test_the_journal_of_updates_is_verified_with_that_of_payments(
    terminal: Terminal, served: ServedAgent
) -> None:
    terminal.run("firmware", "install")

    assert terminal.run("journal", "verify") == 0
    assert "1 entries of firmware updates, none changed." in terminal.out
    terminal.run("journal", "verify", "--json")
    assert json.loads(terminal.out)["updates"]["entries"] == 1


def test_ctrl_c_leaves_the_update_going_on(
    terminal: Terminal, served: ServedAgent
) -> None:
    served.agent.updates.moves = [*ONE_OF_EACH[1:4]]
    looks = iter(range(100))

    def interrupt() -> None:
        if next(looks) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    served.agent.updates.on_look = interrupt

    assert terminal.run("firmware", "install", "--now") == 5
    assert "no longer watched" in terminal.err
    assert "status --follow" in terminal.err


class AgentThatGoes:
    """Fulfils what `follow` needs of LocalApi: answers by a script."""

    def __init__(self, *answers: JsonObject | ExitCode) -> None:
        self._answers = list(answers)

    def get(self, path: str) -> JsonObject:
        answer = self._answers[0]
        if len(self._answers) > 1:
            self._answers.pop(0)
        if isinstance(answer, ExitCode):
            raise CommandFailed("gone", code="gone", remedy="", exit_code=answer)
        return {"update": answer}


def followed(api: AgentThatGoes) -> tuple[JsonObject, list[str]]:
    shown: list[str] = []
    update = follow(
        cast(LocalApi, api),
        "/",
        show=lambda seen: shown.append(state_line(seen)),
        sleep=lambda _: None,
    )
    return update, shown


def test_an_agent_that_restarts_is_waited_for() -> None:
    api = AgentThatGoes(
        {"state": "loading", "percent": 10},
        ExitCode.UNREACHABLE,
        ExitCode.UNREACHABLE,
        {"state": "done"},
    )

    update, shown = followed(api)

    assert update == {"state": "done"}
    assert shown == ["Loading the image into the reader, 10 %", "Done"]


@pytest.mark.parametrize("code", [ExitCode.UNREACHABLE, ExitCode.REFUSED])
def test_an_agent_that_stays_away_or_refuses_ends_the_watch(code: ExitCode) -> None:
    with pytest.raises(CommandFailed):
        followed(AgentThatGoes(code))


def test_every_state_and_obstacle_has_words() -> None:
    assert set(STATES) == set(UpdateState)
    assert set(WAITS) == set(Obstacle)


@pytest.mark.parametrize(
    ("update", "line"),
    [
        ({"state": "waiting_window", "waits_for": "queue"}, "another reader's update"),
        (
            {"state": "loading", "percent": 40, "remaining_s": 130},
            "Loading the image into the reader, 40 %, about 2 min left",
        ),
        ({"state": "rebooting", "remaining_s": 60}, "restarts, about 60 s left"),
    ],
)
def test_an_update_is_told_in_a_line(update: JsonObject, line: str) -> None:
    assert line in state_line(update)


def test_a_terminal_gets_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    with display() as show:
        show({"state": "loading", "percent": 40})

    assert "40 %" in capsys.readouterr().err
