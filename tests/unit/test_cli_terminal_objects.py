"""`cardlane locations` and `cardlane configurations`: what is asked, sent and shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from served_agent import ServedAgent
from terminal import Terminal

from agent.cli.terminal_object_texts import configuration_text, configurations_text
from agent.stripe_api.objects import JsonObject

pytest_plugins = ("cli_fixtures",)

CONFIGURATIONS = "/v1/terminal/configurations"
LOCATIONS = "/v1/terminal/locations"
DEFAULT: JsonObject = {
    "id": "tmc_default",
    "object": "terminal.configuration",
    "is_account_default": True,
    "name": None,
    "offline": {"enabled": True},
    "tipping": {"usd": {"percentages": [15, 20], "fixed_amounts": None}},
}
AIRPORT: JsonObject = {
    "id": "tmc_airport",
    "object": "terminal.configuration",
    "is_account_default": False,
    "name": "Airport",
    "tipping": {"eur": {"percentages": [5]}},
    "wifi": {"type": "personal_psk", "personal_psk": {"password": "correct horse"}},
}
SPARE: JsonObject = {**AIRPORT, "id": "tmc_spare", "name": None}
GATE: JsonObject = {
    "id": "tml_gate",
    "object": "terminal.location",
    "display_name": "Gate 1",
    "address": {"line1": "1 Terminal Rd", "line2": None, "country": "US"},
    "configuration_overrides": "tmc_airport",
    "metadata": {"floor": "2"},
}
SHOP: JsonObject = {**GATE, "id": "tml_shop", "display_name": "Shop"}
SHOP["configuration_overrides"] = None


@pytest.fixture
def account(served: ServedAgent) -> ServedAgent:
    """An agent whose Stripe has these objects."""
    stripe = served.agent.stripe
    for path, objects in (
        (CONFIGURATIONS, [DEFAULT, AIRPORT]),
        (LOCATIONS, [GATE, SHOP]),
    ):
        stripe.objects[path] = {"data": objects, "has_more": False}
        stripe.objects |= {f"{path}/{one['id']}": one for one in objects}
    return served


def cells(text: str) -> list[list[str]]:
    """The lines of a text, each as its cells."""
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()]
        for line in text.splitlines()
    ]


def sent(served: ServedAgent) -> Sequence[tuple[str, dict[str, str]]]:
    """The paths and forms of all changes that Stripe was asked for."""
    return [
        (path, dict(parse_qsl(body.decode(), keep_blank_values=True)))
        for method, path, _, body in served.agent.stripe.asked
        if method == "POST"
    ]


def test_locations_are_listed_with_the_configuration_of_each(
    terminal: Terminal, account: ServedAgent
) -> None:
    assert terminal.run("locations", "list") == 0
    assert cells(terminal.out) == [
        ["ID", "NAME", "ADDRESS", "CONFIGURATION"],
        ["tml_gate", "Gate 1", "1 Terminal Rd, US", "tmc_airport"],
        ["tml_shop", "Shop", "1 Terminal Rd, US", "account default"],
    ]


def test_configurations_are_listed_with_where_each_counts(
    terminal: Terminal, account: ServedAgent
) -> None:
    assert terminal.run("configurations", "list") == 0
    assert cells(terminal.out) == [
        ["ID", "NAME", "COUNTS AT", "SETS"],
        ["tmc_default", "account default", "offline, tipping"],
        ["tmc_airport", "Airport", "Gate 1", "tipping, wifi"],
    ]


def test_a_list_goes_on_to_its_last_page(
    terminal: Terminal, account: ServedAgent
) -> None:
    stripe = account.agent.stripe
    stripe.objects[LOCATIONS] = {"data": [GATE], "has_more": True}

    def turn_the_page() -> None:
        if len(stripe.asked) == 1:
            stripe.objects[LOCATIONS] = {"data": [SHOP], "has_more": False}

    stripe.on_asked = turn_the_page

    assert terminal.run("locations", "list", "--json") == 0
    assert json.loads(terminal.out)["data"] == [GATE, SHOP]
    assert "starting_after=tml_gate" in stripe.paths("GET")[-1]


@pytest.mark.parametrize("group", ["locations", "configurations"])
def test_an_empty_list_says_so(
    group: str, terminal: Terminal, served: ServedAgent
) -> None:
    for path in (LOCATIONS, CONFIGURATIONS):
        served.agent.stripe.objects[path] = {"data": [], "has_more": False}

    assert terminal.run(group, "list") == 0
    assert terminal.out == f"There are no {group.capitalize()}.\n"


def test_a_setting_of_the_default_counts_where_no_location_has_its_own(
    terminal: Terminal, account: ServedAgent
) -> None:
    assert terminal.run("configurations", "show", "tmc_default") == 0
    assert cells(terminal.out) == [
        ["tmc_default"],
        ["The account's default."],
        [],
        ["PATH", "VALUE", "COUNTS AT"],
        ["offline.enabled", "true", "all readers"],
        ["tipping.usd.percentages", "15,20", "all but Gate 1"],
    ]


def test_a_configuration_is_shown_without_its_passwords(
    terminal: Terminal, account: ServedAgent
) -> None:
    assert terminal.run("configurations", "show", "tmc_airport") == 0
    assert "Airport (tmc_airport)" in terminal.out
    assert ["wifi.personal_psk.password", "(set)", "Gate 1"] in cells(terminal.out)
    assert "correct horse" not in terminal.out


def test_a_configuration_that_nobody_names_counts_nowhere() -> None:
    text = configuration_text(SPARE, [SPARE], [GATE])

    assert ["tipping.eur.percentages", "5", "no Location"] in cells(text)
    empty = configuration_text({"id": "tmc_1"}, [], [])
    assert empty == "tmc_1\n\nIt sets nothing."


def test_of_many_locations_some_are_named() -> None:
    gates: list[JsonObject] = [
        {**GATE, "display_name": f"Gate {number}"} for number in range(1, 6)
    ]

    text = configurations_text([AIRPORT], gates)

    assert "Gate 1, Gate 2, Gate 3 and 2 more" in text


def test_a_location_is_shown_by_the_paths_that_set_takes(
    terminal: Terminal, account: ServedAgent
) -> None:
    assert terminal.run("locations", "show", "tml_gate") == 0
    assert ["address.line1", "1 Terminal Rd"] in cells(terminal.out)
    assert ["metadata.floor", "2"] in cells(terminal.out)
    terminal.run("locations", "show", "tml_gate", "--json")
    assert json.loads(terminal.out) == GATE


def test_a_new_location_is_sent_with_its_address(
    terminal: Terminal, account: ServedAgent
) -> None:
    account.agent.stripe.objects[LOCATIONS] = GATE
    arguments = ["--display-name=Gate 1", "--line1=1 Terminal Rd", "--country=US"]
    arguments += ["--metadata=floor=2", "--set=phone=+15550100"]

    assert terminal.run("locations", "create", *arguments) == 0
    assert terminal.out.startswith("Gate 1 (tml_gate)\n")
    assert sent(account) == [
        (
            LOCATIONS,
            {
                "display_name": "Gate 1",
                "address[line1]": "1 Terminal Rd",
                "address[country]": "US",
                "metadata[floor]": "2",
                "phone": "+15550100",
            },
        )
    ]


def test_a_new_configuration_is_sent_with_what_it_sets(
    terminal: Terminal, account: ServedAgent
) -> None:
    account.agent.stripe.objects[CONFIGURATIONS] = {**AIRPORT, "data": []}
    tips = "tipping.eur.percentages=5"

    assert terminal.run("configurations", "create", "--set", tips, "--json") == 0
    assert json.loads(terminal.out)["id"] == "tmc_airport"
    assert sent(account) == [(CONFIGURATIONS, {"tipping[eur][percentages][0]": "5"})]


def test_a_change_has_what_is_set_and_what_is_unset(
    terminal: Terminal, account: ServedAgent, tmp_path: Path
) -> None:
    (tmp_path / "wifi").write_text("correct horse\n")
    # Stripe answers the change with what is left.
    left = {"id": "tmc_airport", "name": "Hall", "is_account_default": False}
    account.agent.stripe.objects[f"{CONFIGURATIONS}/tmc_airport"] = left
    password = f"wifi.personal_psk.password=@{tmp_path / 'wifi'}"
    changes = ["--name=Hall", "--set", password, "--unset=tipping"]
    location = ["--configuration=tmc_airport", "--unset=phone", "--metadata=floor="]

    assert terminal.run("configurations", "update", "tmc_airport", *changes) == 0
    assert terminal.run("locations", "update", "tml_gate", *location) == 0

    hall = {
        "name": "Hall",
        "wifi[personal_psk][password]": "correct horse",
        "tipping": "",
    }
    gate = {
        "configuration_overrides": "tmc_airport",
        "metadata[floor]": "",
        "phone": "",
    }
    assert sent(account) == [
        (f"{CONFIGURATIONS}/tmc_airport", hall),
        (f"{LOCATIONS}/tml_gate", gate),
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--set", "tipping.usd.percentages=many"], "assignment_invalid"),
        (["--set", "name=A", "--name", "B"], "assignment_invalid"),
        (["--unset", ""], "assignment_invalid"),
        ([], "usage"),
    ],
)
def test_of_a_change_that_has_no_meaning_nothing_is_sent(
    arguments: list[str], code: str, terminal: Terminal, account: ServedAgent
) -> None:
    assert terminal.run("configurations", "update", "tmc_airport", *arguments) == 2
    assert f"({code})" in terminal.err
    assert account.agent.stripe.asked == []


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 3)])
def test_deleting_asks_first(
    answer: bool,
    code: int,
    terminal: Terminal,
    account: ServedAgent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def confirm(question: str, **_: bool) -> bool:
        asked.append(question)
        return answer

    monkeypatch.setattr("typer.confirm", confirm)

    assert terminal.run("locations", "delete", "tml_gate") == code
    assert asked == ["Delete Location Gate 1 (tml_gate)?"]
    deleted = account.agent.stripe.paths("DELETE")
    assert deleted == ([f"{LOCATIONS}/tml_gate"] if answer else [])


def test_with_yes_nobody_is_asked(terminal: Terminal, account: ServedAgent) -> None:
    path = f"{CONFIGURATIONS}/tmc_airport"
    account.agent.stripe.objects[path] = {"id": "tmc_airport", "deleted": True}

    assert terminal.run("configurations", "delete", "tmc_airport", "--yes") == 0
    assert terminal.out == "tmc_airport is deleted.\n"
    assert account.agent.stripe.paths("DELETE") == [path]
