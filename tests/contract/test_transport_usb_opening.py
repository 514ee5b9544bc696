"""Opening USB devices: which one, which of its interfaces, and what goes wrong."""

from __future__ import annotations

import asyncio
import errno
import threading
from typing import NoReturn

import pytest
import usb.backend.libusb0
import usb.backend.libusb1
import usb.backend.openusb
from usb_devices import (
    KEYBOARD,
    MASS_STORAGE,
    SPEC,
    Bulk,
    EchoDevice,
    UsbBus,
    all_threads_ended,
    bulk_device,
    hid_device,
    usb_threads,
)
from usbip.classes.device.hid import HID
from usbip.core import Stall
from usbip_backend import UsbipBackend, failure, install

from drivers.errors import LocalError, TransportUnavailable
from drivers.profile import profile_named
from drivers.transport.base import Transport
from drivers.transport.opening import open_transport, openers
from drivers.transport.usb import open_usb
from drivers.wires import WireKind
from simulator.reader.wires.usbip import report_descriptor

pytest_plugins = ("usb_fixtures",)

REPORT = bytes(range(64))
PATIENCE_S = 10


async def reached(spec: str, *devices: EchoDevice) -> list[bool]:
    """Which of the devices `spec` opens."""
    transport = await open_usb(spec)
    await transport.write(REPORT)
    await transport.read()
    await transport.aclose()
    return [device.received != [] for device in devices]


async def test_devices_alike_are_told_apart_by_serial_number(usb_bus: UsbBus) -> None:
    first, second = usb_bus.plug(hid_device("A1")), usb_bus.plug(hid_device("A2"))

    assert await reached(f"{SPEC}:A2", first, second) == [False, True]


async def test_devices_without_serial_number_are_told_apart_by_place(
    usb_bus: UsbBus,
) -> None:
    first, second = usb_bus.plug(hid_device(None)), usb_bus.plug(hid_device(None))

    spec = f"{SPEC}?path={usb_bus.path_of(second)}"

    assert await reached(spec, first, second) == [False, True]


async def test_ambiguous_spec_is_answered_with_those_that_are_not(
    usb_bus: UsbBus,
) -> None:
    first, second = usb_bus.plug(hid_device("A1")), usb_bus.plug(hid_device("A1"))

    for spec in (SPEC, f"{SPEC}:A1"):
        with pytest.raises(TransportUnavailable, match="several") as caught:
            await open_usb(spec)

        for device in (first, second):
            assert f"{SPEC}?path={usb_bus.path_of(device)}" in caught.value.reason


async def test_one_program_has_the_device_at_a_time(usb_bus: UsbBus) -> None:
    device = usb_bus.plug(hid_device())
    first = await open_usb(SPEC)

    with pytest.raises(TransportUnavailable, match="in use by another program"):
        await open_usb(SPEC)

    await first.write(REPORT)
    assert await first.read() == REPORT
    await first.aclose()
    assert await reached(SPEC, device) == [True]


async def test_driver_that_the_kernel_finds_meanwhile_is_asked_to_leave_too(
    usb_bus: UsbBus,
) -> None:
    device = usb_bus.plug(hid_device())
    kernels = await usb_bus.attached(device)
    latecomers = [{0}]
    usb_bus.backend.before_claiming = lambda attached: attached.kernel_drivers.update(
        latecomers.pop() if latecomers else ()
    )

    assert await reached(SPEC, device) == [True]
    assert kernels.kernel_drivers == {0}


async def test_driver_that_always_comes_back_keeps_its_device(usb_bus: UsbBus) -> None:
    usb_bus.plug(hid_device())
    usb_bus.backend.before_claiming = lambda attached: attached.kernel_drivers.add(0)

    with pytest.raises(TransportUnavailable, match="in use by another program"):
        await open_usb(SPEC)


