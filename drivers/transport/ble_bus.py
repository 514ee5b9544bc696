"""What bleak has no call for: pairing with a passkey, and whether BlueZ is still there.

Pairing asks nobody at the machine. Its agent knows the passkey that a profile gives,
and never agrees to a question about another device.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus

_BLUEZ = "org.bluez"
_DBUS = "org.freedesktop.DBus"
_AGENT_PATH = "/org/cardlane/agent"
_BLUEZ_COMES_OR_GOES = (
    f"type='signal',sender='{_DBUS}',member='NameOwnerChanged',arg0='{_BLUEZ}'"
)


@asynccontextmanager
async def daemon_watched(gone: Callable[[], None]) -> AsyncIterator[None]:
    """Call `gone` when BlueZ leaves the bus within the context.

    Its readers are lost then, without another word from it.
    """

    def hear(message: Message) -> None:
        if message.member == "NameOwnerChanged" and message.body[::2] == [_BLUEZ, ""]:
            gone()

    async with _bus() as bus:
        bus.add_message_handler(hear)
        await _call(
            bus,
            Message(
                destination=_DBUS,
                path="/org/freedesktop/DBus",
                interface=_DBUS,
                member="AddMatch",
                signature="s",
                body=[_BLUEZ_COMES_OR_GOES],
            ),
        )
        yield


async def is_connected(device_path: str) -> bool:
    """Whether BlueZ says so now; bleak may remember a daemon that has died."""
    async with _bus() as bus:
        reply = await bus.call(
            Message(
                destination=_BLUEZ,
                path=device_path,
                interface=f"{_DBUS}.Properties",
                member="Get",
                signature="ss",
                body=[f"{_BLUEZ}.Device1", "Connected"],
            )
        )
        is_answer = reply.message_type is not MessageType.ERROR
        return is_answer and bool(reply.body[0].value)


async def pair(device_path: str, *, passkey: int | None) -> None:
    """Bond with the device, for good; raises DBusError where either side refuses."""
    async with _bus() as bus:
        # BlueZ asks the agent of who wants to pair, and forgets it with the connection.
        agent = PairingAgent(device_path, passkey)
        bus.add_message_handler(agent.answer)
        register = Message(
            destination=_BLUEZ,
            path="/org/bluez",
            interface=f"{_BLUEZ}.AgentManager1",
            member="RegisterAgent",
            signature="os",
            body=[_AGENT_PATH, agent.capability],
        )
        await _call(bus, register)
        bond = Message(
            destination=_BLUEZ,
            path=device_path,
            interface=f"{_BLUEZ}.Device1",
            member="Pair",
        )
        await _call(bus, bond)


class PairingAgent:
    """Answers BlueZ's questions about one device; pure."""

    def __init__(self, device_path: str, passkey: int | None) -> None:
        self._device_path = device_path
        self._passkey = passkey

    @property
    def capability(self) -> str:
        """With a keyboard the reader may ask for its passkey, without it does not."""
        return "NoInputNoOutput" if self._passkey is None else "KeyboardOnly"

    def answer(self, message: Message) -> Message | None:
        """The answer to a question of BlueZ's; None to all else. Raises DBusError."""
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.interface != "org.bluez.Agent1":
            return None
        match message.member:
            case "RequestPasskey" if self._is_meant(message):
                return Message.new_method_return(message, "u", [self._passkey])
            case "RequestPinCode" if self._is_meant(message):
                return Message.new_method_return(message, "s", [f"{self._passkey:06}"])
            case "RequestAuthorization" if self._is_meant(message):
                return Message.new_method_return(message)
            case "Release" | "Cancel":
                return Message.new_method_return(message)
            case _:
                raise DBusError("org.bluez.Error.Rejected", "nobody to ask")

    def _is_meant(self, message: Message) -> bool:
        asks = message.member != "RequestAuthorization"
        return message.body[0] == self._device_path and not (
            asks and self._passkey is None
        )


@asynccontextmanager
async def _bus() -> AsyncIterator[MessageBus]:
    bus = MessageBus(bus_type=BusType.SYSTEM)
    try:
        await bus.connect()
        yield bus
    finally:
        bus.disconnect()


async def _call(bus: MessageBus, message: Message) -> None:
    reply = await bus.call(message)
    if reply.message_type is MessageType.ERROR:
        raise DBusError(reply.error_name or "", str(*reply.body[:1]))
