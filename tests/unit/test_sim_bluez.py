"""The simulated BlueZ beyond what a driver asks of it: refusals, other hosts, its bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from echo_reader import ADDRESS, VALUES, echo_reader, nameplate

from simulator.app import ReaderOrder, build_simulator
from simulator.clock import ManualClock, SystemClock
from simulator.errors import WireUnavailable
from simulator.reader.wires.bluez import SimulatedBluetooth
from simulator.reader.wires.bluez_wire import BleOptions, Bonding, parse_address
from simulator.reader.wires.private_bus import private_bus

pytest_plugins = ("bluetooth_fixtures",)

ADAPTER = "/org/bluez/hci0"
DEVICE = f"{ADAPTER}/dev_{ADDRESS.replace(':', '_')}"
WRITE = f"{DEVICE}/service000a/char000b"
NOTIFY = f"{DEVICE}/service000a/char000d"
SERIAL_NUMBER = "00002a25-0000-1000-8000-00805f9b34fb"
SIGNATURES = {
    "WriteValue": "aya{sv}",
    "RegisterAgent": "os",
    "RequestDefaultAgent": "o",
    "RemoveDevice": "o",
    "Get": "ss",
    "GetAll": "s",
    "Set": "ssv",
}
PATIENCE_S = 5


class Host:
    """A program that speaks D-Bus itself."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus

    async def call(self, path: str, method: str, *body: Any) -> Message:
        """The reply to `Interface.Member`; Properties is the standard's own."""
        interface, _, member = method.rpartition(".")
        prefix = "org.freedesktop.DBus" if interface == "Properties" else "org.bluez"
        return await self.bus.call(
            Message(
                destination="org.bluez",
                path=path,
                interface=f"{prefix}.{interface}",
                member=member,
                signature=SIGNATURES.get(member, ""),
                body=list(body),
            )
        )

    async def error(self, path: str, method: str, *body: Any) -> str | None:
        """The end of the error's name; None where there is no error."""
        reply = await self.call(path, method, *body)
        if reply.message_type is not MessageType.ERROR:
            return None
        return (reply.error_name or "").rpartition(".")[2]

    async def get(self, path: str, interface: str, name: str) -> Any:
        """The value of a property."""
        reply = await self.call(path, "Properties.Get", f"org.bluez.{interface}", name)
        return reply.body[0].value

    async def connect(self) -> None:
        """Hear the one reader in range, and connect to it."""
        assert await self.error(ADAPTER, "Adapter1.StartDiscovery") is None
        assert await self.error(DEVICE, "Device1.Connect") is None


async def scan_ended(bluetooth: SimulatedBluetooth) -> None:
    """Return when the bus has told BlueZ that the host is gone."""
    async with asyncio.timeout(PATIENCE_S):
        while bluetooth.adapter.is_scanned:  # noqa: ASYNC110 - the bus does it
            await asyncio.sleep(0)


@pytest.fixture
async def host(bluetooth: SimulatedBluetooth, bus_address: str) -> AsyncIterator[Host]:
    bus = await MessageBus(bus_address=bus_address).connect()
    yield Host(bus)
    bus.disconnect()


@pytest.mark.parametrize(
    ("text", "address", "options"),
    [
        (ADDRESS, ADDRESS, BleOptions()),
        (ADDRESS.lower(), ADDRESS, BleOptions(247, Bonding.NONE)),
        (f"{ADDRESS}?mtu=23", ADDRESS, BleOptions(mtu=23)),
        (
            f"{ADDRESS}?mtu=517&bonding=passkey",
            ADDRESS,
            BleOptions(517, Bonding.PASSKEY),
        ),
    ],
)
def test_address_says_how_the_reader_behaves(
    text: str, address: str, options: BleOptions
) -> None:
    assert parse_address(text) == (address, options)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AA:BB",
        f"{ADDRESS}0",
        f"{ADDRESS}?mtu=22",
        f"{ADDRESS}?mtu=518",
        f"{ADDRESS}?mtu=big",
        f"{ADDRESS}?bonding=love",
        f"{ADDRESS}?colour=red",
    ],
)
def test_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WireUnavailable):
        parse_address(text)


def test_reader_without_bluetooth_is_not_put_on_the_air() -> None:
    bluetooth = SimulatedBluetooth(clock=ManualClock())

    with pytest.raises(WireUnavailable, match="magtek_dynaprox has no Bluetooth"):
        bluetooth.wire_at(ADDRESS, nameplate(None))


