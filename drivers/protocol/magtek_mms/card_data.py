"""The blobs around card data: ARQC and batch out of the device, ARPC back into it.

The card data proper stay encrypted (F8): no key and no decryption live here, and a
blob with a PAN or track in the clear is refused before anyone sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.errors import FrameError, ReaderEncryptionOff
from drivers.protocol import emv, tlv
from drivers.protocol.redaction import has_clear_card_data
from drivers.protocol.tlv import Tlv, find, find_value

TDES_DATA_VARIANT = 0x80
"""An encryption type: DUKPT, TDES, data variant of the key (X9.24-1)."""


@dataclass(frozen=True, slots=True)
class EncryptedData:
    """Template F8: what only the holder of the base derivation key can read."""

    ciphertext: bytes
    ksn: bytes
    encryption_type: int = TDES_DATA_VARIANT
    padding_count: int = 0
    """Bytes at the end of the plaintext that are filler."""


@dataclass(frozen=True, slots=True)
class Arqc:
    """Template F9: a card was read and asks for the issuer."""

    serial_number: bytes
    """The device's, which the ARPC repeats."""
    encrypted: EncryptedData
    fallback: int = 0
    """Not 0 where the stripe was read because the chip could not be."""
    card_type: int = 0
    masked_track_2: str | None = None
    cardholder_name: bytes | None = field(default=None, repr=False)
    service_code: bytes | None = field(default=None, repr=False)
    mac_ksn: bytes = bytes(10)


@dataclass(frozen=True, slots=True)
class Batch:
    """Template F0: the record of a finished transaction."""

    status: int | None
    """DFDF1A: 00 accepted, 01 declined, 02 error, 10 canceled, 22 timed out."""
    encrypted: EncryptedData | None


@dataclass(frozen=True, slots=True)
class Arpc:
    """Template FF74: the issuer's answer on its way to the card."""

    serial_number: bytes
    response_code: bytes
    """Tag 8A: two characters, such as `00`."""
    authentication_data: bytes = b""
    scripts: tuple[Tlv, ...] = ()
    """Issuer scripts 71 and 72, in order."""


def encode_arqc(arqc: Arqc) -> bytes:
    """The blob that CardData of kind ARQC carries."""
    card = (
        Tlv(_FALLBACK, bytes((arqc.fallback,))),
        *_optional(emv.CARDHOLDER_NAME, arqc.cardholder_name),
        *_optional(emv.SERVICE_CODE, arqc.service_code),
        *_optional(_MASKED_TRACK_2, _ascii(arqc.masked_track_2)),
        Tlv(_CARD_TYPE, bytes((arqc.card_type,))),
        _encrypted_template(arqc.encrypted),
    )
    return _wrap(
        Tlv(
            _ARQC,
            children=(
                Tlv(_MAC_KSN, arqc.mac_ksn),
                Tlv(_MAC_TYPE, b"\x82"),
                Tlv(_SERIAL_NUMBER, arqc.serial_number),
                Tlv(_GENERIC, children=(Tlv(_CARD, children=card),)),
            ),
        )
    )


def decode_arqc(blob: bytes) -> Arqc:
    """The card read in `blob`.

    Raises FrameError or TlvError, and ReaderEncryptionOff where card data are in the
    clear or the encrypted template is missing.
    """
    objects = _unwrap(blob, _ARQC)
    if has_clear_card_data(objects):
        raise ReaderEncryptionOff("the reader sent card data in the clear")
    card = find(objects, _GENERIC, _CARD)
    if card is None:
        raise FrameError("an ARQC without card data")
    encrypted = _encrypted_data(card.children)
    if encrypted is None:
        raise ReaderEncryptionOff("the reader sent no encrypted card data")
    return Arqc(
        serial_number=find_value(objects, _SERIAL_NUMBER) or b"",
        encrypted=encrypted,
        fallback=_number(card.children, _FALLBACK) or 0,
        card_type=_number(card.children, _CARD_TYPE) or 0,
        masked_track_2=_text(find_value(card.children, _MASKED_TRACK_2)),
        cardholder_name=find_value(card.children, emv.CARDHOLDER_NAME),
        service_code=find_value(card.children, emv.SERVICE_CODE),
        mac_ksn=find_value(objects, _MAC_KSN) or b"",
    )


def encode_batch(batch: Batch) -> bytes:
    """The blob that CardData of kind BATCH carries."""
    status = () if batch.status is None else (Tlv(_STATUS, bytes((batch.status,))),)
    encrypted = (
        () if batch.encrypted is None else (_encrypted_template(batch.encrypted),)
    )
    return _wrap(Tlv(_BATCH, children=(Tlv(_BATCH_STATUS, b"", status), *encrypted)))


