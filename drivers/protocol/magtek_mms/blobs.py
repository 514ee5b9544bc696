"""What blobs of card data are wrapped in: length, padding, MAC, encrypted template."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.errors import FrameError
from drivers.protocol import tlv
from drivers.protocol.tlv import Tlv, find, find_value

TDES_DATA_VARIANT = 0x80
"""An encryption type: DUKPT, TDES, data variant of the key (X9.24-1)."""
MAC_BYTES = 4

MAC_KSN = 0xDFDF54
MAC_TYPE = 0xDFDF55
SERIAL_NUMBER = 0xDFDF25
GENERIC = 0xFA

_BLOCK_BYTES = 8


@dataclass(frozen=True, slots=True)
class EncryptedData:
    """Template F8: what only the holder of the base derivation key can read."""

    ciphertext: bytes
    ksn: bytes
    encryption_type: int = TDES_DATA_VARIANT
    padding_count: int = 0
    """Bytes at the end of the plaintext that are filler."""


def wrap(template: Tlv, *, mac: bytes = b"") -> bytes:
    """Length, template, zeros up to a block, and the MAC where the device makes one."""
    data = tlv.encode([template])
    padding = -len(data) % _BLOCK_BYTES
    return len(data).to_bytes(2, "big") + data + bytes(padding) + mac


def unwrap(blob: bytes) -> tuple[tuple[Tlv, ...], bytes]:
    """The templates in `blob` and its MAC, empty where there is none.

    DynaPro's format has a MAC in its description and none in its published example,
    hence the length in front decides. Raises FrameError or TlvError.
    """
    length = int.from_bytes(blob[:2], "big")
    if len(blob) < 2 + length:
        raise FrameError(f"{len(blob)} bytes of card data instead of {2 + length}")
    rest = blob[2 + length :]
    has_mac = len(rest) == -length % _BLOCK_BYTES + MAC_BYTES
    mac = rest[-MAC_BYTES:] if has_mac else b""
    return tlv.decode(blob[2 : 2 + length]), mac


def encrypted_template(encrypted: EncryptedData) -> Tlv:
    """Template F8."""
    return Tlv(
        _ENCRYPTED,
        children=(
            Tlv(_CIPHERTEXT, encrypted.ciphertext),
            Tlv(_KSN, encrypted.ksn),
            Tlv(_ENCRYPTION_TYPE, bytes((encrypted.encryption_type,))),
            Tlv(_PADDING_COUNT, bytes((encrypted.padding_count,))),
        ),
    )


def encrypted_data(objects: tuple[Tlv, ...]) -> EncryptedData | None:
    """What template F8 among `objects` holds, if it is there and whole."""
    template = find(objects, _ENCRYPTED)
    if template is None:
        return None
    ciphertext = find_value(template.children, _CIPHERTEXT)
    ksn = find_value(template.children, _KSN)
    if ciphertext is None or ksn is None:
        return None
    return EncryptedData(
        ciphertext,
        ksn,
        encryption_type=short_number(template.children, _ENCRYPTION_TYPE) or 0,
        padding_count=short_number(template.children, _PADDING_COUNT) or 0,
    )


def encrypted_objects(encrypted: EncryptedData) -> tuple[Tlv, ...]:
    """Encrypted data that stand by themselves: a barcode, or what a tag answered."""
    return (
        Tlv(_CIPHERTEXT, encrypted.ciphertext),
        Tlv(_LONE_KSN, encrypted.ksn),
        Tlv(_LONE_TYPE, bytes((encrypted.encryption_type,))),
    )


def encrypted_in(objects: tuple[Tlv, ...]) -> EncryptedData | None:
    """The opposite of `encrypted_objects`."""
    ciphertext = find_value(objects, _CIPHERTEXT)
    ksn = find_value(objects, _LONE_KSN)
    if ciphertext is None or ksn is None:
        return None
    kind = short_number(objects, _LONE_TYPE) or 0
    return EncryptedData(ciphertext, ksn, encryption_type=kind)


def short_number(objects: tuple[Tlv, ...], *path: int) -> int | None:
    """A number of any length, if it is there."""
    value = find_value(objects, *path)
    return None if value is None else int.from_bytes(value, "big")


_ENCRYPTED = 0xF8
_CIPHERTEXT = 0xDFDF59
_KSN = 0xDFDF56
_ENCRYPTION_TYPE = 0xDFDF57
_PADDING_COUNT = 0xDFDF58
_LONE_KSN = 0xDFDF50
_LONE_TYPE = 0xDFDF51
