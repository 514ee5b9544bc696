"""Which keys a reader has: 81-xx (manual, 8.23). Never a key itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol.idtech_neo.fields import Bare, Code, Cursor, exactly, number


class KeyIndex(IntEnum):
    """What a key is for."""

    PIN = 0x01
    DATA = 0x02
    MAC = 0x05
    PAIRING = 0x0A
    LOADING = 0x14


class SlotState(IntEnum):
    """How a slot is."""

    EMPTY = 0x00
    VALID = 0x01
    EXHAUSTED = 0x02
    UNSUPPORTED = 0xFF


@dataclass(frozen=True, slots=True)
class KeySlot:
    """Where a key is."""

    index: int
    """A KeyIndex, or another number."""
    slot: int = 0


@dataclass(frozen=True, slots=True)
class GetKeys(Bare):
    """Answered by every KeySlot that has a key; readers before NEO 2 lack it."""

    CODE: ClassVar[Code] = (0x81, 0x0C)


@dataclass(frozen=True, slots=True)
class GetKsn:
    """Answered by a KeyCounter."""

    CODE: ClassVar[Code] = (0x81, 0x0B)
    key: KeySlot

    def to_data(self) -> bytes:
        """Index and slot."""
        return _encoded(self.key)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        return cls(_decoded(exactly(data, _SLOT_BYTES)))


@dataclass(frozen=True, slots=True)
class GetKsnByIndex:
    """The same on readers before NEO 2; answered by the KSN or a KeyCounter."""

    CODE: ClassVar[Code] = (0x81, 0x0A)
    index: int

    def to_data(self) -> bytes:
        """One byte."""
        return number(self.index, 1)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        return cls(exactly(data, 1)[0])


@dataclass(frozen=True, slots=True)
class GetKeyHeader:
    """Answered by the header of the key's block (X9.143): its algorithm and use."""

    CODE: ClassVar[Code] = (0x81, 0x0D)
    key: KeySlot

    def to_data(self) -> bytes:
        """Index and slot."""
        return _encoded(self.key)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError."""
        return cls(_decoded(exactly(data, _SLOT_BYTES)))


@dataclass(frozen=True, slots=True)
class KeyCounter:
    """How a DUKPT key stands."""

    state: int
    """A SlotState, or another number."""
    ksn: bytes = b""
    """Of the next use: 10 bytes (TDES) or 12 (AES)."""


def encode_counter(counter: KeyCounter) -> bytes:
    """The data of the answer to GetKsn."""
    if counter.state != SlotState.VALID:
        return bytes((counter.state,))
    return bytes((counter.state, len(counter.ksn))) + counter.ksn


def counter_of(data: bytes) -> KeyCounter:
    """The counter; raises FrameError."""
    if len(data) == _BARE_KSN_BYTES:
        return KeyCounter(SlotState.VALID, data)
    cursor = Cursor(data)
    state = cursor.byte()
    ksn = b"" if cursor.is_at_end else cursor.take(cursor.byte())
    return KeyCounter(state, ksn)


def encode_keys(keys: tuple[KeySlot, ...]) -> bytes:
    """The data of the answer to GetKeys."""
    return b"".join(map(_encoded, keys))


def keys_of(data: bytes) -> tuple[KeySlot, ...]:
    """The slots that have a key; raises FrameError."""
    if len(data) % _SLOT_BYTES:
        raise FrameError(f"{len(data)} bytes of key slots")
    return tuple(
        _decoded(data[start : start + _SLOT_BYTES])
        for start in range(0, len(data), _SLOT_BYTES)
    )


_SLOT_BYTES = 3
_BARE_KSN_BYTES = 10
"""With state and length in front there are 12 (TDES), 14 (AES), or the state alone."""


def _encoded(key: KeySlot) -> bytes:
    return number(key.index, 1) + number(key.slot, 2)


def _decoded(data: bytes) -> KeySlot:
    return KeySlot(data[0], int.from_bytes(data[1:], "big"))
