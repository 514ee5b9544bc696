"""Locations and Configurations as a file: what differs, and what is sent for it."""

from __future__ import annotations

import tomllib
from datetime import date
from math import nan
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.config_texts import changes_object, changes_text
from agent.terminal_configuration.as_code import (
    Account,
    Verb,
    exported,
    form,
    planned,
)
from agent.terminal_configuration.file_content import ConfigInvalid

TIPS = {"usd": {"percentages": [15, 20], "fixed_amounts": None}}


def configuration(name: str | None, **sections: Any) -> dict[str, Any]:
    """As Stripe lists it."""
    is_default = name == "default"
    return {
        "id": f"tmc_{name or 'unnamed'}",
        "object": "terminal.configuration",
        "is_account_default": is_default,
        "livemode": False,
        "name": None if is_default else name,
        **sections,
    }


def location(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"tml_{name}",
        "object": "terminal.location",
        "display_name": name,
        "address": {"line1": "1 Main St", "line2": None, "country": "US"},
        "metadata": {},
        **fields,
    }


ACCOUNT = Account(
    [
        configuration("default", tipping=TIPS, wifi={"type": "personal_psk"}),
        configuration("airport", offline={"enabled": True}),
    ],
    [location("Gate 1", configuration_overrides="tmc_airport"), location("Shop")],
)
FILE: dict[str, Any] = {
    "configurations": {
        "default": {"tipping": {"usd": {"percentages": [15, 20]}}},
        "airport": {"offline": {"enabled": True}},
    },
    "locations": {
        "Gate 1": {
            "address": {"line1": "1 Main St", "country": "US"},
            "configuration": "airport",
        },
        "Shop": {"address": {"line1": "1 Main St", "country": "US"}},
    },
}


def changed(**configurations: Any) -> dict[str, Any]:
    """The file with other Configurations."""
    return {**FILE, "configurations": {**FILE["configurations"], **configurations}}


def test_an_account_becomes_a_file_without_secrets() -> None:
    assert exported(ACCOUNT) == FILE


def test_what_was_exported_differs_in_nothing() -> None:
    written = tomllib.loads(tomli_w.dumps(exported(ACCOUNT)))

    assert planned(written, ACCOUNT, deletes=True) == []
    assert changes_text([]) == "No difference."


def test_a_changed_value_is_shown_with_what_it_was() -> None:
    wanted = changed(default={"tipping": {"usd": {"percentages": [10, 20]}}})

    (change,) = planned(wanted, ACCOUNT, deletes=False)

    assert changes_text([change]) == (
        "~ configuration default (tmc_default)\n"
        "    tipping.usd.percentages: [15, 20] -> [10, 20]"
    )
    assert change.sections is not None
    assert form(change.sections) == {
        "tipping[usd][percentages][0]": "10",
        "tipping[usd][percentages][1]": "20",
    }


def test_what_the_file_leaves_out_is_unset() -> None:
    wanted = changed(airport={}, default={"tipping": {"eur": {"percentages": [5]}}})

    default, airport = planned(wanted, ACCOUNT, deletes=False)

    assert default.sections is not None
    assert airport.sections is not None
    assert form(default.sections) == {"tipping[eur][percentages][0]": "5"}
    assert form(airport.sections) == {"offline": ""}


def test_new_things_are_made_before_they_are_used() -> None:
    wanted = changed(cafe={"reboot_window": {"start_hour": 2, "end_hour": 4}})
    wanted["locations"] = {
        **FILE["locations"],
        "Shop": {**FILE["locations"]["Shop"], "configuration": "cafe"},
    }

    first, second = planned(wanted, ACCOUNT, deletes=False)

    assert (first.verb, first.name) == (Verb.CREATE, "cafe")
    assert (second.verb, second.sections) == (Verb.UPDATE, {"configuration": "cafe"})


def test_what_the_file_does_not_name_is_deleted_only_on_demand() -> None:
    wanted = {
        "configurations": {"default": FILE["configurations"]["default"]},
        "locations": {"Shop": FILE["locations"]["Shop"]},
    }

    kept = planned(wanted, ACCOUNT, deletes=False)
    deleted = planned(wanted, ACCOUNT, deletes=True)

    assert kept == []
    assert [(change.verb, change.name) for change in deleted] == [
        (Verb.DELETE, "Gate 1"),
        (Verb.DELETE, "airport"),
    ]


def test_the_default_is_never_deleted() -> None:
    deleted = planned({}, ACCOUNT, deletes=True)

    assert "default" not in [change.name for change in deleted]


