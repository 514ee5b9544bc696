"""The blobs around card data: ARQC and batch out of the device, ARPC back into it.

The card data proper stay encrypted (F8): no key and no decryption live here, and a
blob with a PAN or track in the clear is refused before anyone sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from drivers.errors import FrameError, ReaderEncryptionOff
from drivers.features import Signature
from drivers.protocol import emv, tlv
from drivers.protocol.magtek_mms.blobs import (
    GENERIC,
    MAC_KSN,
    MAC_TYPE,
    SERIAL_NUMBER,
    EncryptedData,
    encrypted_data,
    encrypted_template,
    short_number,
    unwrap,
    wrap,
)
from drivers.protocol.magtek_mms.fields import optional
from drivers.protocol.magtek_mms.signatures import decode_compact, encode_compact
from drivers.protocol.redaction import has_clear_card_data
from drivers.protocol.tlv import Piece, Tlv, find, find_value


class Fallback(IntEnum):
    """DFDF53: why the stripe of a chip card was read."""

    NONE = 0x00
    TECHNICAL = 0x01
    TO_STRIPE = 0x81
    """Chip and device have no application in common."""


@dataclass(frozen=True, slots=True)
class Arqc:
    """Template F9: a card was read and asks for the issuer."""

    serial_number: bytes
    """The device's, which the ARPC repeats."""
    encrypted: EncryptedData
    fallback: int = Fallback.NONE
    card_type: int = 0
    masked_track_2: str | None = None
    cardholder_name: bytes | None = field(default=None, repr=False)
    service_code: bytes | None = field(default=None, repr=False)
    mac_ksn: bytes = bytes(10)
    tip: int | None = None
    """ISO 4217 minor units; None where the cardholder was not asked."""
    tax: int | None = None
    mac: bytes = b""
    """Over the whole blob, under a key of the device's; empty on most models."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Template F0: the record of a finished transaction."""

    status: int | None
    """DFDF1A: 00 accepted, 01 declined, 02 error, 10 canceled, 22 timed out."""
    encrypted: EncryptedData | None
    serial_number: bytes = b""
    signature: Signature | None = None
    mac: bytes = b""


@dataclass(frozen=True, slots=True)
class Arpc:
    """Template FF74: the issuer's answer on its way to the card."""

    serial_number: bytes
    response_code: bytes
    """Tag 8A: two characters, such as `00`."""
    authentication_data: bytes = b""
    scripts: bytes = field(default=b"", repr=False)
    """Issuer scripts 71 and 72 as the issuer wrote them, in order."""


def encode_arqc(arqc: Arqc) -> bytes:
    """The blob that CardData of kind ARQC carries."""
    card = (
        Tlv(_FALLBACK, bytes((arqc.fallback,))),
        *optional(emv.CARDHOLDER_NAME, arqc.cardholder_name),
        *optional(emv.SERVICE_CODE, arqc.service_code),
        *optional(_MASKED_TRACK_2, _ascii(arqc.masked_track_2)),
        Tlv(_CARD_TYPE, bytes((arqc.card_type,))),
        *optional(_TIP, _amount(arqc.tip)),
        *optional(_TAX, _amount(arqc.tax)),
        encrypted_template(arqc.encrypted),
    )
    content = Tlv(_CARD, children=card)
    authenticated = _authenticated(arqc.mac_ksn, arqc.serial_number, content)
    return wrap(authenticated, mac=arqc.mac)


def decode_arqc(blob: bytes) -> Arqc:
    """The card read in `blob`.

    Raises FrameError or TlvError, and ReaderEncryptionOff where card data are in the
    clear or the encrypted template is missing.
    """
    objects, mac = _authenticated_objects(blob)
    card = find(objects, GENERIC, _CARD)
    if card is None:
        raise FrameError("an ARQC without card data")
    encrypted = encrypted_data(card.children)
    if encrypted is None:
        raise ReaderEncryptionOff("the reader sent no encrypted card data")
    masked = find_value(card.children, _MASKED_TRACK_2)
    if masked is None:
        masked = find_value(card.children, _MASKED_STRIPE)
    return Arqc(
        serial_number=find_value(objects, SERIAL_NUMBER) or b"",
        encrypted=encrypted,
        fallback=short_number(card.children, _FALLBACK) or 0,
        card_type=short_number(card.children, _CARD_TYPE) or 0,
        masked_track_2=None if masked is None else masked.decode("ascii", "replace"),
        cardholder_name=find_value(card.children, emv.CARDHOLDER_NAME),
        service_code=find_value(card.children, emv.SERVICE_CODE),
        mac_ksn=find_value(objects, MAC_KSN) or b"",
        tip=_amount_in(card.children, _TIP),
        tax=_amount_in(card.children, _TAX),
        mac=mac,
    )


