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

from dbus_fast import BusType, DBusError, Message, MessageType, RequestNameReply
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusFastError

from simulator.clock import Clock
from simulator.errors import WireUnavailable
from simulator.reader.wires.bluez_adapter import SimulatedAdapter
from simulator.reader.wires.bluez_objects import BLUEZ, DBUS, bluez_error
from simulator.reader.wires.bluez_wire import (
    DEFAULT_OPTIONS,
    BleOptions,
    BluezWire,
    parse_address,
)
from simulator.reader.wires.object_tree import PROPERTIES, ObjectTree
from simulator.reader.wires.wire import Nameplate

_CLIENTS_LEAVING = (
    f"type='signal',sender='{DBUS}',interface='{DBUS}',member='NameOwnerChanged'"
)


class SimulatedBluetooth:
    """Made without a bus; wires may be plugged before and while it is on one."""

    def __init__(self, *, clock: Clock, latency_s: float = 0.0) -> None:
        """`latency_s` goes by before anything that a host asks is carried out."""
        self.latency_s = latency_s
        self._clock = clock
        self._bus: MessageBus | None = None
        self._tree = ObjectTree(self._send)
        self._calls: set[asyncio.Task[None]] = set()
        self._troubles: dict[str, deque[DBusError | asyncio.Event]] = {}
        self.adapter = SimulatedAdapter(self._tree, clock=clock)

    def wire(
        self, address: str, nameplate: Nameplate, options: BleOptions = DEFAULT_OPTIONS
    ) -> BluezWire:
        """A reader in range; raises WireUnavailable where it cannot be one."""
        wire = BluezWire(address, nameplate, tree=self._tree, options=options)
        self.adapter.add(wire)
        return wire

    def wire_at(self, address: str, nameplate: Nameplate) -> BluezWire:
        """The same, for an address with its options as a person writes them."""
        address, options = parse_address(address)
        return self.wire(address, nameplate, options)

    @asynccontextmanager
    async def running(self, bus_address: str) -> AsyncIterator[None]:
        """Be BlueZ on this bus; raises WireUnavailable where that cannot be."""
        bus = await _as_bluez(bus_address)
        try:
            bus.add_message_handler(self._on_message)
            self._bus = bus
            yield
        finally:
            self._bus = None
            self.adapter.end_scans()
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
            bus.disconnect()
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    def fail_next(self, member: str, name: str, text: str = "") -> None:
        """Answer the next call of `member`, such as Connect, with org.bluez.Error.`name`."""
        error = bluez_error(name, text)
        self._troubles.setdefault(member, deque()).append(error)

    def ignore_next(self, member: str) -> asyncio.Event:
        """Never answer the next call of `member`, and do nothing but set the event."""
        ignored = asyncio.Event()
        self._troubles.setdefault(member, deque()).append(ignored)
        return ignored

    def _send(self, message: Message) -> None:
        if self._bus is not None and self._bus.connected:
            self._bus.send(message)

    def _on_message(self, message: Message) -> Message | bool | None:
        if message.sender == DBUS and message.member == "NameOwnerChanged":
            client, _, owner = message.body
            if not owner:
                self.adapter.lose_client(client)
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
            value = await self.adapter.carry_out(call, call_agent=self._call_agent)
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

    async def _call_agent(self, message: Message) -> Message:
        if self._bus is None:
            raise bluez_error("Failed", "Not connected")
        return await self._bus.call(message)


async def _as_bluez(bus_address: str) -> MessageBus:
    """A connection to the bus under BlueZ's name."""
    try:
        bus = MessageBus(bus_address=bus_address, bus_type=BusType.SYSTEM)
        try:
            await bus.connect()
            await _become_bluez(bus)
        except BaseException:
            bus.disconnect()
            raise
    except (OSError, EOFError, DBusFastError) as error:
        raise WireUnavailable(f"{bus_address}: {error}") from error
    return bus


async def _become_bluez(bus: MessageBus) -> None:
    reply = await bus.request_name(BLUEZ)
    if reply is not RequestNameReply.PRIMARY_OWNER:
        raise WireUnavailable("another BlueZ is on this bus")
    watch = Message(
        destination=DBUS,
        path="/org/freedesktop/DBus",
        interface=DBUS,
        member="AddMatch",
        signature="s",
        body=[_CLIENTS_LEAVING],
    )
    await bus.call(watch)


def _is_for_bluez(call: Message) -> bool:
    interface = call.interface or ""
    return interface.startswith(f"{BLUEZ}.") or (
        interface == PROPERTIES and call.member == "Set"
    )
