"""An adapter as BlueZ offers it: who scans, who pairs, and what is in range."""

from __future__ import annotations

from dbus_fast import Message, Variant

from simulator.clock import Clock, Timer
from simulator.errors import WireUnavailable
from simulator.reader.wires.bluez_agents import Agent, Agents, CallAgent, pair
from simulator.reader.wires.bluez_objects import (
    ADAPTER,
    ADAPTER_PATH,
    BLUEZ,
    adapter_properties,
    bluez_error,
    dbus_error,
)
from simulator.reader.wires.bluez_wire import BluezWire
from simulator.reader.wires.object_tree import ObjectTree

_ADVERTISING_INTERVAL_S = 0.1


class SimulatedAdapter:
    """Plugged in and switched on; knows no bus, but whose calls it carries out."""

    def __init__(self, tree: ObjectTree, *, clock: Clock) -> None:
        self._tree = tree
        self._clock = clock
        self._wires: dict[str, BluezWire] = {}
        self._agents = Agents()
        self._scanning: set[str] = set()
        self._next_report: Timer | None = None
        tree.add(ADAPTER_PATH, ADAPTER, adapter_properties())

    @property
    def is_scanned(self) -> bool:
        """Whether a host looks for readers."""
        return bool(self._scanning)

    def add(self, wire: BluezWire) -> None:
        """A reader in range; raises WireUnavailable where its address is taken."""
        if wire.path in self._wires:
            raise WireUnavailable(f"two readers have the address {wire.address}")
        self._wires[wire.path] = wire

    def set_powered(self, powered: bool) -> None:
        """Switch on or off; off ends scans and connections."""
        self._tree.change(ADAPTER_PATH, {"Powered": Variant("b", powered)})
        if not powered:
            self.end_scans()
            for wire in self._wires.values():
                wire.disconnect()

    def unplug(self) -> None:
        """Be pulled out of the machine."""
        self.set_powered(False)
        self._tree.remove(ADAPTER_PATH)

    def end_scans(self) -> None:
        """Nobody scans any more."""
        self._end_scan(*self._scanning)

    def lose_client(self, client: str) -> None:
        """A host has left the bus. What it had connected stays so, as with BlueZ."""
        self._end_scan(client)
        self._agents.unregister(client)
        for wire in self._wires.values():
            wire.stop_notify(client)

    async def carry_out(self, call: Message, *, call_agent: CallAgent) -> bytes | None:
        """Do what a host asks, and return the value it asks for; raises DBusError."""
        match (call.interface or "").removeprefix(f"{BLUEZ}."):
            case "AgentManager1":
                self._agent_call(call)
            case "Adapter1":
                self._adapter_call(call)
            case "Device1":
                await self._device_call(call, call_agent)
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
                raise dbus_error("UnknownMethod", f"no {call.member}")

    def _adapter_call(self, call: Message) -> None:
        if ADAPTER_PATH not in self._tree:
            raise dbus_error("UnknownObject", f"no {call.path}")
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
                raise dbus_error("UnknownMethod", f"no {call.member}")

    async def _device_call(self, call: Message, call_agent: CallAgent) -> None:
        wire = self._wire_at(call.path or "")
        match call.member:
            case "Connect":
                self._require_power()
                await wire.connect()
            case "Disconnect" | "CancelPairing":
                wire.disconnect()
            case "Pair":
                self._require_power()
                agent = self._agents.of(call.sender or "")
                await pair(wire, agent, call=call_agent)
            case _:
                raise dbus_error("UnknownMethod", f"no {call.member}")

    def _characteristic_call(self, call: Message) -> bytes | None:
        path, client = call.path or "", call.sender or ""
        wire = self._wire_at(path.rsplit("/", 2)[0])
        if path not in self._tree:
            raise dbus_error("UnknownObject", f"no {call.path}")
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
                raise dbus_error("UnknownMethod", f"no {call.member}")
        return None

    def _set_property(self, call: Message) -> None:
        if call.path is None or call.path not in self._tree:
            raise dbus_error("UnknownObject", f"no {call.path}")
        match call.body:
            case ["org.bluez.Adapter1", "Powered", Variant(value=bool(powered))]:
                self.set_powered(powered)
            case ["org.bluez.Device1", "Trusted", Variant() as trusted]:
                self._tree.change(call.path, {"Trusted": trusted})
            case _:
                raise dbus_error("PropertyReadOnly", "read-only")

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

    def _require_power(self) -> None:
        if not self._tree.value(ADAPTER_PATH, "Powered"):
            raise bluez_error("NotReady", "Resource Not Ready")

    def _wire_at(self, path: str) -> BluezWire:
        if path not in self._wires or path not in self._tree:
            raise bluez_error("DoesNotExist", "Does Not Exist")
        return self._wires[path]