def test_malformed_address_keeps_the_simulator_from_being_built() -> None:
    order = ReaderOrder("till1", "ble:till1")

    with pytest.raises(WireUnavailable, match="no address such as"):
        build_simulator(clock=ManualClock(), readers=[order])


def test_two_readers_cannot_have_one_address() -> None:
    bluetooth = SimulatedBluetooth(clock=ManualClock())
    bluetooth.wire_at(ADDRESS, nameplate(VALUES))

    with pytest.raises(WireUnavailable, match="two readers"):
        bluetooth.wire_at(ADDRESS.lower(), nameplate(VALUES))


async def test_serial_number_can_be_read(bluetooth: SimulatedBluetooth) -> None:
    echo_reader(bluetooth, serial_number="B1234567")
    device = await BleakScanner.find_device_by_address(ADDRESS, timeout=PATIENCE_S)
    assert device is not None

    async with BleakClient(device) as client:
        value = await client.read_gatt_char(SERIAL_NUMBER)

    assert (device.name, bytes(value)) == ("ACME-34567", b"B1234567")


@pytest.mark.parametrize(
    ("path", "method", "body", "error"),
    [
        (ADAPTER, "Adapter1.StartDiscovery", (), "InProgress"),
        (ADAPTER, "Adapter1.Explode", (), "UnknownMethod"),
        (DEVICE, "Device1.Explode", (), "UnknownMethod"),
        (f"{ADAPTER}/dev_00", "Device1.Connect", (), "DoesNotExist"),
        (NOTIFY, "GattCharacteristic1.Explode", (), "UnknownMethod"),
        (f"{NOTIFY}f", "GattCharacteristic1.ReadValue", (), "UnknownObject"),
        (WRITE, "GattCharacteristic1.ReadValue", (), "NotPermitted"),
        (WRITE, "GattCharacteristic1.StartNotify", (), "NotSupported"),
        (WRITE, "GattCharacteristic1.WriteValue", (bytes(245), {}), "InvalidArguments"),
        (NOTIFY, "GattCharacteristic1.WriteValue", (b"x", {}), "NotPermitted"),
        ("/org/bluez", "AgentManager1.Explode", (), "UnknownMethod"),
        ("/org/bluez", "AgentManager1.RequestDefaultAgent", ("/a",), "DoesNotExist"),
        (ADAPTER, "Properties.Get", ("org.bluez.Adapter1", "Colour"), "InvalidArgs"),
        (ADAPTER, "Properties.GetAll", ("org.bluez.Device1",), "UnknownObject"),
        (
            ADAPTER,
            "Properties.Set",
            ("org.bluez.Adapter1", "Address", Variant("s", "")),
            "PropertyReadOnly",
        ),
        (
            "/nowhere",
            "Properties.Set",
            ("org.bluez.Adapter1", "Powered", Variant("b", True)),
            "UnknownObject",
        ),
    ],
)
async def test_what_cannot_be_is_refused_as_bluez_does(
    bluetooth: SimulatedBluetooth,
    host: Host,
    path: str,
    method: str,
    body: tuple[Any, ...],
    error: str,
) -> None:
    echo_reader(bluetooth)
    await host.connect()

    assert await host.error(path, method, *body) == error


async def test_scan_ends_with_the_host_that_began_it(
    bluetooth: SimulatedBluetooth, host: Host
) -> None:
    assert await host.error(ADAPTER, "Adapter1.StopDiscovery") == "Failed"
    await host.call(ADAPTER, "Adapter1.StartDiscovery")
    assert await host.get(ADAPTER, "Adapter1", "Discovering")

    host.bus.disconnect()

    await scan_ended(bluetooth)


async def test_connection_outlives_the_host_that_made_it(
    bluetooth: SimulatedBluetooth, host: Host
) -> None:
    reader = echo_reader(bluetooth)
    await host.connect()

    host.bus.disconnect()
    await scan_ended(bluetooth)

    assert reader.wire.is_connected


async def test_host_may_switch_the_adapter_off_and_on(
    bluetooth: SimulatedBluetooth, host: Host
) -> None:
    reader = echo_reader(bluetooth)
    await host.connect()

    power = ("org.bluez.Adapter1", "Powered")
    await host.call(ADAPTER, "Properties.Set", *power, Variant("b", False))

    assert await host.error(DEVICE, "Device1.Connect") == "NotReady"
    assert not reader.wire.is_connected
    await host.call(ADAPTER, "Properties.Set", *power, Variant("b", True))
    assert await host.error(DEVICE, "Device1.Connect") is None


