"""News of ports through the real libudev and pyudev, on devices made by umockdev."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pyudev
from serial.tools.list_ports import comports
from udev_testbed import Testbed, has_umockdev, in_testbed

from drivers.discovery.candidates import Candidate, PortAdded, PortChange, PortRemoved
from drivers.discovery.hotplug import (
    Monitor,
    connect_to_netlink,
    watch_ports,
)
from drivers.discovery.usb_devices import discover_usb
from drivers.discovery.usb_ids import known_usb_ids
from drivers.errors import PortWatchUnavailable
from drivers.profile import UsbId, parse_profile
from drivers.transport.usb import open_usb

PATIENCE_S = 10
IDS = known_usb_ids(
    [
        parse_profile(
            "acme_one",
            """
            name = "acme_one"
            vendor = "Acme"
            model = "One"
            family = "acme"
            verified = "simulator"
            ports = ["serial", "usb"]
            usb = [{vendor_id = 0x1209, product_id = 0x0001}]
            boot_loader = [{vendor_id = 0x1209, product_id = 0x0002}]
            capabilities = {input_options = [], chip_flows = [], has_display = false}
            """,
        )
    ]
)
READER = Candidate(
    "usb:1209:0001:B000001",
    "A reader",
    usb_id=UsbId(0x1209, 0x0001),
    serial_number="B000001",
    model="acme_one",
)
PORT = Candidate(
    "serial:/dev/ttyUSB0",
    "A reader",
    usb_id=UsbId(0x1209, 0x0001),
    serial_number="B000001",
    model="acme_one",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not has_umockdev(), reason="needs the Debian package libumockdev0"
    ),
]


@pytest.fixture
def testbed() -> Testbed | None:
    """The devices of this process, where it has its own."""
    return Testbed() if "umockdev" in os.environ.get("LD_PRELOAD", "") else None


async def following(changes: AsyncIterator[PortChange], count: int) -> list[PortChange]:
    async with asyncio.timeout(PATIENCE_S):
        return [await anext(changes) for _ in range(count)]


@in_testbed
async def test_reader_that_is_plugged_in_and_out_is_told(testbed: Testbed) -> None:
    async with watch_ports(IDS) as changes:
        testbed.plug_usb("1-7", "1209:0001")
        told = await following(changes, 1)
        testbed.unplug_usb("1-7")
        told += await following(changes, 1)

    assert told == [PortAdded(READER), PortRemoved("usb:1209:0001:B000001")]


@in_testbed
async def test_reader_gone_before_anyone_looked_at_it_is_no_news(
    testbed: Testbed,
) -> None:
    async with watch_ports(IDS) as changes:
        testbed.plug_usb("1-7", "1209:0001")
        testbed.unplug_usb("1-7")
        testbed.plug_usb("1-8", "1209:0001", serial_number="B000002", number=5)

        (told,) = await following(changes, 1)

    assert isinstance(told, PortAdded)
    assert told.candidate.serial_number == "B000002"


@in_testbed
async def test_serial_port_of_a_plugged_in_device_is_told_and_listed(
    testbed: Testbed,
) -> None:
    testbed.plug_usb("1-7", "1209:0001")
    async with watch_ports(IDS) as changes:
        testbed.plug_tty("1-7", "ttyUSB0")
        told = await following(changes, 1)
        listed = [(port.device, port.vid, port.serial_number) for port in comports()]
        testbed.unplug_tty("1-7", "ttyUSB0")
        told += await following(changes, 1)

    assert told == [PortAdded(PORT), PortRemoved("serial:/dev/ttyUSB0")]
    assert listed == [("/dev/ttyUSB0", 0x1209, "B000001")]
    assert list(comports()) == []


@in_testbed
async def test_what_is_there_already_or_told_again_or_unknown_is_no_news(
    testbed: Testbed,
) -> None:
    testbed.plug_usb("1-1", "1209:0001")
    async with watch_ports(IDS) as changes:
        testbed.tell_again("1-1")
        testbed.plug_console()
        testbed.plug_usb("1-2", "1d6b:0002", serial_number="hub", number=5)
        testbed.plug_usb("1-3", "1209:0002", serial_number=None, number=6)

        (told,) = await following(changes, 1)

    assert isinstance(told, PortAdded)
    assert told.candidate.spec == "usb:1209:0002?path=1-3"
    assert told.candidate.is_boot_loader


@in_testbed
async def test_device_without_a_configuration_is_told_when_it_has_one(
    testbed: Testbed,
) -> None:
    async with watch_ports(IDS) as changes:
        testbed.plug_usb("1-7", "1209:0001", is_configured=False)
        testbed.plug_tty("1-7", "ttyUSB0")
        before = await following(changes, 1)
        testbed.configure_usb("1-7")
        after = await following(changes, 1)

    assert (before, after) == ([PortAdded(PORT)], [PortAdded(READER)])


@in_testbed
async def test_udevs_own_channel_is_used_where_udevd_runs(
    testbed: Testbed, tmp_path: Path
) -> None:
    sources: list[str] = []

    def connect(context: pyudev.Context, *, source: str) -> Monitor:
        sources.append(source)
        return connect_to_netlink(context, source=source)

    for control in (tmp_path, tmp_path / "absent"):
        async with watch_ports(IDS, udev_control=control, connect=connect) as changes:
            testbed.plug_usb("1-7", "1209:0001")
            await following(changes, 1)
            testbed.unplug_usb("1-7")
            await following(changes, 1)

    assert sources == ["udev", "kernel"]


class Overflowing:
    """A monitor that has lost everything since it was made."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self.filter_by, self.start = monitor.filter_by, monitor.start
        self.fileno = monitor.fileno
        self.errors = [errno.ENOBUFS]

    def poll(self, timeout: float) -> pyudev.Device | None:
        if not self.errors:
            return self._monitor.poll(timeout)
        while self._monitor.poll(timeout) is not None:
            pass
        number = self.errors.pop()
        raise OSError(number, os.strerror(number))


