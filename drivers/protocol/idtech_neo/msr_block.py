"""A swipe as ID TECH's readers put it together: masked tracks beside encrypted ones.

`02 length(2, little-endian) body LRC SUM 03`. The same block stands in tag DFEE23 and is
sent by itself by key pads and stripe readers (SecureMag manual 80096504, 10.6).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import xor

from drivers.errors import FrameError, LocalError, ReaderEncryptionOff
from drivers.protocol.idtech_neo.msr_fields import (
    AES_KSN_BYTES,
    ENHANCED,
    ISO_CARD,
    SERIAL_NUMBER_BYTES,
    SESSION_ID_BYTES,
    TDES_KSN_BYTES,
    TRACKS,
    MsrBlock,
    Option,
    SealedFields,
    ShownFields,
    Track,
    TrackStatus,
)

STX, ETX = 0x02, 0x03


def decode(data: bytes) -> MsrBlock:
    """The swipe in `data`.

    Raises FrameError, and ReaderEncryptionOff where a track stands in the clear.
    """
    block = parse(data)
    for number, track in enumerate(block.tracks, start=1):
        is_clear = track.shown and not track.encrypted
        # Old stripes of one brand have spaces in the number.
        if is_clear or _PAN.search(track.shown.replace(b" ", b"")):
            raise ReaderEncryptionOff(f"the reader sent track {number} in the clear")
    return block


def parse(data: bytes) -> MsrBlock:
    """The swipe in `data`, whatever it shows: never for a host; raises FrameError."""
    return _read(_unwrap(data))


def encode(block: MsrBlock) -> bytes:
    """The block as a reader sends it; raises LocalError for one that cannot be."""
    lengths = [track.length for track in block.tracks]
    if max(lengths) > 0xFF or len(block.options) > 0xFF:
        raise LocalError("a field of an MSR block is too long")
    fields = (
        bytes((block.encode_type, block.status, *lengths)),
        bytes((block.shown_fields, block.sealed_fields))
        if block.encode_type & ENHANCED
        else b"",
        bytes((len(block.options),)) + block.options
        if block.status & TrackStatus.HAS_OPTIONS
        else b"",
        *(track.shown for track in block.tracks),
        *(track.encrypted for track in block.tracks),
        block.session_id,
        *(track.digest for track in block.tracks),
        block.serial_number,
        block.ksn,
        block.mac,
    )
    body = b"".join(fields)
    try:
        is_whole = _read(body) == block
    except FrameError:
        is_whole = False
    if not is_whole:
        raise LocalError("the fields of an MSR block contradict its flags")
    length = len(body).to_bytes(2, "little")
    return bytes((STX,)) + length + body + _check(body) + bytes((ETX,))


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the flags leave open; the length of the body decides."""

    lrc_bytes: int
    """1 where lengths count a track's own LRC, but it is not encrypted."""
    ksn_bytes: int


_LAYOUTS = tuple(
    _Layout(lrc_bytes, ksn_bytes)
    for ksn_bytes in (TDES_KSN_BYTES, AES_KSN_BYTES)
    for lrc_bytes in (0, 1)
)
_WRAPPING_BYTES = 6
_TDES_BLOCK_BYTES, _AES_BLOCK_BYTES = 8, 16
_SHA_1_BYTES, _SHA_256_BYTES = 20, 32
_ORIGINAL_ISO_CARD = ISO_CARD & ~ENHANCED
_ENCRYPTED_IN_ORIGINAL = 2
"""Tracks 1 and 2; the original format has no other choice."""
_PAN = re.compile(rb"\d{12,}")


def _unwrap(data: bytes) -> bytes:
    body = data[3 : -_WRAPPING_BYTES + 3]
    length = int.from_bytes(data[1:3], "little")
    if len(data) < _WRAPPING_BYTES or (data[0], data[-1]) != (STX, ETX):
        raise FrameError(f"{len(data)} bytes that are no MSR block")
    if length != len(body):
        raise FrameError(f"an MSR block of {len(body)} bytes claims {length}")
    if data[-3:-1] != _check(body):
        raise FrameError("an MSR block with a wrong LRC or sum")
    return body


