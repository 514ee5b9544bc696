"""What `--set`, `--unset` and `--metadata` become on the way to Stripe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.assignments import (
    form_of,
    metadata_values,
    option_values,
    set_values,
    still_set,
    unset_values,
    with_rest_of_sections,
)
from agent.cli.failures import CommandFailed, ExitCode
from agent.stripe_api.objects import JsonObject

PARTS = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)
FILES: Mapping[Path, str] = {Path("wifi.txt"): "correct horse\n", Path("empty"): " \n"}


def read(path: Path) -> str:
    """A file of FILES; there is no other, and `binary` is not text."""
    if path == Path("binary"):
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    if path not in FILES:
        raise FileNotFoundError(2, "No such file or directory")
    return FILES[path]


def sent(*given: str) -> dict[str, str]:
    return form_of(set_values(given, read))


def refused(*given: str) -> CommandFailed:
    with pytest.raises(CommandFailed) as caught:
        sent(*given)
    return caught.value


def test_paths_become_names_in_brackets_and_lists_are_numbered() -> None:
    form = sent(
        "tipping.usd.percentages=15, 20,25",
        "reboot_window.start_hour=2",
        "offline.enabled=true",
    )

    assert form == {
        "tipping[usd][percentages][0]": "15",
        "tipping[usd][percentages][1]": "20",
        "tipping[usd][percentages][2]": "25",
        "reboot_window[start_hour]": "2",
        "offline[enabled]": "true",
    }


def test_a_single_percentage_is_a_list_too() -> None:
    assert sent("tipping.eur.percentages=5") == {"tipping[eur][percentages][0]": "5"}


@given(st.lists(PARTS, min_size=1, max_size=4), st.text(min_size=1))
def test_any_other_value_is_sent_as_it_was_written(parts: list[str], text: str) -> None:
    parts[-1] += "_x"  # No name of a list or a secret.

    form = sent(f"{'.'.join(parts)}={text}")

    assert form == {parts[0] + "".join(f"[{part}]" for part in parts[1:]): text}


def test_unsetting_and_deleting_send_nothing_as_the_value() -> None:
    given = [
        *unset_values(["tipping.usd"]),
        *metadata_values(["floor=", "shop.area=a=b"]),
        *option_values([("address.line2", ""), ("address.city", None)]),
    ]

    assert form_of(given) == {
        "tipping[usd]": "",
        "metadata[floor]": "",
        "metadata[shop.area]": "a=b",
        "address[line2]": "",
    }


def test_a_password_comes_from_a_file() -> None:
    form = sent("wifi.personal_psk.password=@wifi.txt")

    assert form == {"wifi[personal_psk][password]": "correct horse"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("tipping", "--set tipping has no value"),
        ("tipping.usd=", "--set tipping.usd has an empty value"),
        ("tipping..usd=1", "--set tipping..usd: that is no path"),
        ("tipping[usd]=1", "--set tipping[usd]: that is no path"),
        ("=1", "--set : that is no path"),
        ("tipping.usd.percentages=15,x", "tipping.usd.percentages is a list of whole"),
        ("tipping.usd.fixed_amounts=-5", "tipping.usd.fixed_amounts is a list of who"),
        ("a.password=@missing", "a.password: missing: No such file or directory"),
        ("a.password=@binary", "a.password: binary: not text"),
        ("a.password=@empty", "a.password: empty is empty"),
    ],
)
def test_what_cannot_be_understood_is_told(given: str, told: str) -> None:
    failure = refused(given)

    assert failure.message.startswith(told)
    assert (failure.code, failure.exit_code) == ("assignment_invalid", ExitCode.USAGE)
    assert failure.remedy.endswith("Nothing was sent.")


def test_a_secret_on_the_command_line_is_refused_and_not_repeated() -> None:
    failure = refused("reader_security.admin_menu_passcode=48151")

    assert "=@FILE" in failure.remedy
    assert "48151" not in failure.message + failure.remedy


@pytest.mark.parametrize("given", ["floor", "=2", "a[b]=2", "a\n=2"])
def test_metadata_needs_a_key_that_stripe_takes(given: str) -> None:
    with pytest.raises(CommandFailed, match="--metadata is no KEY=VALUE"):
        metadata_values([given])


def test_a_field_and_a_part_of_it_cannot_both_be_changed() -> None:
    given = [
        *set_values(["tipping.usd.percentages=5"], read),
        *unset_values(["tipping"]),
    ]

    with pytest.raises(CommandFailed, match="tipping are about the same"):
        form_of(given)


TIPS: JsonObject = {
    "offline": {"enabled": True},
    "stripe_s700": {"splashscreen": "file_1"},
    "tipping": {
        "eur": {"percentages": [5, 10], "fixed_amounts": None},
        "usd": {"percentages": [15], "smart_tip_threshold": 500},
    },
    "wifi": {"type": "personal_psk", "personal_psk": {"password": "correct horse"}},
}


def test_the_rest_of_a_section_is_sent_along_with_its_change() -> None:
    changes = set_values(["tipping.usd.percentages=20", "name=A"], read)

    assert form_of(with_rest_of_sections(changes, TIPS)) == {
        "name": "A",
        "tipping[eur][percentages][0]": "5",
        "tipping[eur][percentages][1]": "10",
        "tipping[usd][percentages][0]": "20",
        "tipping[usd][smart_tip_threshold]": "500",
    }


def test_a_part_is_unset_by_leaving_it_out() -> None:
    changes = unset_values(["tipping.eur", "tipping.usd.percentages"])

    form = form_of(with_rest_of_sections(changes, TIPS))

    assert form == {"tipping[usd][smart_tip_threshold]": "500"}


def test_a_section_of_which_nothing_is_left_is_unset() -> None:
    changes = unset_values(["stripe_s700.splashscreen", "offline"])

    form = form_of(with_rest_of_sections(changes, TIPS))

    assert form == {"offline": "", "stripe_s700": ""}


def test_truth_is_sent_back_in_stripes_spelling() -> None:
    changes = set_values(["offline.more=1"], read)

    form = form_of(with_rest_of_sections(changes, TIPS))

    assert form == {"offline[enabled]": "true", "offline[more]": "1"}


def test_secrets_are_not_sent_back() -> None:
    changes = set_values(["wifi.personal_psk.ssid=Shop"], read)

    form = form_of(with_rest_of_sections(changes, TIPS))

    assert form == {"wifi[personal_psk][ssid]": "Shop"}


def test_what_was_to_go_and_stayed_is_found() -> None:
    changes = [*unset_values(["tipping.jpy", "tipping.eur"]), *metadata_values(["a=b"])]

    assert still_set(changes, TIPS) == "tipping.eur"
    assert still_set(changes, {}) is None
