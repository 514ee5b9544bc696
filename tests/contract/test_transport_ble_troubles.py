"""Bluetooth LE where adapter, daemon or reader do not want to, with unmodified bleak."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from echo_reader import ADDRESS, VALUES, echo_reader

from drivers.errors import Disconnected, TransportUnavailable
from drivers.profile import Gatt
from drivers.transport.base import Transport
from drivers.transport.ble import BleTimings, open_ble
from drivers.transport.radio import Radio
from simulator.clock import SystemClock
from simulator.reader.wires.bluez import SimulatedBluetooth
from simulator.reader.wires.bluez_wire import BleOptions, Bonding

pytest_plugins = ("bluetooth_fixtures",)

SPEC = f"ble:{ADDRESS}"
UNHURRIED = BleTimings()


async def opened(gatt: Gatt = VALUES, *, timings: BleTimings = UNHURRIED) -> Transport:
    return await open_ble(SPEC, gatt=gatt, radio=Radio(), timings=timings)


def switch_off(bluetooth: SimulatedBluetooth) -> None:
    bluetooth.adapter.set_powered(False)


def pull_out(bluetooth: SimulatedBluetooth) -> None:
    bluetooth.adapter.unplug()


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (switch_off, "switched off; switch it on"),
        (pull_out, "no Bluetooth adapter; is it plugged in"),
    ],
)
async def test_adapter_that_cannot_be_used_says_so(
    bluetooth: SimulatedBluetooth,
    trouble: Callable[[SimulatedBluetooth], None],
    reason: str,
) -> None:
    echo_reader(bluetooth)
    trouble(bluetooth)

    with pytest.raises(TransportUnavailable, match=reason) as caught:
        await opened()

    assert caught.value.spec == SPEC


@pytest.mark.parametrize("trouble", [switch_off, pull_out])
async def test_adapter_that_goes_takes_the_connection_with_it(
    bluetooth: SimulatedBluetooth, trouble: Callable[[SimulatedBluetooth], None]
) -> None:
    echo_reader(bluetooth)
    transport = await opened()

    trouble(bluetooth)

    with pytest.raises(Disconnected, match="switched off or out of range"):
        await transport.read()
    await transport.aclose()


async def test_daemon_that_does_not_run_says_so(bus_address: str) -> None:
    with pytest.raises(TransportUnavailable, match="systemctl start bluetooth"):
        await opened()


async def test_daemon_that_dies_ends_the_connection_and_may_come_back(
    bus_address: str,
) -> None:
    bluetooth = SimulatedBluetooth(clock=SystemClock())
    async with bluetooth.running(bus_address):
        echo_reader(bluetooth)
        transport = await opened()
        reading = asyncio.create_task(transport.read())
        await asyncio.sleep(0)

    with pytest.raises(Disconnected, match="Bluetooth service has stopped"):
        await reading
    await transport.aclose()

    bluetooth = SimulatedBluetooth(clock=SystemClock())
    async with bluetooth.running(bus_address):
        echo_reader(bluetooth)
        again = await opened()
        await again.write(b"again")
        assert await again.read() == b"again"
        await again.aclose()


async def test_machine_without_bus_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")

    with pytest.raises(TransportUnavailable, match="no D-Bus on this machine"):
        await opened()


@pytest.mark.parametrize(
    ("member", "error", "reason"),
    [
        ("Connect", "Failed", "le-connection-timeout"),
        ("Connect", "InProgress", "another program is busy"),
        ("StartDiscovery", "NotReady", "switched off"),
        ("StartNotify", "NotSupported", "NotSupported|le-connection"),
    ],
)
async def test_what_bluez_refuses_is_passed_on(
    bluetooth: SimulatedBluetooth, member: str, error: str, reason: str
) -> None:
    echo_reader(bluetooth)
    bluetooth.fail_next(member, error, "le-connection-timeout")

    with pytest.raises(TransportUnavailable, match=reason):
        await opened()

    transport = await opened()
    await transport.aclose()


@pytest.mark.parametrize(
    ("bonding", "passkey"),
    [(Bonding.JUST_WORKS, None), (Bonding.JUST_WORKS, 4711), (Bonding.PASSKEY, 4711)],
)
async def test_reader_that_demands_it_is_paired_once(
    bluetooth: SimulatedBluetooth, bonding: Bonding, passkey: int | None
) -> None:
    gatt = replace(VALUES, passkey=passkey)
    echo_reader(bluetooth, gatt, options=BleOptions(bonding=bonding))
    first = await opened(gatt)
    await first.write(b"first")
    assert await first.read() == b"first"
    await first.aclose()

    bluetooth.fail_next("Pair", "AuthenticationFailed")
    second = await opened(gatt)

    await second.write(b"second")
    assert await second.read() == b"second"
    await second.aclose()


@pytest.mark.parametrize(
    ("bonding", "asked_for", "passkey"),
    [
        (Bonding.REFUSED, None, None),
        (Bonding.PASSKEY, 4711, None),
        (Bonding.PASSKEY, 4711, 815),
    ],
)
async def test_reader_that_refuses_to_be_paired_says_so(
    bluetooth: SimulatedBluetooth,
    bonding: Bonding,
    asked_for: int | None,
    passkey: int | None,
) -> None:
    reader = echo_reader(
        bluetooth,
        replace(VALUES, passkey=asked_for),
        options=BleOptions(bonding=bonding),
    )

    with pytest.raises(TransportUnavailable, match="put it into pairing mode"):
        await opened(replace(VALUES, passkey=passkey))

    assert not reader.wire.is_connected


async def test_reader_that_never_ends_pairing_is_given_up(
    bluetooth: SimulatedBluetooth,
) -> None:
    options = BleOptions(bonding=Bonding.JUST_WORKS)
    reader = echo_reader(bluetooth, options=options)
    bluetooth.ignore_next("Pair")

    with pytest.raises(TransportUnavailable, match=r"within 0\.2 s"):
        await opened(timings=BleTimings(pair_s=0.2))

    assert not reader.wire.is_connected


async def test_reader_that_forgets_the_key_is_paired_anew_while_it_writes(
    bluetooth: SimulatedBluetooth,
) -> None:
    reader = echo_reader(bluetooth, options=BleOptions(bonding=Bonding.JUST_WORKS))
    transport = await opened()
    reader.wire.unbond()

    await transport.write(b"x")

    assert await transport.read() == b"x"
    await transport.aclose()