def encode_batch(batch: Batch) -> bytes:
    """The blob that CardData of kind BATCH carries."""
    status = () if batch.status is None else (Tlv(_STATUS, bytes((batch.status,))),)
    encrypted = (
        () if batch.encrypted is None else (encrypted_template(batch.encrypted),)
    )
    signature = (
        ()
        if batch.signature is None
        else (Tlv(_SIGNATURE, encode_compact(batch.signature)),)
    )
    record = (
        Tlv(_BATCH_STATUS, children=status),
        *encrypted,
        Tlv(_MERCHANT, children=signature),
    )
    content = Tlv(_BATCH, children=record)
    authenticated = _authenticated(bytes(10), batch.serial_number, content)
    return wrap(authenticated, mac=batch.mac)


def decode_batch(blob: bytes) -> Batch:
    """The record in `blob`; raises as `decode_arqc` does."""
    objects, mac = _authenticated_objects(blob)
    record = find(objects, GENERIC, _BATCH)
    if record is None:
        raise FrameError("a batch without a record")
    signature = find_value(record.children, _MERCHANT, _SIGNATURE)
    return Batch(
        status=short_number(record.children, _BATCH_STATUS, _STATUS),
        encrypted=encrypted_data(record.children),
        serial_number=find_value(objects, SERIAL_NUMBER) or b"",
        signature=decode_compact(signature) if signature else None,
        mac=mac,
    )


def encode_arpc(arpc: Arpc) -> bytes:
    """The blob that ResumeTransaction carries."""
    answer = (
        Tlv(emv.AUTHORISATION_RESPONSE_CODE, arpc.response_code),
        *optional(emv.ISSUER_AUTHENTICATION_DATA, arpc.authentication_data or None),
    )
    card = tlv.wrapped(_CARD, tlv.encode(answer) + arpc.scripts)
    serial_number = tlv.encode([Tlv(SERIAL_NUMBER, arpc.serial_number)])
    return tlv.wrapped(_ARPC, serial_number + tlv.wrapped(GENERIC, card))


def decode_arpc(blob: bytes) -> Arpc:
    """The issuer's answer in `blob`; raises FrameError or TlvError."""
    content = _content(tlv.split(blob), _ARPC) or b""
    generic = _content(tlv.split(content), GENERIC) or b""
    card = _content(tlv.split(generic), _CARD)
    serial_number = _content(tlv.split(content), SERIAL_NUMBER)
    if card is None or serial_number is None:
        raise FrameError("an ARPC without serial number or answer")
    answer = tlv.split(card)
    code = _content(answer, emv.AUTHORISATION_RESPONSE_CODE)
    if code is None:
        raise FrameError("an ARPC without response code")
    data = _content(answer, emv.ISSUER_AUTHENTICATION_DATA)
    scripts = b"".join(piece.data for piece in answer if piece.tag in _SCRIPTS)
    return Arpc(serial_number, code, authentication_data=data or b"", scripts=scripts)


def _content(pieces: Iterable[Piece], tag: int) -> bytes | None:
    return next((piece.value for piece in pieces if piece.tag == tag), None)


_AUTHENTICATED = 0xF9
_MAC_VARIANT = b"\x82"
_BATCH = 0xF0
_BATCH_STATUS = 0xF1
_STATUS = 0xDFDF1A
_MERCHANT = 0xF7
_SIGNATURE = 0xDFDF3E
_ARPC = 0xFF74
_CARD = 0x70
_FALLBACK = 0xDFDF53
_CARD_TYPE = 0xDFDF52
_MASKED_TRACK_2 = 0xDFDF4D
_MASKED_STRIPE = 0xDFDF33
_TIP = 0xDF5D
_TAX = 0xDF5E
_SCRIPTS = frozenset({emv.ISSUER_SCRIPT_TEMPLATE_1, emv.ISSUER_SCRIPT_TEMPLATE_2})


def _authenticated(mac_ksn: bytes, serial_number: bytes, content: Tlv) -> Tlv:
    return Tlv(
        _AUTHENTICATED,
        children=(
            Tlv(MAC_KSN, mac_ksn),
            Tlv(MAC_TYPE, _MAC_VARIANT),
            Tlv(SERIAL_NUMBER, serial_number),
            Tlv(GENERIC, children=(content,)),
        ),
    )


def _authenticated_objects(blob: bytes) -> tuple[tuple[Tlv, ...], bytes]:
    """What is inside template F9, and the MAC; raises where card data are clear."""
    templates, mac = unwrap(blob)
    if has_clear_card_data(templates):
        raise ReaderEncryptionOff("the reader sent card data in the clear")
    template = find(templates, _AUTHENTICATED)
    if template is None:
        raise FrameError("card data without template F9")
    return template.children, mac


def _amount(amount: int | None) -> bytes | None:
    return None if amount is None else emv.encode_amount(amount)


def _amount_in(objects: tuple[Tlv, ...], tag: int) -> int | None:
    value = find_value(objects, tag)
    return None if value is None else emv.decode_numeric(value)


def _ascii(text: str | None) -> bytes | None:
    return None if text is None else text.encode("ascii")
