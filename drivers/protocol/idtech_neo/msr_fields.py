"""A swipe and the flags that say which of its fields a reader sends: values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag

ENHANCED = 0x80
"""The bit of an encode type that tells the enhanced format from the original one."""
ISO_CARD = 0x80
"""An encode type: a payment card, by ISO 7813."""
TYPED_CARD = 0xC0
"""An encode type: a card number typed at the reader (83-41)."""

SERIAL_NUMBER_BYTES = 10
SESSION_ID_BYTES = 8
TDES_KSN_BYTES, AES_KSN_BYTES = 10, 12
TRACKS = 3


class TrackStatus(IntFlag):
    """What the head found; one bit a track, shifted by the track's index."""

    DECODED = 0x01
    SAMPLED = 0x08
    HAS_OPTIONS = 0x40


class ShownFields(IntFlag):
    """Which fields anyone may read; SHOWN is one bit a track."""

    SHOWN = 0x01
    USES_AES = 0x10
    USES_PIN_VARIANT = 0x40
    """Tracks are under the PIN variant of the key, not the data variant."""
    SERIAL_NUMBER = 0x80


class SealedFields(IntFlag):
    """Which other fields are there; ENCRYPTED and HASHED are one bit a track."""

    ENCRYPTED = 0x01
    HASHED = 0x08
    SESSION_ID = 0x40
    KSN = 0x80


class Option(IntFlag):
    """Bits of the first optional byte."""

    SHA_256 = 0x01
    OTHER_ENCRYPTION = 0x02
    """By a scheme of one processor; its lengths are not published."""
    MAC = 0x20


@dataclass(frozen=True, slots=True)
class Track:
    """One track; what the reader does not send of it is empty."""

    length: int = 0
    """Characters on the stripe, whether shown or not."""
    shown: bytes = field(default=b"", repr=False)
    """Masked, where `encrypted` is there."""
    encrypted: bytes = field(default=b"", repr=False)
    digest: bytes = field(default=b"", repr=False)
    """SHA-1 or SHA-256, or zeros."""


@dataclass(frozen=True, slots=True)
class MsrBlock:
    """A swipe; the flags say which fields are sent, though they be empty."""

    encode_type: int
    status: int
    shown_fields: int
    sealed_fields: int
    tracks: tuple[Track, Track, Track]
    options: bytes = b""
    session_id: bytes = b""
    serial_number: bytes = b""
    ksn: bytes = b""
    mac: bytes = field(default=b"", repr=False)
    """Its length, itself and its own KSN, as they came."""

    @property
    def uses_aes(self) -> bool:
        """Whether tracks are encrypted with AES, not TDES."""
        return bool(self.shown_fields & ShownFields.USES_AES)

    @property
    def uses_pin_variant(self) -> bool:
        """Whether tracks are under the PIN variant of the key, not the data variant."""
        return bool(self.shown_fields & ShownFields.USES_PIN_VARIANT)

    @property
    def masked_track_2(self) -> str | None:
        """Track 2 up to its end sentinel, masked; None where it is not shown."""
        shown = self.tracks[1].shown.decode("ascii", "replace")
        track, end, _ = shown.partition("?")
        return track + end or None
