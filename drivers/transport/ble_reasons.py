"""Why Bluetooth does not work, with what a person can do about it."""

from __future__ import annotations

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)
from dbus_fast import DBusError
from dbus_fast.errors import DBusFastError

from drivers.errors import (
    BluetoothDisabled,
    BluetoothPairingLost,
    TransportUnavailable,
)

BLUETOOTH_ERRORS = (BleakError, DBusFastError, OSError, EOFError)
"""All that bleak raises where adapter, daemon, bus or reader do not do as asked."""

_OFF = "Bluetooth is switched off; switch it on with `bluetoothctl power on`"
_FORBIDDEN = "permission denied; add this user to the bluetooth group"
_NO_DAEMON = (
    "the Bluetooth service is not running; start it with `systemctl start bluetooth`"
)
_NO_BUS = "there is no D-Bus on this machine, which Bluetooth needs"
_PAIRING = (
    "the reader refuses to be paired; put it into pairing mode, or remove it with "
    "`bluetoothctl remove` and pair it anew"
)
_WANTS_BOND = "the reader wants to be paired; pair it with `bluetoothctl pair`"

_KINDS: dict[str, type[TransportUnavailable]] = {
    _OFF: BluetoothDisabled,
    _PAIRING: BluetoothPairingLost,
}

_NOT_AVAILABLE = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: (
        "this machine has no Bluetooth adapter; is it plugged in?"
    ),
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: (
        "the Bluetooth adapter is too old for Bluetooth LE"
    ),
    BleakBluetoothNotAvailableReason.POWERED_OFF: _OFF,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: _FORBIDDEN,
}
_BY_NAME = {
    "org.freedesktop.DBus.Error.ServiceUnknown": _NO_DAEMON,
    "org.freedesktop.DBus.Error.NameHasNoOwner": _NO_DAEMON,
    "org.freedesktop.systemd1.NoSuchUnit": _NO_DAEMON,
    "org.freedesktop.DBus.Error.AccessDenied": _FORBIDDEN,
    "org.bluez.Error.NotReady": _OFF,
    "org.bluez.Error.AuthenticationFailed": _PAIRING,
    "org.bluez.Error.AuthenticationRejected": _PAIRING,
    "org.bluez.Error.AuthenticationCanceled": _PAIRING,
    "org.bluez.Error.AuthenticationTimeout": _PAIRING,
    # Paired in BlueZ's eyes, but not in the reader's, which has lost its key.
    "org.bluez.Error.AlreadyExists": _PAIRING,
    "org.bluez.Error.NotPermitted": _WANTS_BOND,
    "org.bluez.Error.InProgress": "another program is busy with the Bluetooth adapter",
}
_INSUFFICIENT = frozenset(
    {
        BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHORIZATION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION_KEY_SIZE,
    }
)


def reason_of(error: Exception) -> str:
    """Why Bluetooth failed, for a cashier."""
    if isinstance(error, BleakBluetoothNotAvailableError):
        return _NOT_AVAILABLE.get(error.reason, str(error.args[0]))
    if isinstance(error, BleakDeviceNotFoundError):
        return "the reader was heard and is gone again; is it on and near?"
    if isinstance(error, (FileNotFoundError, ConnectionError, EOFError)):
        return _NO_BUS
    name, details = _dbus_error(error)
    if wants_bond(error):
        return _WANTS_BOND
    if isinstance(error, BleakGATTProtocolError):
        return f"the reader refuses it ({error.args[1]})"
    return _BY_NAME.get(name, details or name or type(error).__name__)


def unavailable(spec: str, error: Exception) -> TransportUnavailable:
    """What to raise where Bluetooth failed so that `spec` cannot be opened."""
    reason = reason_of(error)
    return _KINDS.get(reason, TransportUnavailable)(spec, reason)


def wants_bond(error: Exception) -> bool:
    """Whether the reader asks to be paired before it does what was asked."""
    if isinstance(error, BleakGATTProtocolError):
        return error.code in _INSUFFICIENT
    # BlueZ has one name for that and for what is never permitted; the text tells.
    name, details = _dbus_error(error)
    return name == "org.bluez.Error.NotPermitted" and details == "Not paired"


def _dbus_error(error: Exception) -> tuple[str, str]:
    """Its D-Bus name, if it has one, and what it says."""
    if isinstance(error, BleakDBusError):
        return error.dbus_error, error.dbus_error_details or ""
    if isinstance(error, DBusError):
        return error.type, error.text
    return "", str(error)
