"""Reader profiles: those that ship, their schema, and what is said of broken ones."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from drivers.errors import LocalError
from drivers.profile import (
    PROFILE,
    Profile,
    UsbId,
    Verified,
    parse_profile,
    profile_advertising,
    profile_named,
    profile_with_usb_id,
    profiles,
)
from drivers.reader import ChipFlow, InputOption

MINIMAL = """
name = "acme_one"
vendor = "Acme"
model = "One"
family = "acme"
verified = "device"
[capabilities]
input_options = ["tap"]
chip_flows = ["emv"]
has_display = false
"""


def test_every_profile_that_ships_is_valid_and_named_as_its_file() -> None:
    names = {path.name for path in files("firmware_profiles").iterdir()}

    assert {f"{name}.toml" for name in profiles()} == {
        name for name in names if name.endswith(".toml")
    }


def test_profiles_use_the_words_of_the_reader_seam() -> None:
    for profile in profiles().values():
        assert profile.capabilities.input_options <= set(InputOption)
        assert profile.capabilities.chip_flows <= set(ChipFlow)


def test_schema_file_is_that_of_the_code() -> None:
    schema = files("firmware_profiles").joinpath("profile.schema.json").read_text()

    assert json.loads(schema) == PROFILE.json_schema()


def test_profile_is_found_by_name_and_by_usb_id() -> None:
    dynaprox = profile_named("magtek_dynaprox")

    assert dynaprox.verified is Verified.SIMULATOR
    assert dynaprox.line.baudrate == 115200
    assert profile_with_usb_id(UsbId(0x0801, 0x2023)) == dynaprox
    assert profile_with_usb_id(UsbId(0x0801, 0xFFFF)) is None


def test_unknown_model_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(LocalError, match=r"'acme_one', only .*magtek_dynaprox"):
        profile_named("acme_one")


def test_what_a_profile_leaves_out_has_its_usual_value() -> None:
    profile = parse_profile("acme_one", MINIMAL)

    assert profile.usb == ()
    assert profile.line.parity == "N"


SERVICE = "0cba14b7-ff24-47b0-be09-26440538530c"
OTHER_SERVICE = "00001820-0000-1000-8000-00805f9b34fb"


def on_bluetooth(name: str, *, prefix: str, advertised: str) -> Profile:
    gatt = f"""
    [ble]
    service = "{SERVICE}"
    write = "{SERVICE}"
    notify = "{SERVICE}"
    {f'advertised = "{advertised}"' if advertised else ""}
    {f'name_prefix = "{prefix}"' if prefix else ""}
    """
    return parse_profile(name, MINIMAL.replace("acme_one", name) + gatt)


@pytest.mark.parametrize(
    ("name", "services", "found"),
    [
        ("ACME-3 0001", [], "acme_three"),
        ("ACME-9 0001", [], "acme_two"),
        ("ACME-9 0001", [SERVICE], "acme_two"),
        ("Lane 4", [SERVICE], "acme_one"),
        (None, [OTHER_SERVICE, SERVICE], "acme_one"),
        (None, [OTHER_SERVICE], "acme_four"),
        ("A phone", ["0000180f-0000-1000-8000-00805f9b34fb"], None),
        (None, [], None),
    ],
)
def test_profile_is_found_by_what_the_reader_advertises(
    name: str | None, services: list[str], found: str | None
) -> None:
    among = [
        parse_profile("acme_one", MINIMAL),
        on_bluetooth("acme_one", prefix="", advertised=""),
        on_bluetooth("acme_two", prefix="ACME-", advertised=""),
        on_bluetooth("acme_three", prefix="ACME-3", advertised=""),
        on_bluetooth("acme_four", prefix="", advertised=OTHER_SERVICE),
    ]

    profile = profile_advertising(name, services, among=among)

    assert (None if profile is None else profile.name) == found


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("acme_one", ("name =", "name"), "acme_one: .*line 2"),
        ("acme_two", ("", ""), "calls itself acme_one"),
        ("acme_one", ('model = "One"', ""), "model: Field required"),
        ("acme_one", ('"device"', '"hearsay"'), "verified: Input should be"),
        ("acme_one", ("has_display", "has_screen"), "capabilities.has_display"),
        ("acme_one", ("false", "false\n[line]\nbaudrate = 0"), "line.baudrate"),
        ("acme_one", ("false", "'no'"), "capabilities.has_display"),
    ],
)
def test_broken_profile_is_refused_by_file_and_field(
    name: str, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(LocalError, match=said):
        parse_profile(name, MINIMAL.replace(*change))