def _check(body: bytes) -> bytes:
    return bytes((reduce(xor, body, 0), sum(body) % 256))


def _read(body: bytes) -> MsrBlock:
    """The block whose fields fill `body` exactly; raises FrameError."""
    for layout in _LAYOUTS:
        fields = _Fields(body)
        try:
            block = _block(fields, layout)
        except _CutShort:
            continue
        if not fields.left:
            return block
    raise FrameError("an MSR block whose fields do not fill it")


class _CutShort(Exception):
    """The body ends inside a field: not this layout."""


class _Fields:
    """A body, taken field by field."""

    def __init__(self, body: bytes) -> None:
        self.left = body

    def take(self, size: int) -> bytes:
        """The next `size` bytes; raises _CutShort."""
        if size > len(self.left):
            raise _CutShort
        field, self.left = self.left[:size], self.left[size:]
        return field

    def take_each(self, flags: int, flag: int, sizes: Sequence[int]) -> list[bytes]:
        """One field for each track that `flags` have `flag` of, else an empty one."""
        return [
            self.take(size if flags & flag << index else 0)
            for index, size in enumerate(sizes)
        ]


def _block(fields: _Fields, layout: _Layout) -> MsrBlock:
    encode_type, status, *lengths = fields.take(2 + TRACKS)
    shown_fields, sealed_fields = (
        fields.take(2)
        if encode_type & ENHANCED
        else _fields_of_original(encode_type, lengths)
    )
    has_options = status & TrackStatus.HAS_OPTIONS
    options = fields.take(fields.take(1)[0]) if has_options else b""
    option = _first_option(options)
    sealed_bytes = [_encrypted_bytes(each, shown_fields, layout) for each in lengths]
    digest_bytes = _SHA_256_BYTES if option & Option.SHA_256 else _SHA_1_BYTES
    shown = fields.take_each(shown_fields, ShownFields.SHOWN, lengths)
    sealed = fields.take_each(sealed_fields, SealedFields.ENCRYPTED, sealed_bytes)
    session_id = fields.take(
        SESSION_ID_BYTES if sealed_fields & SealedFields.SESSION_ID else 0
    )
    digests = fields.take_each(
        sealed_fields, SealedFields.HASHED, [digest_bytes] * TRACKS
    )
    first, second, third = map(Track, lengths, shown, sealed, digests)
    has_serial_number = shown_fields & ShownFields.SERIAL_NUMBER
    return MsrBlock(
        encode_type,
        status,
        shown_fields,
        sealed_fields,
        (first, second, third),
        options=options,
        session_id=session_id,
        serial_number=fields.take(SERIAL_NUMBER_BYTES if has_serial_number else 0),
        ksn=fields.take(layout.ksn_bytes if sealed_fields & SealedFields.KSN else 0),
        mac=_mac(fields, layout) if option & Option.MAC else b"",
    )


def _first_option(options: bytes) -> int:
    option = options[0] if options else 0
    if option & Option.OTHER_ENCRYPTION:
        raise FrameError("an MSR block encrypted by a scheme of its processor")
    return option


def _fields_of_original(encode_type: int, lengths: Sequence[int]) -> tuple[int, int]:
    """The flags that the original format leaves out."""
    if encode_type != _ORIGINAL_ISO_CARD:
        raise FrameError(f"an MSR block of the original format, type {encode_type:02X}")
    shown, sealed = 0, int(SealedFields.KSN)
    for index, length in enumerate(lengths):
        if length:
            shown |= ShownFields.SHOWN << index
        if length and index < _ENCRYPTED_IN_ORIGINAL:
            sealed |= (SealedFields.ENCRYPTED | SealedFields.HASHED) << index
    return shown, sealed


def _mac(fields: _Fields, layout: _Layout) -> bytes:
    length = fields.take(1)
    return length + fields.take(length[0]) + fields.take(layout.ksn_bytes)


def _encrypted_bytes(length: int, shown_fields: int, layout: _Layout) -> int:
    uses_aes = shown_fields & ShownFields.USES_AES
    block_bytes = _AES_BLOCK_BYTES if uses_aes else _TDES_BLOCK_BYTES
    return -(-max(length - layout.lrc_bytes, 0) // block_bytes) * block_bytes