async def test_driver_that_leaves_by_itself_is_not_called_back(
    usb_bus: UsbBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = usb_bus.plug(hid_device())
    kernels = await usb_bus.attached(device)

    def leave(*_: object) -> NoReturn:
        kernels.kernel_drivers.clear()
        raise failure(errno.ENOENT)

    monkeypatch.setattr(usb_bus.backend, "detach_kernel_driver", leave)

    assert await reached(SPEC, device) == [True]
    assert kernels.kernel_drivers == set()


async def test_driver_that_does_not_leave_is_said(
    usb_bus: UsbBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    usb_bus.plug(hid_device())

    def refuse(*_: object) -> NoReturn:
        raise failure(errno.EPERM)

    monkeypatch.setattr(usb_bus.backend, "detach_kernel_driver", refuse)

    with pytest.raises(TransportUnavailable, match="permission denied"):
        await open_usb(SPEC)


async def test_system_without_drivers_in_the_way_needs_none_to_leave(
    usb_bus: UsbBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = usb_bus.plug(hid_device())
    kernels = await usb_bus.attached(device)
    kernels.kernel_drivers.clear()

    def unknown(*_: object) -> NoReturn:
        raise NotImplementedError

    monkeypatch.setattr(usb_bus.backend, "is_kernel_driver_active", unknown)

    assert await reached(SPEC, device) == [True]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "install the udev rules"),
        (errno.ENODEV, "is it plugged in"),
        (errno.ETIMEDOUT, "does not answer"),
        (errno.ENOMEM, "Cannot allocate memory"),
    ],
)
async def test_what_keeps_a_device_from_being_opened_is_said(
    usb_bus: UsbBus, number: int, reason: str
) -> None:
    usb_bus.plug(hid_device())

    def fail() -> NoReturn:
        raise failure(number)

    usb_bus.backend.before_opening = fail
    for spec in (SPEC, f"{SPEC}:A1"):
        with pytest.raises(TransportUnavailable, match=reason) as caught:
            await open_usb(spec)
        assert caught.value.spec == spec


async def test_device_that_may_not_be_asked_is_not_in_the_way_of_another(
    usb_bus: UsbBus,
) -> None:
    usb_bus.plug(hid_device("A1"))
    second = usb_bus.plug(hid_device("A2"))
    failures = [failure(errno.EACCES)]

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    usb_bus.backend.before_opening = fail_once

    assert await reached(f"{SPEC}:A2", second) == [True]


async def test_system_without_access_to_the_device_says_so(usb_bus: UsbBus) -> None:
    usb_bus.plug(hid_device())

    def fail() -> NoReturn:
        raise NotImplementedError("Operation not supported")

    usb_bus.backend.before_opening = fail

    with pytest.raises(TransportUnavailable, match="does not let programs"):
        await open_usb(SPEC)


async def test_device_that_does_not_describe_its_reports_is_given_back(
    usb_bus: UsbBus,
) -> None:
    device = usb_bus.plug(hid_device(report_ids=(1,)))
    kernels = await usb_bus.attached(device)

    def refuse(*_: object) -> bytes:
        raise Stall

    device.answer_control(refuse)

    with pytest.raises(TransportUnavailable, match="does not answer"):
        await open_usb(SPEC)
    assert (kernels.claims, kernels.kernel_drivers) == ({}, {0})


async def test_missing_libusb_names_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for backend in (usb.backend.libusb1, usb.backend.libusb0, usb.backend.openusb):
        monkeypatch.setattr(backend, "get_backend", lambda: None)

    with pytest.raises(TransportUnavailable, match="libusb is not installed"):
        await open_usb(SPEC)


async def test_device_without_a_configuration_gets_one(usb_bus: UsbBus) -> None:
    device = usb_bus.plug(hid_device())
    await usb_bus.attached(device)
    device.usb.config = 0

    assert await reached(SPEC, device) == [True]
    assert device.usb.config == 1


