"""How one reader's connection is kept: what follows what, and after how long.

Pure: no clock, no I/O. The effects are in agent.readers.supervisor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, assert_never

from agent.ids import Random
from drivers.errors import BluetoothDisabled, BluetoothPairingLost
from drivers.reader import DeviceNotice

NOTICE_HOLDS_S = 900.0
"""How long after a notice, such as of a dying battery, a loss is put down to it."""
REPLUG_S = 1.0
"""A person needs longer to replug a reader than a loose contact to come back."""


class Phase(StrEnum):
    """Where a connection stands."""

    CONNECTING = "connecting"
    """For the first time since the agent started or somebody asked for it."""
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    """Lost, and tried again with growing waits."""
    UNREACHABLE = "unreachable"
    """For longer than the budget; tried on, with the longest wait."""
    QUARANTINED = "quarantined"
    """Lost too often: left alone for a while."""
    DISCONNECTED = "disconnected"
    """Somebody wanted it so, until somebody wants it back."""


class Happening(StrEnum):
    """What can befall a connection."""

    OPENED = "opened"
    LOST = "lost"
    FLAPPED = "flapped"
    """Lost once more, and too often."""
    DRAINED = "drained"
    """Lost to an empty battery, which trying again would not charge."""
    BUDGET_SPENT = "budget_spent"
    RESTED = "rested"
    """The time in quarantine is over."""
    REPLUGGED = "replugged"
    CONNECT_ASKED = "connect_asked"
    DISCONNECT_ASKED = "disconnect_asked"


TRANSITIONS: dict[tuple[Phase, Happening], Phase] = {
    (Phase.CONNECTING, Happening.OPENED): Phase.CONNECTED,
    (Phase.CONNECTING, Happening.BUDGET_SPENT): Phase.UNREACHABLE,
    (Phase.CONNECTING, Happening.CONNECT_ASKED): Phase.CONNECTING,
    (Phase.CONNECTING, Happening.DISCONNECT_ASKED): Phase.DISCONNECTED,
    (Phase.CONNECTED, Happening.LOST): Phase.RECONNECTING,
    (Phase.CONNECTED, Happening.FLAPPED): Phase.QUARANTINED,
    (Phase.CONNECTED, Happening.DRAINED): Phase.UNREACHABLE,
    (Phase.CONNECTED, Happening.DISCONNECT_ASKED): Phase.DISCONNECTED,
    (Phase.RECONNECTING, Happening.OPENED): Phase.CONNECTED,
    (Phase.RECONNECTING, Happening.BUDGET_SPENT): Phase.UNREACHABLE,
    (Phase.RECONNECTING, Happening.CONNECT_ASKED): Phase.RECONNECTING,
    (Phase.RECONNECTING, Happening.DISCONNECT_ASKED): Phase.DISCONNECTED,
    (Phase.UNREACHABLE, Happening.OPENED): Phase.CONNECTED,
    (Phase.UNREACHABLE, Happening.REPLUGGED): Phase.CONNECTING,
    (Phase.UNREACHABLE, Happening.CONNECT_ASKED): Phase.CONNECTING,
    (Phase.UNREACHABLE, Happening.DISCONNECT_ASKED): Phase.DISCONNECTED,
    (Phase.QUARANTINED, Happening.RESTED): Phase.CONNECTING,
    (Phase.QUARANTINED, Happening.REPLUGGED): Phase.CONNECTING,
    (Phase.QUARANTINED, Happening.CONNECT_ASKED): Phase.CONNECTING,
    (Phase.QUARANTINED, Happening.DISCONNECT_ASKED): Phase.DISCONNECTED,
    (Phase.DISCONNECTED, Happening.CONNECT_ASKED): Phase.CONNECTING,
    (Phase.DISCONNECTED, Happening.DISCONNECT_ASKED): Phase.DISCONNECTED,
}
"""A missing key is an error."""

TRYING = frozenset({Phase.CONNECTING, Phase.RECONNECTING, Phase.UNREACHABLE})
"""Phases in which the reader is looked for."""


class DisconnectReason(StrEnum):
    """Why a connection ended: the Terminal SDKs' words, and two of our own."""

    UNKNOWN = "unknown"
    DISCONNECT_REQUESTED = "disconnect_requested"
    REBOOT_REQUESTED = "reboot_requested"
    SECURITY_REBOOT = "security_reboot"
    CRITICALLY_LOW_BATTERY = "critically_low_battery"
    POWERED_OFF = "powered_off"
    BLUETOOTH_DISABLED = "bluetooth_disabled"
    BLUETOOTH_SIGNAL_LOST = "bluetooth_signal_lost"
    PEER_REMOVED_PAIRING_INFORMATION = "peer_removed_pairing_information"
    USB_DISCONNECTED = "usb_disconnected"
    SERIAL_DISCONNECTED = "serial_disconnected"
    NETWORK_DISCONNECTED = "network_disconnected"


WANTED = frozenset(
    {DisconnectReason.DISCONNECT_REQUESTED, DisconnectReason.REBOOT_REQUESTED}
)
"""Ends that say nothing about the reader's cable."""

_BY_NOTICE = {
    DeviceNotice.BATTERY_CRITICALLY_LOW: DisconnectReason.CRITICALLY_LOW_BATTERY,
    DeviceNotice.POWERING_OFF: DisconnectReason.POWERED_OFF,
    DeviceNotice.RESTARTING_SOON: DisconnectReason.SECURITY_REBOOT,
}
_BY_FAILURE = {
    BluetoothDisabled.code: DisconnectReason.BLUETOOTH_DISABLED,
    BluetoothPairingLost.code: DisconnectReason.PEER_REMOVED_PAIRING_INFORMATION,
}
_BY_SCHEME = {
    "ble": DisconnectReason.BLUETOOTH_SIGNAL_LOST,
    "usb": DisconnectReason.USB_DISCONNECTED,
    "serial": DisconnectReason.SERIAL_DISCONNECTED,
    "tcp": DisconnectReason.NETWORK_DISCONNECTED,
}