def decode_batch(blob: bytes) -> Batch:
    """The record in `blob`; raises FrameError or TlvError."""
    objects = _unwrap(blob, _BATCH)
    return Batch(
        status=_number(objects, _BATCH_STATUS, _STATUS),
        encrypted=_encrypted_data(objects),
    )


def encode_arpc(arpc: Arpc) -> bytes:
    """The blob that ResumeTransaction carries."""
    answer = (
        Tlv(emv.AUTHORISATION_RESPONSE_CODE, arpc.response_code),
        *_optional(emv.ISSUER_AUTHENTICATION_DATA, arpc.authentication_data or None),
        *arpc.scripts,
    )
    serial_number = Tlv(_SERIAL_NUMBER, arpc.serial_number)
    generic = Tlv(_GENERIC, children=(Tlv(_CARD, children=answer),))
    return tlv.encode([Tlv(_ARPC, children=(serial_number, generic))])


def decode_arpc(blob: bytes) -> Arpc:
    """The issuer's answer in `blob`; raises FrameError or TlvError."""
    objects = tlv.decode(blob)
    answer = find(objects, _ARPC, _GENERIC, _CARD)
    serial_number = find_value(objects, _ARPC, _SERIAL_NUMBER)
    if answer is None or serial_number is None:
        raise FrameError("an ARPC without serial number or answer")
    code = find_value(answer.children, emv.AUTHORISATION_RESPONSE_CODE)
    if code is None:
        raise FrameError("an ARPC without response code")
    data = find_value(answer.children, emv.ISSUER_AUTHENTICATION_DATA)
    scripts = tuple(item for item in answer.children if item.tag in _SCRIPTS)
    return Arpc(serial_number, code, authentication_data=data or b"", scripts=scripts)


_BATCH = 0xF0
_BATCH_STATUS = 0xF1
_STATUS = 0xDFDF1A
_ARQC = 0xF9
_ARPC = 0xFF74
_GENERIC = 0xFA
_CARD = 0x70
_MAC_KSN = 0xDFDF54
_MAC_TYPE = 0xDFDF55
_SERIAL_NUMBER = 0xDFDF25
_FALLBACK = 0xDFDF53
_CARD_TYPE = 0xDFDF52
_MASKED_TRACK_2 = 0xDFDF4D
_ENCRYPTED = 0xF8
_CIPHERTEXT = 0xDFDF59
_KSN = 0xDFDF56
_ENCRYPTION_TYPE = 0xDFDF57
_PADDING_COUNT = 0xDFDF58
_SCRIPTS = frozenset({emv.ISSUER_SCRIPT_TEMPLATE_1, emv.ISSUER_SCRIPT_TEMPLATE_2})

_BLOCK_BYTES = 8


def _wrap(template: Tlv) -> bytes:
    data = tlv.encode([template])
    padding = -len(data) % _BLOCK_BYTES
    return len(data).to_bytes(2, "big") + data + bytes(padding)


def _unwrap(blob: bytes, tag: int) -> tuple[Tlv, ...]:
    """The children of the template in `blob`.

    Zeros follow it on DynaFlex and a MAC on DynaPro, hence the length in front.
    """
    length = int.from_bytes(blob[:2], "big")
    if len(blob) < 2 + length:
        raise FrameError(f"{len(blob)} bytes of card data instead of {2 + length}")
    template = find(tlv.decode(blob[2 : 2 + length]), tag)
    if template is None:
        raise FrameError(f"card data without template {tag:X}")
    return template.children


def _encrypted_template(encrypted: EncryptedData) -> Tlv:
    return Tlv(
        _ENCRYPTED,
        children=(
            Tlv(_CIPHERTEXT, encrypted.ciphertext),
            Tlv(_KSN, encrypted.ksn),
            Tlv(_ENCRYPTION_TYPE, bytes((encrypted.encryption_type,))),
            Tlv(_PADDING_COUNT, bytes((encrypted.padding_count,))),
        ),
    )


def _encrypted_data(objects: tuple[Tlv, ...]) -> EncryptedData | None:
    ciphertext = find_value(objects, _ENCRYPTED, _CIPHERTEXT)
    ksn = find_value(objects, _ENCRYPTED, _KSN)
    if ciphertext is None or ksn is None:
        return None
    return EncryptedData(
        ciphertext,
        ksn,
        encryption_type=_number(objects, _ENCRYPTED, _ENCRYPTION_TYPE) or 0,
        padding_count=_number(objects, _ENCRYPTED, _PADDING_COUNT) or 0,
    )


def _number(objects: tuple[Tlv, ...], *path: int) -> int | None:
    value = find_value(objects, *path)
    return None if value is None else int.from_bytes(value, "big")


def _optional(tag: int, value: bytes | None) -> tuple[Tlv, ...]:
    return () if value is None else (Tlv(tag, value),)


def _ascii(text: str | None) -> bytes | None:
    return None if text is None else text.encode("ascii")


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("ascii", "replace")
