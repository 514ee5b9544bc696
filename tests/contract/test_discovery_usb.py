"""Listing USB readers with unmodified pyusb, over USB/IP and on the machine as it is."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import replace
from typing import NoReturn

import pytest
import usb.backend.libusb0
import usb.backend.libusb1
import usb.backend.openusb
from usb_devices import PRODUCT_ID, SPEC, VENDOR_ID, UsbBus, hid_device
from usbip_backend import failure

from drivers.discovery.candidates import Candidate
from drivers.discovery.usb_devices import discover_usb
from drivers.discovery.usb_ids import UsbIds, known_usb_ids
from drivers.profile import Port, UsbId, profile_named

pytest_plugins = ("usb_fixtures",)

READER = UsbId(VENDOR_ID, PRODUCT_ID)
PROFILE = replace(
    profile_named("magtek_dynaprox"),
    ports=frozenset({Port.USB}),
    usb=(READER,),
    boot_loader=(),
)
IDS = known_usb_ids([PROFILE])


async def discovered(ids: UsbIds = IDS) -> list[Candidate]:
    return await asyncio.to_thread(discover_usb, ids)


async def test_reader_is_listed_with_its_serial_number(usb_bus: UsbBus) -> None:
    usb_bus.plug(hid_device("A1"))

    assert await discovered() == [
        Candidate(
            f"{SPEC}:A1",
            "One",
            usb_id=READER,
            serial_number="A1",
            model="magtek_dynaprox",
        )
    ]
    assert usb_bus.backend.open_handles == set()


async def test_readers_that_no_serial_number_tells_apart_are_listed_by_place(
    usb_bus: UsbBus,
) -> None:
    devices = [usb_bus.plug(hid_device(each)) for each in ("A1", "A1", None, "A2")]

    specs = [candidate.spec for candidate in await discovered()]

    places = [f"{SPEC}?path={usb_bus.path_of(device)}" for device in devices]
    assert specs == [*places[:3], f"{SPEC}:A2"]


async def test_device_that_may_not_be_asked_is_listed_by_place(usb_bus: UsbBus) -> None:
    device = usb_bus.plug(hid_device())

    def refuse() -> NoReturn:
        raise failure(errno.EACCES)

    usb_bus.backend.before_opening = refuse
    (candidate,) = await discovered()

    assert candidate.spec == f"{SPEC}?path={usb_bus.path_of(device)}"
    assert candidate.description == PROFILE.model


async def test_boot_loader_is_listed_as_one(usb_bus: UsbBus) -> None:
    usb_bus.plug(hid_device())
    ids = known_usb_ids([replace(PROFILE, usb=(), boot_loader=(READER,))])

    (candidate,) = await discovered(ids)

    assert candidate.is_boot_loader
    assert candidate.model == "magtek_dynaprox"


async def test_other_devices_are_left_alone(usb_bus: UsbBus) -> None:
    usb_bus.plug(hid_device())
    others = replace(PROFILE, usb=(UsbId(VENDOR_ID, PRODUCT_ID + 1),))
    on_serial = replace(PROFILE, ports=frozenset({Port.SERIAL}))

    assert await discovered(known_usb_ids([others])) == []
    assert await discovered(known_usb_ids([on_serial])) == []


def test_machine_without_libusb_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for backend in (usb.backend.libusb1, usb.backend.libusb0, usb.backend.openusb):
        monkeypatch.setattr(backend, "get_backend", lambda: None)

    assert discover_usb(IDS) == []


def test_this_machines_own_usb_can_be_listed() -> None:
    assert all(candidate.model for candidate in discover_usb())
