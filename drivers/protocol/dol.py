"""Data object lists: tags and lengths without values (EMV Book 3, 5.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drivers.errors import TlvError
from drivers.protocol import emv
from drivers.protocol.tlv import is_constructed, read_tag, write_tag

NUMERIC = frozenset(
    {
        emv.TRANSACTION_CURRENCY_CODE,
        emv.TRANSACTION_CURRENCY_EXPONENT,
        emv.PAN_SEQUENCE_NUMBER,
        emv.APPLICATION_EXPIRATION_DATE,
        emv.SERVICE_CODE,
        emv.TRANSACTION_DATE,
        emv.TRANSACTION_TYPE,
        emv.AMOUNT_AUTHORISED,
        emv.AMOUNT_OTHER,
        emv.MERCHANT_CATEGORY_CODE,
        emv.TERMINAL_COUNTRY_CODE,
        emv.TRANSACTION_TIME,
        emv.TERMINAL_TYPE,
        emv.POS_ENTRY_MODE,
        emv.TRANSACTION_SEQUENCE_COUNTER,
    }
)
COMPRESSED_NUMERIC = frozenset({emv.PAN, 0x9F20})


@dataclass(frozen=True, slots=True)
class DolEntry:
    """One wanted object: its tag and how many bytes of it."""

    tag: int
    length: int


def decode_dol(data: bytes) -> tuple[DolEntry, ...]:
    """The entries of a CDOL, PDOL, DDOL or TDOL; raises TlvError."""
    entries: list[DolEntry] = []
    position = 0
    while position < len(data):
        tag, position = read_tag(data, position)
        if position == len(data):
            raise TlvError(f"no length after tag {tag:X}")
        # A length in a DOL is one byte: no card asks for more than 252.
        entries.append(DolEntry(tag, data[position]))
        position += 1
    return tuple(entries)


def encode_dol(entries: Iterable[DolEntry]) -> bytes:
    """The list as a card carries it."""
    return b"".join(write_tag(entry.tag) + bytes((entry.length,)) for entry in entries)


def build(entries: Iterable[DolEntry], values: Mapping[int, bytes]) -> bytes:
    """The values that a list asks for, concatenated; zeros for what is unknown."""
    return b"".join(_fitted(entry, values.get(entry.tag, b"")) for entry in entries)


def _fitted(entry: DolEntry, value: bytes) -> bytes:
    if is_constructed(entry.tag):
        return bytes(entry.length)
    if entry.tag in NUMERIC:
        surplus = max(0, len(value) - entry.length)
        return value[surplus:].rjust(entry.length, b"\x00")
    filler = b"\xff" if value and entry.tag in COMPRESSED_NUMERIC else b"\x00"
    return value[: entry.length].ljust(entry.length, filler)
