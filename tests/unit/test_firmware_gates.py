"""Which firmware may go on which reader, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from firmware_images import MODEL, image, terms
from hypothesis import given
from hypothesis import strategies as st

from agent.firmware.errors import (
    FirmwareError,
    FirmwareUnsupported,
    NotNewer,
    WrongFromVersion,
    WrongHardware,
    WrongModel,
)
from agent.firmware.gates import (
    ReaderFacts,
    Window,
    best_for,
    check_suitable,
    has_power,
    unsuitability,
    version_key,
)
from agent.firmware.image import FirmwareImage, ImageUnreadable, read_image
from drivers.features import Battery

READER = ReaderFacts(MODEL, "1.9", None, takes_firmware=True)
NIGHT = Window.parse("02:00-05:00")
TIMES = st.times()
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("unsuitable", "error"),
    [
        (image(device_model="magtek_other"), WrongModel),
        (image(hardware_min="3.1"), WrongHardware),
        (image(from_versions=["1.7", "1.8"]), WrongFromVersion),
        (image("1.9"), NotNewer),
        (image("1.8"), NotNewer),
        (image("1.9", is_downgrade=True), NotNewer),
    ],
)
def test_an_unsuitable_image_is_refused_by_name(
    unsuitable: FirmwareImage, error: type[FirmwareError]
) -> None:
    reader = replace(READER, hardware_version="3.0")

    with pytest.raises(error):
        check_suitable(unsuitable, reader, catalogue=[unsuitable])


@pytest.mark.parametrize(
    "suitable",
    [
        image(),
        image("1.10"),
        image(hardware_min="3"),
        image(from_versions=["1.9"]),
        image("1.8", is_downgrade=True),
    ],
)
def test_a_suitable_image_may_be_installed(suitable: FirmwareImage) -> None:
    reader = replace(READER, hardware_version="3.0")

    assert unsuitability(suitable, reader, catalogue=[suitable]) is None


def test_hardware_that_does_not_tell_its_version_is_not_taken_for_new() -> None:
    with pytest.raises(WrongHardware, match="says nothing"):
        check_suitable(image(hardware_min="3"), READER, catalogue=[])


@pytest.mark.parametrize(
    "reader",
    [replace(READER, takes_firmware=False), replace(READER, firmware_version=None)],
)
def test_a_reader_that_cannot_be_updated_says_so(reader: ReaderFacts) -> None:
    with pytest.raises(FirmwareUnsupported) as refused:
        check_suitable(image(), reader, catalogue=[image()])

    assert "vendor's own tool" in refused.value.remedy
    assert best_for(reader, catalogue=[image()]) is None


def test_the_sequence_decides_what_is_newer() -> None:
    renamed = image("0.1", sequence=1000)

    check_suitable(renamed, READER, catalogue=[renamed, image("1.9")])


def test_the_newest_suitable_image_is_chosen() -> None:
    catalogue = [
        image("2.0"),
        image("3.0", from_versions=["2.0"]),
        image("2.5"),
        image("9.0", is_downgrade=True),
    ]

    best = best_for(READER, catalogue=catalogue)

    assert best is not None
    assert best.terms.firmware_version == "2.5"


def test_versions_sort_by_their_numbers() -> None:
    versions = ["1.10.1", "1.9", "2", "1.0.1", "1.10", "1.0rc1"]

    versions.sort(key=version_key)

    assert versions == ["1.0rc1", "1.0.1", "1.9", "1.10", "1.10.1", "2"]


@pytest.mark.parametrize(
    ("battery", "min_percent", "is_enough"),
    [
        (None, 100, True),
        (Battery(100), 100, True),
        (Battery(30), 0, True),
        (Battery(29), 0, False),
        (Battery(49), 50, False),
        (Battery(5, is_charging=True), 50, True),
        (Battery(5, is_charging=False), 0, False),
    ],
)
def test_a_reader_needs_power_for_the_whole_update(
    battery: Battery | None, min_percent: int, is_enough: bool
) -> None:
    assert has_power(battery, min_percent=min_percent) is is_enough


@pytest.mark.parametrize(
    ("at", "seconds"),
    [
        (time(2, 0), 0),
        (time(4, 59, 59), 0),
        (time(5, 0), 21 * 3600),
        (time(1, 59), 60),
        (time(12, 0), 14 * 3600),
    ],
)
def test_a_window_opens_once_a_day(at: time, seconds: float) -> None:
    local = datetime.combine(datetime(2026, 11, 2).date(), at)  # noqa: DTZ001 - local

    assert NIGHT.seconds_until_open(local) == seconds


def test_a_window_may_span_midnight() -> None:
    window = Window.parse("22:30-01:00")
    at = datetime(2026, 11, 2, 23, 0)  # noqa: DTZ001 - local

    assert window.is_open(at)
    assert window.is_open(at + timedelta(hours=1))
    assert window.seconds_until_open(at + timedelta(hours=2)) == 21.5 * 3600


@pytest.mark.parametrize(
    "text", ["02:00", "02:00-", "2-5", "25:00-05:00", "02:00+01:00-05:00"]
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="two times of day"):
        Window.parse(text)


@given(TIMES, TIMES, st.datetimes(max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_every_window_opens_within_a_day(
    start: time, end: time, local: datetime
) -> None:
    window = Window(start, end)

    wait = window.seconds_until_open(local)

    assert 0 <= wait <= DAY.total_seconds()
    assert window.is_open(local + timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"sequence": 0}, "sequence"),
        ({"device_model": "../etc"}, "device_model"),
        ({"image_type": "1"}, "image_type"),
        ({"vendor_digest": "00" * 32}, "vendor_digest"),
        ({"firmware_version": None}, "firmware_version"),
    ],
)
def test_a_target_that_is_no_image_says_why(
    changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ImageUnreadable, match=complaint):
        read_image("x", length=1, hashes={"sha256": "9f" * 32}, custom=terms(**changes))


def test_a_target_needs_a_description_and_a_digest() -> None:
    with pytest.raises(ImageUnreadable, match="custom"):
        read_image("x", length=1, hashes={"sha256": "9f" * 32}, custom=None)
    with pytest.raises(ImageUnreadable, match="SHA-256"):
        read_image("x", length=1, hashes={"sha512": "9f" * 64}, custom=terms())


def test_what_a_newer_tool_says_of_an_image_is_passed_over() -> None:
    found = read_image(
        "x",
        length=1,
        hashes={"sha256": "9f" * 32},
        custom=terms(rollout_percent=10, vendor_digest="9f" * 32),
    )

    assert found.terms.firmware_version == "2.0"
