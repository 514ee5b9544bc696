"""Card data as ID TECH's NEO readers seal them: object by object, track by track.

Each is zero-padded to whole blocks and encrypted by itself, under the data variant of
the read's key; a masked twin stays beside it. The other half is `neo_opening`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from drivers.protocol import emv, tlv
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject, Form
from drivers.protocol.idtech_neo.msr_fields import (
    ISO_CARD,
    SERIAL_NUMBER_BYTES,
    MsrBlock,
    SealedFields,
    ShownFields,
    Track,
    TrackStatus,
)
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Card
from simulator.cards.tracks import track_1, track_2
from simulator.emv.card_keys import CardKey

SEALED_TAGS = frozenset(
    {
        emv.PAN,
        emv.TRACK_1_EQUIVALENT_DATA,
        emv.TRACK_2_EQUIVALENT_DATA,
        emv.CARDHOLDER_NAME,
    }
)
"""What the simulated readers send as twins; the expiry date stays plain."""

_BOTH_TRACKS = 0b011
_SHOWN_DIGITS = 4
_IN_BCD = frozenset({emv.PAN, emv.TRACK_2_EQUIVALENT_DATA})


def sealed_twins(key: CardKey, objects: Iterable[Tlv]) -> tuple[CardObject, ...]:
    """The objects of a read as they leave a reader that encrypts."""
    return tuple(twin for item in objects for twin in _twins(key, item))


def clear_objects(objects: Iterable[Tlv]) -> tuple[CardObject, ...]:
    """The objects of a read as they leave a reader whose encryption is off."""
    return tuple(CardObject(item.tag, item.value) for item in objects)


def swiped_tracks(card: Card) -> tuple[str, str]:
    """What stands on the stripe of `card`."""
    return track_1(card), track_2(card)


def track_1_of_tap(card: Card) -> bytes:
    """Track 1 without sentinels and without a name, as a card in stripe mode has it."""
    number, _, rest = track_1(card)[1:-1].split("^")
    return f"{number}^ /^{rest}".encode("ascii")


def typed_tracks(number: str, expiry: str) -> tuple[str, str]:
    """What a reader makes of a card number and an expiry date (YYMM) that are typed."""
    return f"%M{number}^MANUAL ENTRY/^{expiry}000?", f";{number}={expiry}000?"


def sealed_stripe(
    key: CardKey,
    texts: tuple[str, str],
    *,
    serial_number: str,
    encode_type: int = ISO_CARD,
) -> MsrBlock:
    """The enhanced block of two tracks, with masks, hashes and serial number."""
    first, second = (
        Track(
            length=len(text),
            shown=_masked_track(text).encode("ascii"),
            encrypted=key.encrypt(text.encode("ascii")),
            digest=hashlib.sha1(text.encode("ascii"), usedforsecurity=False).digest(),
        )
        for text in texts
    )
    sealed = (SealedFields.ENCRYPTED | SealedFields.HASHED) * _BOTH_TRACKS
    block = clear_stripe(texts, serial_number=serial_number)
    return replace(
        block,
        encode_type=encode_type,
        shown_fields=block.shown_fields | ShownFields.USES_AES * key.uses_aes,
        sealed_fields=sealed | SealedFields.KSN,
        tracks=(first, second, Track()),
        ksn=key.ksn,
    )


def clear_stripe(texts: tuple[str, str], *, serial_number: str) -> MsrBlock:
    """The block of a reader whose encryption is off."""
    first, second = (
        Track(length=len(text), shown=text.encode("ascii")) for text in texts
    )
    serial = serial_number[-SERIAL_NUMBER_BYTES:].rjust(SERIAL_NUMBER_BYTES, "0")
    return MsrBlock(
        ISO_CARD,
        (TrackStatus.DECODED | TrackStatus.SAMPLED) * _BOTH_TRACKS,
        ShownFields.SHOWN * _BOTH_TRACKS | ShownFields.SERIAL_NUMBER,
        0,
        (first, second, Track()),
        serial_number=serial.encode("ascii"),
    )


def _twins(key: CardKey, item: Tlv) -> tuple[CardObject, ...]:
    if item.tag not in SEALED_TAGS:
        return (CardObject(item.tag, item.value),)
    ciphertext = key.encrypt(tlv.encode([item]))
    return (
        CardObject(item.tag, _masked(item), Form.MASKED),
        CardObject(item.tag, ciphertext, Form.ENCRYPTED),
    )


def _masked(item: Tlv) -> bytes:
    if item.tag == emv.CARDHOLDER_NAME:
        return b"*" * len(item.value)
    if item.tag not in _IN_BCD:
        return _masked_track(item.value.decode("ascii")).encode("ascii")
    digits = item.value.hex().upper()
    number, separator, rest = digits.partition("D")
    filler = number[len(number.rstrip("F")) :]
    masked = _masked_number(number.rstrip("F"), "C") + filler
    return bytes.fromhex(masked + separator + _masked_rest(rest, "C"))


def _masked_track(text: str) -> str:
    """As the readers show a track of the stripe, or what stands for it on a chip."""
    separator = "=" if "=" in text else "^"
    start = text[:2] if text.startswith("%") else text[:1]
    end = "?" if text.endswith("?") else ""
    number, *names, rest = text[len(start) :].removesuffix(end).split(separator)
    fields = (_masked_number(number, "*"), *names, _masked_rest(rest, "*"))
    return start.replace("B", "*") + separator.join(fields) + end


def _masked_number(number: str, mask: str) -> str:
    hidden = len(number) - 2 * _SHOWN_DIGITS
    return number[:_SHOWN_DIGITS] + mask * hidden + number[-_SHOWN_DIGITS:]


def _masked_rest(rest: str, mask: str) -> str:
    """The expiry date stays; the service code and all after it do not."""
    return rest[:_SHOWN_DIGITS] + mask * (len(rest) - _SHOWN_DIGITS)
