"""What of a card read goes to the issuer, as one string of bytes.

NEO readers encrypt object by object, and processors want the encrypted ones beside the
plain ones that the card's cryptogram covers. This is their one order here: the object
ATTRIBUTION, then either those objects as the reader wrote them, or MSR_BLOCK with its
encrypted tracks alone. Masked twins, names and ID TECH's own objects stay behind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.errors import FrameError, LocalError, ReaderEncryptionOff, RemoteError
from drivers.protocol import emv
from drivers.protocol.idtech_neo import msr_block
from drivers.protocol.idtech_neo.card_answer import (
    ATTRIBUTION,
    CLEAR_CARD_DATA,
    COMBINED_TRACKS,
    KSN,
    MSR_BLOCK,
    TRACK_LENGTHS,
    Attribution,
    CardAnswer,
)
from drivers.protocol.idtech_neo.encrypted_tlv import (
    CardObject,
    Form,
    decode_objects,
    encode_objects,
    find_value,
    is_template,
    walk,
)
from drivers.protocol.idtech_neo.msr_fields import (
    ENHANCED,
    MsrBlock,
    SealedFields,
    ShownFields,
    TrackStatus,
)
from drivers.protocol.redaction import CARDHOLDER_DATA
from drivers.protocol.tlv import write_tag

PREFIX = write_tag(ATTRIBUTION) + b"\x02"
"""How issuer data begin."""


@dataclass(frozen=True, slots=True)
class IssuerData:
    """One read for the issuer; `stripe` of a swipe, `objects` of all others."""

    attribution: Attribution
    objects: tuple[CardObject, ...] = ()
    stripe: MsrBlock | None = None


def issuer_data_of(answer: CardAnswer) -> IssuerData:
    """What of `answer` the issuer needs.

    Raises FrameError, and ReaderEncryptionOff where no card data in it are encrypted.
    """
    stripe = answer.stripe
    if stripe is not None:
        if not any(track.encrypted for track in stripe.tracks):
            raise ReaderEncryptionOff("the reader encrypted no track of the swipe")
        return IssuerData(answer.attribution, stripe=_encrypted_part(stripe))
    objects = tuple(filter(_is_for_issuer, walk(answer.objects)))
    if not answer.attribution.encrypts or not any(map(_is_encrypted, objects)):
        raise ReaderEncryptionOff("the reader encrypted no card data")
    return IssuerData(answer.attribution, objects)


def ksn_of(answer: CardAnswer) -> bytes:
    """The key serial number of the read; empty where the reader sent none.

    Raises FrameError or ReaderEncryptionOff.
    """
    stripe = answer.stripe
    if stripe is not None and stripe.ksn:
        return stripe.ksn
    return find_value(answer.objects, KSN) or b""


def masked_track_2_of(answer: CardAnswer) -> str | None:
    """Track 2 as the reader masked it, with sentinels; None where it sent none.

    Raises FrameError or ReaderEncryptionOff.
    """
    stripe = answer.stripe
    if stripe is not None:
        return stripe.masked_track_2
    track = find_value(answer.objects, emv.TRACK_2_EQUIVALENT_DATA, form=Form.MASKED)
    if not track:
        return None
    digits = track.hex().upper().rstrip("F")
    return f";{digits.replace('C', '*').replace('D', '=')}?"


def encode_issuer_data(data: IssuerData) -> bytes:
    """The bytes for the issuer; raises LocalError for what no reader encrypted."""
    attribution = CardObject(ATTRIBUTION, bytes((data.attribution.byte, 0)))
    objects = (
        data.objects
        if data.stripe is None
        else (CardObject(MSR_BLOCK, msr_block.encode(data.stripe)),)
    )
    encoded = encode_objects((attribution, *objects))
    if not is_issuer_data(encoded):
        raise LocalError("card data that are not encrypted go nowhere")
    return encoded


def decode_issuer_data(encoded: bytes) -> IssuerData:
    """What `encode_issuer_data` wrote; raises FrameError for anything else."""
    try:
        first, *objects = decode_objects(encoded)
        stripe = find_value(objects, MSR_BLOCK)
        block = None if stripe is None else msr_block.decode(stripe)
    except (RemoteError, ReaderEncryptionOff, ValueError) as error:
        raise FrameError("bytes that are no card data of a NEO reader") from error
    is_whole = (
        len(objects) == 1 and _is_encrypted_stripe(block)
        if block is not None
        else any(map(_is_encrypted, objects)) and all(map(_is_for_issuer, objects))
    )
    if not encoded.startswith(PREFIX) or not is_whole:
        raise FrameError("bytes that are no card data of a NEO reader")
    attribution = Attribution(first.value[0])
    return IssuerData(attribution, () if block else tuple(objects), block)


def is_issuer_data(encoded: bytes) -> bool:
    """Whether these bytes have the structure of issuer data.

    By chance encrypted bytes have it once in 2**32 times at most, and then have
    lengths that fill them exactly.
    """
    if not encoded.startswith(PREFIX):
        return False
    try:
        decode_issuer_data(encoded)
    except FrameError:
        return False
    return True


_CIPHER_BLOCK_BYTES = 8
_EVERY_TRACK = 0b111
_FOR_NOBODY = CLEAR_CARD_DATA | CARDHOLDER_DATA
_VENDOR_TAGS = 0xDF


def _is_for_issuer(item: CardObject) -> bool:
    if item.form is not Form.PLAIN or item.tag == COMBINED_TRACKS:
        return _is_encrypted(item)
    if item.tag == TRACK_LENGTHS:
        return True
    is_standard = item.tag <= 0xFFFF and item.tag >> 8 != _VENDOR_TAGS
    return is_standard and not is_template(item.tag) and item.tag not in _FOR_NOBODY


def _is_encrypted(item: CardObject) -> bool:
    is_ciphertext = item.form is Form.ENCRYPTED or (
        item.form is Form.PLAIN and item.tag == COMBINED_TRACKS
    )
    length = len(item.value)
    return is_ciphertext and length > 0 and length % _CIPHER_BLOCK_BYTES == 0


def _is_encrypted_stripe(block: MsrBlock) -> bool:
    return any(track.encrypted for track in block.tracks) and not any(
        track.shown for track in block.tracks
    )


def _encrypted_part(block: MsrBlock) -> MsrBlock:
    """The block without anything that an issuer does not decrypt."""
    if not block.encode_type & ENHANCED:
        raise FrameError("a swipe in the original format, which no NEO reader sends")
    first, second, third = (
        replace(track, shown=b"", digest=b"") for track in block.tracks
    )
    return MsrBlock(
        block.encode_type,
        block.status & ~TrackStatus.HAS_OPTIONS,
        block.shown_fields & (ShownFields.USES_AES | ShownFields.USES_PIN_VARIANT),
        block.sealed_fields & SealedFields.ENCRYPTED * _EVERY_TRACK,
        (first, second, third),
    )
