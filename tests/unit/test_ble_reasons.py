"""What is said where Bluetooth does not work, and questions nobody is there to answer."""

from __future__ import annotations

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)
from dbus_fast import DBusError, Message
from echo_reader import ADDRESS

from drivers.errors import LocalError
from drivers.profile import profile_named
from drivers.transport.ble_bus import PairingAgent
from drivers.transport.ble_reasons import reason_of, unavailable, wants_bond
from drivers.transport.opening import open_transport, openers

DEVICE = f"/org/bluez/hci0/dev_{ADDRESS.replace(':', '_')}"


def absent(reason: BleakBluetoothNotAvailableReason) -> Exception:
    return BleakBluetoothNotAvailableError("as bleak says it", reason)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (absent(BleakBluetoothNotAvailableReason.NO_BLUETOOTH), "no Bluetooth ad"),
        (absent(BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE), "too old"),
        (absent(BleakBluetoothNotAvailableReason.POWERED_OFF), "switched off"),
        (absent(BleakBluetoothNotAvailableReason.UNKNOWN), "as bleak says it"),
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", []), "bluetooth gr"),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", []), "systemctl"),
        (BleakDBusError("org.bluez.Error.Failed", ["le-connection-timeout"]), "le-con"),
        (BleakDBusError("org.bluez.Error.Failed", []), "org.bluez.Error.Failed"),
        (
            BleakDBusError("org.bluez.Error.NotPermitted", ["Not paired"]),
            "to be paired",
        ),
        (DBusError("org.bluez.Error.AlreadyExists", "Already Exists"), "pairing mode"),
        (BleakDeviceNotFoundError(ADDRESS, "gone"), "is gone again"),
        (BleakGATTProtocolError(0x0F), "wants to be paired"),
        (BleakGATTProtocolError(0x0E), "Unlikely Error"),
        (BleakError("Not connected"), "Not connected"),
        (FileNotFoundError(2, "No such file"), "no D-Bus"),
        (EOFError(), "no D-Bus"),
        (OSError(), "OSError"),
    ],
)
def test_reason_is_one_that_a_cashier_can_act_on(error: Exception, said: str) -> None:
    assert said in reason_of(error)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (absent(BleakBluetoothNotAvailableReason.POWERED_OFF), "bluetooth_disabled"),
        (BleakDBusError("org.bluez.Error.NotReady", []), "bluetooth_disabled"),
        (
            BleakDBusError("org.bluez.Error.AuthenticationFailed", []),
            "bluetooth_peer_removed_pairing_information",
        ),
        (BleakError("Not connected"), "reader_unavailable"),
    ],
)
def test_what_a_register_can_act_on_has_a_code_of_its_own(
    error: Exception, code: str
) -> None:
    assert unavailable(f"ble:{ADDRESS}", error).code == code


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (BleakGATTProtocolError(0x05), True),
        (BleakGATTProtocolError(0x0E), False),
        (BleakDBusError("org.bluez.Error.NotPermitted", ["Not paired"]), True),
        (
            BleakDBusError("org.bluez.Error.NotPermitted", ["Write not permitted"]),
            False,
        ),
        (BleakError("Not connected"), False),
    ],
)
def test_reader_that_wants_to_be_paired_is_told_from_one_that_refuses(
    error: Exception, wanted: bool
) -> None:
    assert wants_bond(error) is wanted


@pytest.mark.parametrize(
    ("passkey", "member", "answer"),
    [
        (4711, "RequestPasskey", [4711]),
        (4711, "RequestPinCode", ["004711"]),
        (4711, "RequestAuthorization", []),
        (None, "RequestAuthorization", []),
        (4711, "Cancel", []),
        (None, "Release", []),
    ],
)
def test_agent_answers_for_the_reader_that_is_paired(
    passkey: int | None, member: str, answer: list[object]
) -> None:
    reply = PairingAgent(DEVICE, passkey).answer(question(member, DEVICE))

    assert reply is not None
    assert reply.body == answer


@pytest.mark.parametrize(
    ("passkey", "member", "device"),
    [
        (None, "RequestPasskey", DEVICE),
        (None, "RequestPinCode", DEVICE),
        (4711, "RequestPasskey", "/org/bluez/hci0/dev_00"),
        (4711, "RequestAuthorization", "/org/bluez/hci0/dev_00"),
        (4711, "RequestConfirmation", DEVICE),
        (4711, "AuthorizeService", DEVICE),
    ],
)
def test_agent_agrees_to_nothing_else(
    passkey: int | None, member: str, device: str
) -> None:
    with pytest.raises(DBusError, match="nobody to ask"):
        PairingAgent(DEVICE, passkey).answer(question(member, device))


def test_agent_leaves_other_messages_to_others() -> None:
    agent = PairingAgent(DEVICE, None)
    signal = Message.new_signal("/", "org.bluez.Agent1", "Cancel")

    assert agent.answer(signal) is None
    assert agent.answer(question("Ping", DEVICE, "org.freedesktop.DBus.Peer")) is None


def question(member: str, device: str, interface: str = "org.bluez.Agent1") -> Message:
    return Message(
        destination=":1.1",
        path="/org/cardlane/agent",
        interface=interface,
        member=member,
        signature="o",
        body=[device],
        serial=1,
    )


async def test_model_without_bluetooth_is_not_looked_for() -> None:
    schemes = openers(profile_named("magtek_dynaprox"))

    with pytest.raises(LocalError, match="magtek_dynaprox has no Bluetooth"):
        await open_transport(f"ble:{ADDRESS}", schemes=schemes)