def composite() -> EchoDevice:
    """A keyboard, a disk and a stream, as one device."""
    device = EchoDevice()
    keyboard = HID(report_descriptor(()), protocol=KEYBOARD, on_output=device.take)
    device.add(keyboard, incoming=keyboard.in_ep)
    device.add(Bulk(device.take, interface_class=MASS_STORAGE))
    device.add(Bulk(device.take))
    return device


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ("", WireKind.STREAM),
        ("?interface=0", WireKind.HID),
        ("?interface=1", WireKind.STREAM),
    ],
)
async def test_interface_of_a_reader_is_chosen_unless_the_spec_says_which(
    usb_bus: UsbBus, parameters: str, kind: WireKind
) -> None:
    kernels = await usb_bus.attached(usb_bus.plug(composite()))
    transport = await open_usb(SPEC + parameters)

    claimed = set(kernels.claims)

    assert transport.kind is kind
    assert claimed == {int(parameters[-1:] or "2")}
    await transport.aclose()


async def test_reports_are_preferred_to_a_stream(usb_bus: UsbBus) -> None:
    device = bulk_device()
    device.add(HID(report_descriptor(()), on_output=device.take))
    usb_bus.plug(device)

    transport = await open_usb(SPEC)

    assert transport.kind is WireKind.HID
    await transport.aclose()


@pytest.mark.parametrize("parameters", ["", "?interface=7"])
async def test_device_without_such_an_interface_is_none(
    usb_bus: UsbBus, parameters: str
) -> None:
    device = EchoDevice()
    device.add(Bulk(device.take, interface_class=MASS_STORAGE))
    usb_bus.plug(device)

    with pytest.raises(TransportUnavailable, match="no interface of a reader"):
        await open_usb(SPEC + parameters)


async def test_opening_that_was_given_up_leaves_nothing_open(usb_bus: UsbBus) -> None:
    usb_bus.plug(hid_device())
    reached_the_device, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        reached_the_device.set()
        go_on.wait(PATIENCE_S)

    usb_bus.backend.before_opening = wait
    opening = asyncio.create_task(open_usb(SPEC))
    await asyncio.to_thread(reached_the_device.wait, PATIENCE_S)

    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    go_on.set()

    await all_threads_ended()
    assert usb_bus.backend.open_handles == set()


async def test_opening_that_is_given_up_as_it_succeeds_leaves_nothing_open(
    usb_bus: UsbBus,
) -> None:
    loop = asyncio.get_running_loop()

    def give_up_when_opened() -> None:
        for thread in usb_threads():
            thread.join(PATIENCE_S)
        # After the thread's word that it is open, before the task hears of it.
        loop.call_soon(opening.cancel)

    def when_claiming(_: object) -> None:
        loop.call_soon_threadsafe(give_up_when_opened)

    kernels = await usb_bus.attached(usb_bus.plug(hid_device()))
    usb_bus.backend.before_claiming = when_claiming
    opening = asyncio.create_task(open_usb(SPEC))

    with pytest.raises(asyncio.CancelledError):
        await opening

    await all_threads_ended()
    assert (kernels.claims, kernels.kernel_drivers) == ({}, {0})


def test_loop_that_ends_without_closing_leaves_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def forget() -> None:
        bus = UsbBus(UsbipBackend())
        install(monkeypatch, bus.backend)
        bus.plug(hid_device())
        await open_usb(SPEC)
        bus.close()

    asyncio.run(forget())

    for thread in usb_threads():
        thread.join(PATIENCE_S)
    assert usb_threads() == []


async def test_spec_of_usb_is_opened_as_such(usb_bus: UsbBus) -> None:
    usb_bus.plug(hid_device())

    transport: Transport = await open_transport(
        SPEC, schemes=openers(profile_named("magtek_dynaprox"))
    )

    assert transport.kind is WireKind.HID
    await transport.aclose()


async def test_malformed_spec_is_the_callers_fault() -> None:
    with pytest.raises(LocalError, match="usb:0801:2020"):
        await open_usb("usb:reader")
