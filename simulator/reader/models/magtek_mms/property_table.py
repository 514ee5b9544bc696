"""The properties of a simulated MagTek reader: what it tells, and what a host may set.

Of the hundreds that a real one has, those that change what is simulated or that a host
asks for. Their numbers are the manual's, chapter 8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum

from drivers.protocol.magtek_mms import properties
from drivers.protocol.magtek_mms.properties import (
    GetProperty,
    SetProperty,
    answer_parameters,
)
from drivers.protocol.magtek_mms.status import DONE, StatusDetail
from simulator.reader.models.magtek_mms.activity import Answer, refuse
from simulator.reader.models.magtek_mms.waiting import Patience

Oid = tuple[int, ...]

ARPC_TIMEOUT = (1, 1, 1, 1, 1, 5)
"""Seconds for the issuer; 00 is for ever, FF as long as the cardholder has."""
ARPC_REPEATS = (1, 1, 1, 1, 1, 6)

_AS_CARDHOLDER = 0xFF
_SIGNS_BY_ITSELF = b"\x00"
_DEFAULTS: Mapping[Oid, bytes] = {
    properties.SIGNATURE_CONTROL: _SIGNS_BY_ITSELF,
    ARPC_TIMEOUT: bytes((_AS_CARDHOLDER,)),
    ARPC_REPEATS: b"\x00",
    properties.USER_EVENTS: bytes(4),
}


class UserEvent(IntEnum):
    """Reasons of notification 1001 from the hands of a cardholder."""

    TAP = 0
    TAP_REMOVED = 1
    INSERT = 2
    REMOVE = 3
    SWIPE = 4
    BARCODE = 7
    ENCRYPTED_BARCODE = 8
    """Not a reason, but the next bit: codes leave the reader encrypted."""


class PropertyTable:
    """What is set survives a power cut, as it does on the real reader."""

    def __init__(self, told: Mapping[Oid, Callable[[], bytes | None]]) -> None:
        """`told` can be asked for and not set; None is a property this model lacks."""
        self._told = told
        self._set = dict(_DEFAULTS)
        self._events = _DEFAULTS[properties.USER_EVENTS]

    @property
    def signs_by_itself(self) -> bool:
        """Whether the reader asks for signatures, and not the host."""
        return self._set[properties.SIGNATURE_CONTROL] == _SIGNS_BY_ITSELF

    def patience(self, cardholder_s: int) -> Patience:
        """How long to wait for an issuer, where the cardholder has so long."""
        (timeout_s,) = self._set[ARPC_TIMEOUT]
        (repeats,) = self._set[ARPC_REPEATS]
        return Patience(
            cardholder_s if timeout_s == _AS_CARDHOLDER else timeout_s, repeats
        )

    def tells(self, event: UserEvent) -> bool:
        """Whether the host hears of this, as set before the last start."""
        byte, bit = divmod(event, 8)
        return bool(self._events[byte] >> bit & 1)

    def power_on(self) -> None:
        """User events that were set take effect (manual, 8, 1.2.7.1.2.1)."""
        self._events = self._set[properties.USER_EVENTS]

    def get(self, command: GetProperty) -> Answer:
        """The value; refused for a property there is not."""
        tell = self._told.get(command.oid)
        value = self._set.get(command.oid) if tell is None else tell()
        if value is None:
            return refuse(StatusDetail.PARAMETER_INVALID)
        return Answer(DONE, answer_parameters(command.oid, value))

    def set(self, command: SetProperty) -> Answer:
        """Keep a new value of the length of the old one."""
        before = self._set.get(command.oid)
        if before is None or len(command.value) != len(before):
            return refuse(StatusDetail.PARAMETER_INVALID)
        self._set[command.oid] = command.value
        return Answer(DONE, answer_parameters(command.oid, command.value))