async def test_device_that_is_removed_is_forgotten_with_its_key(
    bluetooth: SimulatedBluetooth, host: Host
) -> None:
    options = BleOptions(bonding=Bonding.JUST_WORKS)
    reader = echo_reader(bluetooth, options=options)
    await host.connect()
    reader.wire.bond()
    assert await host.get(DEVICE, "Device1", "Paired")

    await host.call(ADAPTER, "Adapter1.RemoveDevice", DEVICE)

    assert not reader.wire.is_connected
    assert await host.error(DEVICE, "Device1.Connect") == "DoesNotExist"


async def test_attempt_to_connect_is_given_up_or_succeeds_when_the_reader_comes(
    bluetooth: SimulatedBluetooth, host: Host
) -> None:
    reader = echo_reader(bluetooth)
    await host.call(ADAPTER, "Adapter1.StartDiscovery")
    reader.wire.unplug()

    connecting = asyncio.create_task(host.error(DEVICE, "Device1.Connect"))
    await asyncio.sleep(0)
    await host.call(DEVICE, "Device1.Disconnect")
    assert await connecting == "Failed"
    connecting = asyncio.create_task(host.error(DEVICE, "Device1.Connect"))
    await asyncio.sleep(0)
    await host.get(ADAPTER, "Adapter1", "Powered")
    reader.plug()

    assert await connecting is None


@pytest.mark.parametrize(
    ("capability", "answer", "error"),
    [
        ("KeyboardOnly", 123456, None),
        ("KeyboardDisplay", 1, "AuthenticationFailed"),
        ("KeyboardOnly", None, "AuthenticationRejected"),
        ("NoInputNoOutput", 123456, "AuthenticationFailed"),
        (None, 123456, "AuthenticationFailed"),
    ],
)
async def test_default_agent_answers_for_a_host_without_one(
    bluetooth: SimulatedBluetooth,
    host: Host,
    bus_address: str,
    capability: str | None,
    answer: int | None,
    error: str | None,
) -> None:
    echo_reader(bluetooth, options=BleOptions(bonding=Bonding.PASSKEY))
    await host.connect()
    person = await MessageBus(bus_address=bus_address).connect()
    person.add_message_handler(lambda question: answered(question, answer))
    if capability is not None:
        agent = Host(person)
        register = ("/org/bluez", "AgentManager1.RegisterAgent", "/agent", capability)
        assert await agent.error(*register) is None
        assert await agent.error(*register) == "AlreadyExists"
        await agent.call("/org/bluez", "AgentManager1.RequestDefaultAgent", "/agent")

    assert await host.error(DEVICE, "Device1.Pair") == error

    assert await host.get(DEVICE, "Device1", "Paired") is (error is None)
    person.disconnect()


def answered(question: Message, passkey: int | None) -> Message | None:
    if question.member != "RequestPasskey":
        return None
    if passkey is None:
        return Message.new_error(question, "org.bluez.Error.Rejected", "no")
    return Message.new_method_return(question, "u", [passkey])


async def test_everything_takes_its_time_where_it_is_told_to(bus_address: str) -> None:
    clock = ManualClock()
    bluetooth = SimulatedBluetooth(clock=clock, latency_s=0.5)
    async with bluetooth.running(bus_address):
        bus = await MessageBus(bus_address=bus_address).connect()
        scanning = asyncio.create_task(
            Host(bus).error(ADAPTER, "Adapter1.StartDiscovery")
        )
        await asyncio.sleep(0)
        await Host(bus).get(ADAPTER, "Adapter1", "Powered")
        early = scanning.done()

        clock.advance(0.5)

        assert (early, await scanning) == (False, None)
        bus.disconnect()


async def test_two_bluez_do_not_share_a_bus(
    bluetooth: SimulatedBluetooth, bus_address: str
) -> None:
    second = SimulatedBluetooth(clock=SystemClock())

    with pytest.raises(WireUnavailable, match="another BlueZ"):
        async with second.running(bus_address):
            pass


async def test_bus_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    bluetooth = SimulatedBluetooth(clock=ManualClock())

    with pytest.raises(WireUnavailable, match="No such file"):
        async with bluetooth.running(f"unix:path={tmp_path}/bus"):
            pass


@pytest.mark.parametrize(
    ("program", "said"),
    [("no-such-daemon", "needs a D-Bus daemon"), ("true", "does not start")],
)
def test_bus_without_a_daemon_is_an_error(program: str, said: str) -> None:
    with pytest.raises(WireUnavailable, match=said), private_bus(program):
        pass
