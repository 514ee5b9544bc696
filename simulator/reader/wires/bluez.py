"""BlueZ with one adapter and simulated readers in range, on a bus of one's own.

For hosts that reach BlueZ over D-Bus, such as bleak. It plays what a host sees of the
daemon: discovery, connections, GATT, pairing. It has nothing to do with a real one,
and must never be given the bus of the system.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dbus_fast import (
    BusType,
    DBusError,
    Message,
    MessageType,
    RequestNameReply,
    Variant,
)
from dbus_fast.aio import MessageBus

from simulator.clock import Clock, Timer
from simulator.errors import WireUnavailable
from simulator.reader.wires.bluez_agents import Agent, Agents, pair
from simulator.reader.wires.bluez_wire import (
    ADAPTER_PATH,
    DEFAULT_OPTIONS,
    BleOptions,
    BluezWire,
    bluez_error,
)
from simulator.reader.wires.object_tree import PROPERTIES, ObjectTree
from simulator.reader.wires.wire import Nameplate

BLUEZ = "org.bluez"
ADAPTER = "org.bluez.Adapter1"

_ADVERTISING_INTERVAL_S = 0.1
_DAEMON = "org.freedesktop.DBus"
_CLIENTS_LEAVING = (
    f"type='signal',sender='{_DAEMON}',interface='{_DAEMON}',member='NameOwnerChanged'"
)


class SimulatedBluetooth:
    """Made without a bus; wires may be plugged before and while it is on one."""

    def __init__(self, *, clock: Clock, latency_s: float = 0.0) -> None:
        """`latency_s` goes by before anything that a host asks is carried out."""
        self.latency_s = latency_s
        self._clock = clock
        self._bus: MessageBus | None = None
        self._tree = ObjectTree(self._send)
        self._wires: dict[str, BluezWire] = {}
        self._agents = Agents()
        self._scanning: set[str] = set()
        self._next_report: Timer | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._troubles: dict[str, deque[DBusError | asyncio.Event]] = {}
        self._plug_adapter()

    @property
    def is_scanned(self) -> bool:
        """Whether a host looks for readers."""
        return bool(self._scanning)

    def wire(
        self, address: str, nameplate: Nameplate, options: BleOptions = DEFAULT_OPTIONS
    ) -> BluezWire:
        """A reader in range; raises WireUnavailable where it cannot be one."""
        wire = BluezWire(address, nameplate, tree=self._tree, options=options)
        if wire.path in self._wires:
            raise WireUnavailable(f"two readers have the address {address}")
        self._wires[wire.path] = wire
        return wire

    @asynccontextmanager
    async def running(self, bus_address: str) -> AsyncIterator[None]:
        """Be BlueZ on this bus; raises WireUnavailable where that cannot be."""
        bus = MessageBus(bus_address=bus_address, bus_type=BusType.SYSTEM)
        try:
            try:
                await bus.connect()
                await _become_bluez(bus)
            except (OSError, EOFError, DBusError) as error:
                raise WireUnavailable(f"{bus_address}: {error}") from error
            bus.add_message_handler(self._on_message)
            self._bus = bus
            yield
        finally:
            self._bus = None
            self._end_scan(*self._scanning)
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
            bus.disconnect()
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    def set_powered(self, powered: bool) -> None:
        """Switch the adapter on or off; off ends scans and connections."""
        self._tree.change(ADAPTER_PATH, {"Powered": Variant("b", powered)})
        if not powered:
            self._end_scan(*self._scanning)
            for wire in self._wires.values():
                wire.disconnect()

    def unplug_adapter(self) -> None:
        """Pull the adapter out of the machine."""
        self.set_powered(False)
        self._tree.remove(ADAPTER_PATH)

    def fail_next(self, member: str, name: str, text: str = "") -> None:
        """Answer the next call of `member`, such as Connect, with org.bluez.Error.`name`."""
        error = bluez_error(name, text)
        self._troubles.setdefault(member, deque()).append(error)

    def ignore_next(self, member: str) -> asyncio.Event:
        """Never answer the next call of `member`, and do nothing but set the event."""
        ignored = asyncio.Event()
        self._troubles.setdefault(member, deque()).append(ignored)
        return ignored

    def _plug_adapter(self) -> None:
        properties = {
            "Address": Variant("s", "00:11:22:33:44:55"),
            "Name": Variant("s", "simulated"),
            "Alias": Variant("s", "simulated"),
            "Powered": Variant("b", True),
            "Discovering": Variant("b", False),
            "Roles": Variant("as", ["central", "peripheral"]),
            "UUIDs": Variant("as", []),
        }
        self._tree.add(ADAPTER_PATH, ADAPTER, properties)

    def _send(self, message: Message) -> None:
        if self._bus is not None and self._bus.connected:
            self._bus.send(message)

    def _on_message(self, message: Message) -> Message | bool | None:
        if message.sender == _DAEMON and message.member == "NameOwnerChanged":
            client, _, owner = message.body
            if not owner:
                self._lose_client(client)
            return None
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        reply = self._tree.answer(message)
        if reply is not None or not _is_for_bluez(message):
            return reply
        call = asyncio.get_running_loop().create_task(self._answer(message))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return True

    async def _answer(self, call: Message) -> None:
        try:
            await self._pause()
            troubles = self._troubles.get(call.member or "")
            if troubles:
                trouble = troubles.popleft()
                if isinstance(trouble, DBusError):
                    raise trouble
                trouble.set()
                return
            value = await self._carry_out(call)
        except DBusError as error:
            self._send(Message.new_error(call, error.type, error.text))
            return
        if value is None:
            self._send(Message.new_method_return(call))
        else:
            self._send(Message.new_method_return(call, "ay", [value]))

    async def _pause(self) -> None:
        if self.latency_s > 0:
            over = asyncio.Event()
            self._clock.call_later(self.latency_s, over.set)
            await over.wait()

    async def _carry_out(self, call: Message) -> bytes | None:
        match (call.interface or "").removeprefix(f"{BLUEZ}."):
            case "AgentManager1":
                self._agent_call(call)
            case "Adapter1":
                self._adapter_call(call)
            case "Device1":
                await self._device_call(call)
            case "GattCharacteristic1":
                return self._characteristic_call(call)
            case _:
                self._set_property(call)
        return None

    def _agent_call(self, call: Message) -> None:
        client = call.sender or ""
        match call.member:
            case "RegisterAgent":
                self._agents.register(Agent(client, *call.body))
            case "UnregisterAgent":
                self._agents.unregister(client)
            case "RequestDefaultAgent":
                self._agents.make_default(client)
            case _:
                raise _unknown_method(call)

    def _adapter_call(self, call: Message) -> None:
        if ADAPTER_PATH not in self._tree:
            raise _unknown_object(call)
        client = call.sender or ""
        match call.member:
            case "SetDiscoveryFilter":
                pass
            case "StartDiscovery":
                self._start_scan(client)
            case "StopDiscovery":
                if client not in self._scanning:
                    raise bluez_error("Failed", "No discovery started")
                self._end_scan(client)
            case "RemoveDevice":
                self._wire_at(call.body[0]).forget()
            case _:
                raise _unknown_method(call)

    async def _device_call(self, call: Message) -> None:
        wire = self._wire_at(call.path or "")
        match call.member:
            case "Connect":
                self._require_power()
                await wire.connect()
            case "Disconnect" | "CancelPairing":
                wire.disconnect()
            case "Pair":
                self._require_power()
                if self._bus is not None:
                    agent = self._agents.of(call.sender or "")
                    await pair(wire, agent, call=self._bus.call)
            case _:
                raise _unknown_method(call)

    def _characteristic_call(self, call: Message) -> bytes | None:
        path, client = call.path or "", call.sender or ""
        wire = self._wire_at(path.rsplit("/", 2)[0])
        if path not in self._tree:
            raise _unknown_object(call)
        match call.member:
            case "ReadValue":
                return wire.read(path)
            case "WriteValue":
                wire.write(path, bytes(call.body[0]))
            case "StartNotify":
                wire.start_notify(path, client)
            case "StopNotify":
                wire.stop_notify(client)
            case _:
                raise _unknown_method(call)
        return None

    def _set_property(self, call: Message) -> None:
        if call.path is None or call.path not in self._tree:
            raise _unknown_object(call)
        match call.body:
            case ["org.bluez.Adapter1", "Powered", Variant(value=bool(powered))]:
                self.set_powered(powered)
            case ["org.bluez.Device1", "Trusted", Variant() as trusted]:
                self._tree.change(call.path, {"Trusted": trusted})
            case _:
                raise DBusError(f"{_DAEMON}.Error.PropertyReadOnly", "read-only")

    def _start_scan(self, client: str) -> None:
        self._require_power()
        if client in self._scanning:
            raise bluez_error("InProgress", "Operation already in progress")
        self._scanning.add(client)
        self._tree.change(ADAPTER_PATH, {"Discovering": Variant("b", True)})
        self._report()

    def _report(self) -> None:
        """Every reader is heard, and again after a while, for as long as one scans."""
        if self._next_report is not None:
            self._next_report.cancel()
        for wire in self._wires.values():
            wire.advertise()
        self._next_report = self._clock.call_later(
            _ADVERTISING_INTERVAL_S, self._report
        )

    def _end_scan(self, *clients: str) -> None:
        self._scanning.difference_update(clients)
        if self._scanning or self._next_report is None:
            return
        self._next_report.cancel()
        self._next_report = None
        for wire in self._wires.values():
            wire.unheard()
        self._tree.change(ADAPTER_PATH, {"Discovering": Variant("b", False)})

    def _lose_client(self, client: str) -> None:
        """A host has left the bus. What it had connected stays so, as with BlueZ."""
        self._end_scan(client)
        self._agents.unregister(client)
        for wire in self._wires.values():
            wire.stop_notify(client)

    def _require_power(self) -> None:
        if not self._tree.value(ADAPTER_PATH, "Powered"):
            raise bluez_error("NotReady", "Resource Not Ready")

    def _wire_at(self, path: str) -> BluezWire:
        if path not in self._wires or path not in self._tree:
            raise bluez_error("DoesNotExist", "Does Not Exist")
        return self._wires[path]


async def _become_bluez(bus: MessageBus) -> None:
    if await bus.request_name(BLUEZ) is not RequestNameReply.PRIMARY_OWNER:
        raise WireUnavailable("another BlueZ is on this bus")
    await bus.call(
        Message(
            destination=_DAEMON,
            path="/org/freedesktop/DBus",
            interface=_DAEMON,
            member="AddMatch",
            signature="s",
            body=[_CLIENTS_LEAVING],
        )
    )


def _is_for_bluez(call: Message) -> bool:
    interface = call.interface or ""
    return interface.startswith(f"{BLUEZ}.") or (
        interface == PROPERTIES and call.member == "Set"
    )


def _unknown_method(call: Message) -> DBusError:
    return DBusError(f"{_DAEMON}.Error.UnknownMethod", f"no {call.member}")


def _unknown_object(call: Message) -> DBusError:
    return DBusError(f"{_DAEMON}.Error.UnknownObject", f"no {call.path}")
