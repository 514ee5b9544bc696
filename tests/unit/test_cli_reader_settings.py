"""`cardlane readers configuration`: what is printed of the settings at a reader."""

from __future__ import annotations

import json

from agent_clock import NOON
from served_agent import ServedAgent
from terminal import Terminal

from agent.cli.reader_settings import settings_text
from agent.errors import StripeUnreachable
from agent.terminal_configuration.configurations import Freshness

pytest_plugins = ("cli_fixtures",)


def test_each_setting_is_shown_with_its_source(
    terminal: Terminal, served: ServedAgent
) -> None:
    served.agent.fleet.add("tmr_1")
    served.agent.configurations.overrides["tml_1"] = {"offline": {"enabled": True}}
    served.agent.configurations.state = Freshness(NOON, 12, problem=None)

    assert terminal.run("readers", "configuration", "tmr_1") == 0
    lines = [line.split(maxsplit=2) for line in terminal.out.splitlines()]
    assert lines[:3] == [
        ["SETTING", "FROM", "VALUE"],
        ["offline", "location", '{"enabled": true}'],
        ["reboot_window", "built_in", "none"],
    ]
    assert "At tml_1, as of 12 s ago." in terminal.out
    terminal.run("readers", "configuration", "tmr_1", "--json")
    assert json.loads(terminal.out)["reader"] == "tmr_1"


def test_a_reader_that_is_not_there_is_told(
    terminal: Terminal, served: ServedAgent
) -> None:
    assert terminal.run("readers", "configuration", "tmr_9") != 0


def test_what_was_never_known_says_why() -> None:
    problem = StripeUnreachable("No network.").code

    text = settings_text({"settings": {}, "age_s": None, "problem": problem})

    assert text.endswith(
        "At no Location, never asked of Stripe; Stripe cannot be asked now "
        "(stripe_unreachable)."
    )