def test_things_of_one_name_go_by_their_ids() -> None:
    twins = Account(
        [configuration("default"), configuration(None)],
        [location("Shop"), {**location("Shop"), "id": "tml_2"}],
    )

    file = exported(twins)

    assert list(file["configurations"]) == ["default", "tmc_unnamed"]
    assert list(file["locations"]) == ["tml_Shop", "tml_2"]
    assert planned(file, twins, deletes=True) == []


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"readers": {}}, "readers"),
        ({"configurations": []}, "configurations"),
        ({"configurations": {"a": 1}}, "configurations.a"),
        ({"configurations": {"a": {"wifi": {}}}}, "secrets"),
        ({"configurations": {"a": {"tiping": {}}}}, "tiping is not known"),
        ({"configurations": {"a": {"tipping": 5}}}, "must be a table"),
        ({"configurations": {"a": {"tipping": {"usd": [5]}}}}, "tipping.usd"),
        ({"configurations": {"a": {"tipping": {"usd": {"p": [[5]]}}}}}, "a list"),
        ({"configurations": {"a": {"offline": {"enabled": nan}}}}, "whole number"),
        ({"configurations": {"a": {"offline": {"on": date(2026, 1, 1)}}}}, "text"),
        ({"configurations": {"": {}}}, "printed"),
        ({"configurations": {"a\x1b[31m": {}}}, "printed"),
        ({"configurations": {"a": {"offline": {"\n": 1}}}}, "printed"),
        ({"configurations": {"tmc_elsewhere": {}}}, "no such object"),
        ({"configurations": {"airport": {}, "tmc_airport": {}}}, "the same object"),
        ({"locations": {"Shop": {"address": "1 Main St"}}}, "address must be a table"),
        ({"locations": {"Shop": {"phone": 5}}}, "phone must be text"),
        ({"locations": {"Kiosk": {"phone": "5"}}}, "needs an address"),
        ({"locations": {"a": {"configuration": "b"}}}, "'b'"),
        (
            {
                "configurations": {"default": {}},
                "locations": {"a": {"configuration": "default"}},
            },
            "default",
        ),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(
    wanted: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigInvalid, match=named):
        planned(wanted, ACCOUNT, deletes=False)


def test_a_location_keeps_the_address_that_the_file_does_not_repeat() -> None:
    file = {**FILE, "locations": {"Shop": {"metadata": {"region": "west"}}}}

    (change,) = planned(file, ACCOUNT, deletes=False)

    assert change.sections == {"metadata": {"region": "west"}}


def test_what_stripe_keeps_as_text_does_not_differ_for_ever() -> None:
    shop = location("Shop", metadata={"floor": "2", "open": "true"})
    account = Account([configuration("default")], [shop])
    metadata = {"floor": 2, "open": True, "note": ""}

    file = {"locations": {"Shop": {"metadata": metadata, "phone": ""}}}

    assert planned(file, account, deletes=False) == []


def test_an_empty_section_is_unset_as_a_whole() -> None:
    (change,) = planned(changed(airport={"offline": {}}), ACCOUNT, deletes=False)

    assert form(change.sections or {}) == {"offline": ""}


def test_a_file_with_ids_counts_when_names_have_become_unique() -> None:
    twins = Account(
        [configuration("default"), configuration("a"), configuration("b")], []
    )
    file = {
        "configurations": {"tmc_a": {}, "tmc_b": {"offline": {"enabled": True}}},
    }

    (change,) = planned(file, twins, deletes=False)

    assert (change.verb, change.object_id) == (Verb.UPDATE, "tmc_b")


def test_names_are_shown_in_their_own_letters() -> None:
    wanted = changed(café={})
    wanted["locations"] = {"Shop": {"configuration": "café"}}

    text = changes_text(planned(wanted, ACCOUNT, deletes=False))

    assert '    configuration: none -> "café"' in text


def test_an_account_without_a_default_is_refused() -> None:
    with pytest.raises(ConfigInvalid):
        planned({"configurations": {"default": {}}}, Account([], []), deletes=False)


def test_programs_read_the_same_plan() -> None:
    changes = planned(changed(airport={}), ACCOUNT, deletes=False)

    assert changes_object(changes)["changes"] == [
        {
            "verb": "update",
            "kind": "configuration",
            "name": "airport",
            "id": "tmc_airport",
            "fields": [{"key": "offline.enabled", "before": True, "after": None}],
        }
    ]


SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "offline": st.fixed_dictionaries({"enabled": st.booleans()}),
        "tipping": st.dictionaries(
            st.sampled_from(["usd", "eur"]),
            st.fixed_dictionaries(
                {"percentages": st.lists(st.integers(0, 100), min_size=1)}
            ),
            min_size=1,
        ),
    },
)


@given(SECTIONS, SECTIONS)
def test_a_plan_is_empty_exactly_where_nothing_differs(
    there: dict[str, Any], wanted: dict[str, Any]
) -> None:
    account = Account([configuration("default", **there)], [])

    changes = planned({"configurations": {"default": wanted}}, account, deletes=True)

    assert (changes == []) == (there == wanted)