@in_testbed
async def test_lost_news_is_made_up_for_by_looking_again(testbed: Testbed) -> None:
    testbed.plug_usb("1-1", "1209:0001", serial_number="gone")
    testbed.plug_usb("1-2", "1209:0001", serial_number="stays", number=5)
    testbed.plug_usb("1-3", "1209:0001", serial_number="replugged", number=6)

    def connect(context: pyudev.Context, *, source: str) -> Monitor:
        return Overflowing(connect_to_netlink(context, source=source))

    async with watch_ports(IDS, connect=connect) as changes:
        testbed.unplug_usb("1-1")
        testbed.unplug_usb("1-3")
        testbed.plug_usb("1-3", "1209:0001", serial_number="replugged", number=7)
        testbed.plug_usb("1-4", "1209:0001", serial_number="new", number=8)
        lost = await following(changes, 4)
        testbed.unplug_usb("1-2")
        next_told = await following(changes, 1)

    gone = [each.spec for each in lost if isinstance(each, PortRemoved)]
    new = [each.candidate.spec for each in lost if isinstance(each, PortAdded)]
    assert sorted(gone) == ["usb:1209:0001:gone", "usb:1209:0001:replugged"]
    assert sorted(new) == ["usb:1209:0001:new", "usb:1209:0001:replugged"]
    assert next_told == [PortRemoved("usb:1209:0001:stays")]


@in_testbed
async def test_broken_channel_ends_the_watch_with_its_reason(testbed: Testbed) -> None:
    monitors: list[Overflowing] = []

    def connect(context: pyudev.Context, *, source: str) -> Monitor:
        monitors.append(Overflowing(connect_to_netlink(context, source=source)))
        monitors[0].errors = [errno.EIO]
        return monitors[0]

    async with watch_ports(IDS, connect=connect) as changes:
        testbed.plug_usb("1-7", "1209:0001")

        with pytest.raises(PortWatchUnavailable, match="Input/output error"):
            await following(changes, 1)
        with pytest.raises(PortWatchUnavailable):
            await following(changes, 1)


@in_testbed
async def test_libusb_lists_what_is_plugged_in_and_opens_it(testbed: Testbed) -> None:
    testbed.plug_usb("1-7", "1209:0001")
    testbed.plug_usb("1-8", "1209:0001", serial_number=None, number=5)

    listed = await asyncio.to_thread(discover_usb, IDS)
    for candidate in listed:
        # The testbed carries no transfers: what is opened is lost again.
        transport = await open_usb(candidate.spec)
        await transport.wait_closed()
        await transport.aclose()
    testbed.unplug_usb("1-7")
    left = await asyncio.to_thread(discover_usb, IDS)

    assert READER in listed
    assert len(listed) == 2
    assert [candidate.spec for candidate in left] == ["usb:1209:0001?path=1-8"]