class Policy(Protocol):
    """How patient to be: agent.settings.ReaderSettings."""

    @property
    def reconnect_min_s(self) -> float: ...

    @property
    def reconnect_max_s(self) -> float: ...

    @property
    def reconnect_budget_s(self) -> float: ...

    @property
    def quarantine_after(self) -> int: ...

    @property
    def quarantine_window_s(self) -> float: ...

    @property
    def quarantine_s(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Connection:
    """One reader's connection; times are seconds of one monotonic clock."""

    since_s: float
    """When the phase began."""
    phase: Phase = Phase.CONNECTING
    failures: int = 0
    """Attempts that failed in a row; none means that the next one is due now."""
    losses_s: tuple[float, ...] = ()
    """When it was lost without anybody wanting it, lately."""
    forgiven_at_s: float | None = None
    """When a replug last ended its quarantine."""


def happened(connection: Connection, what: Happening, *, at_s: float) -> Connection:
    """After `what`; raises KeyError where the phase knows no such thing."""
    phase = TRANSITIONS[connection.phase, what]
    if phase is connection.phase:
        return replace(connection, failures=0)
    return replace(connection, phase=phase, since_s=at_s, failures=0)


def lost(
    connection: Connection, reason: DisconnectReason, *, at_s: float, policy: Policy
) -> Connection:
    """After the wire of a connected reader dropped, or was closed on purpose."""
    if reason is DisconnectReason.DISCONNECT_REQUESTED:
        return happened(connection, Happening.DISCONNECT_ASKED, at_s=at_s)
    if reason is DisconnectReason.CRITICALLY_LOW_BATTERY:
        drained = happened(connection, Happening.DRAINED, at_s=at_s)
        return replace(drained, failures=1)
    if reason in WANTED:
        return happened(connection, Happening.LOST, at_s=at_s)
    oldest_s = at_s - policy.quarantine_window_s
    losses = (*(loss for loss in connection.losses_s if loss > oldest_s), at_s)
    is_flapping = len(losses) >= policy.quarantine_after
    what = Happening.FLAPPED if is_flapping else Happening.LOST
    # Whoever leaves quarantine begins with a clean slate.
    counted = replace(connection, losses_s=() if is_flapping else losses)
    return happened(counted, what, at_s=at_s)


def failed(connection: Connection, *, at_s: float, policy: Policy) -> Connection:
    """After an attempt to connect that failed."""
    counted = replace(connection, failures=connection.failures + 1)
    is_spent = at_s - connection.since_s >= policy.reconnect_budget_s
    if not is_spent or connection.phase is Phase.UNREACHABLE:
        return counted
    spent = happened(counted, Happening.BUDGET_SPENT, at_s=at_s)
    return replace(spent, failures=counted.failures)


def plugged(
    connection: Connection, *, away_s: float, at_s: float, policy: Policy
) -> Connection:
    """After the reader's port came, having been away for so long.

    A replug ends one quarantine and not the next: a reader that loses its power again
    and again looks as if a person replugged it.
    """
    match connection.phase:
        case Phase.CONNECTING | Phase.RECONNECTING:
            return replace(connection, failures=0)
        case Phase.UNREACHABLE:
            return happened(connection, Happening.REPLUGGED, at_s=at_s)
        case Phase.QUARANTINED if away_s >= REPLUG_S and not _is_forgiven(
            connection, at_s=at_s, policy=policy
        ):
            released = happened(connection, Happening.REPLUGGED, at_s=at_s)
            return replace(released, forgiven_at_s=at_s)
        case _:
            return connection


def wait_s(
    connection: Connection, *, at_s: float, policy: Policy, random: Random
) -> float | None:
    """Until the next attempt; None where only somebody's wish leads to one.

    Random within half of the wait, so that readers lost together do not come back in
    step.
    """
    if connection.phase in TRYING and connection.failures == 0:
        return 0.0
    match connection.phase:
        case Phase.CONNECTED | Phase.DISCONNECTED:
            return None
        case Phase.QUARANTINED:
            return max(0.0, connection.since_s + policy.quarantine_s - at_s)
        case Phase.UNREACHABLE:
            longest = policy.reconnect_max_s
        case Phase.CONNECTING | Phase.RECONNECTING:
            # Beyond 2 ** 32 the longest wait has long been reached.
            doublings = min(connection.failures - 1, 32)
            longest = min(
                policy.reconnect_min_s * 2.0**doublings, policy.reconnect_max_s
            )
        case _:
            assert_never(connection.phase)
    return longest * (0.5 + _fraction(random) / 2)


def reason_of_loss(
    spec: str, *, wanted: DisconnectReason | None, notice: DeviceNotice | None
) -> DisconnectReason:
    """Why the reader on `spec` is gone: what was wanted, what it told, or its wire."""
    if wanted is not None:
        return wanted
    if notice in _BY_NOTICE:
        return _BY_NOTICE[notice]
    return _BY_SCHEME.get(spec.partition(":")[0], DisconnectReason.UNKNOWN)


def reason_of_failure(code: str) -> DisconnectReason | None:
    """What an attempt that failed with this error tells of why the reader is gone."""
    return _BY_FAILURE.get(code)


def _is_forgiven(connection: Connection, *, at_s: float, policy: Policy) -> bool:
    forgiven_at_s = connection.forgiven_at_s
    return forgiven_at_s is not None and at_s - forgiven_at_s < policy.quarantine_s


def _fraction(random: Random) -> float:
    return int.from_bytes(random(4)) / 2**32
