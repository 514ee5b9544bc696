"""The data of a card that was read, or could not be: what answers 02-40, 03-40 and 60-xx.

One attribution byte, then TLV. Whatever stands in the clear that should not is refused
here with ReaderEncryptionOff, before anyone sees it (interface guide 80139403, 02-40).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from drivers.errors import FrameError, ReaderEncryptionOff
from drivers.protocol import emv
from drivers.protocol.idtech_neo import msr_block
from drivers.protocol.idtech_neo.encrypted_tlv import (
    CardObject,
    Form,
    decode_objects,
    encode_objects,
    find_value,
    is_template,
    walk,
)
from drivers.protocol.idtech_neo.msr_fields import MsrBlock
from drivers.protocol.redaction import SENSITIVE_AUTHENTICATION_DATA

KSN = 0xDFEE12
"""Key serial number; absent where nothing is encrypted, and for a swipe."""
MSR_BLOCK = 0xDFEE23
RESULT_CODE = 0xDFEE25
"""Two bytes: how the contact kernel ended."""
ATTRIBUTION = 0xDFEE26
"""The attribution byte again, and a second byte of which nothing is published."""
ERROR = 0xFFEE1F
"""Error code, SW1, SW2 and state of the contactless field."""
TRACK_1, TRACK_2 = 0xDFEF17, 0xDFEF18
"""Tracks of a contactless stripe card."""
TRACK_LENGTHS, COMBINED_TRACKS = 0xDFEF4C, 0xDFEF4D
"""One byte for each track, and all tracks together: encrypted if stripes are."""
GROUP = 0xFFEE01
"""ID TECH's own group of objects."""
INTERFACE_IN_GROUP = 0xDF30

CLEAR_CARD_DATA = (SENSITIVE_AUTHENTICATION_DATA - {0xFF8105}) | {
    emv.PAN,
    TRACK_1,
    TRACK_2,
    0xFFEE13,  # older numbers of both tracks
    0xFFEE14,
    0xDF31,  # discretionary data of both tracks, inside GROUP
    0xDF32,
}
"""What a reader that encrypts never sends plain. FF8105 is a template, and looked into."""


class Interface(StrEnum):
    """Where the card was read."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"
    CONTACTLESS_STRIPE = "contactless_stripe"
    """A tap in magnetic stripe mode (MSD)."""
    SWIPE = "swipe"


@dataclass(frozen=True, slots=True)
class Attribution:
    """How card data were read and encrypted; bits of no published meaning are kept."""

    byte: int

    @property
    def interface(self) -> Interface:
        """Where the card was read."""
        if self.byte & _SWIPE:
            return Interface.SWIPE
        return _INTERFACES.get(self.byte & _INTERFACE_BITS, Interface.CONTACT)

    @property
    def encrypts(self) -> bool:
        """Whether data of this interface are encrypted."""
        is_stripe = self.interface in (Interface.SWIPE, Interface.CONTACTLESS_STRIPE)
        return bool(self.byte & (_STRIPE_ENCRYPTED if is_stripe else _CHIP_ENCRYPTED))

    @property
    def uses_aes(self) -> bool:
        """Whether they are encrypted with AES, not TDES."""
        return self.byte & _CIPHER_BITS == _AES


def attribution_of(
    interface: Interface, *, encrypts: bool = True, uses_aes: bool = False
) -> Attribution:
    """The attribution of a read; `encrypts` says so of stripes and of chips."""
    byte = next(bits for bits, each in _INTERFACES.items() if each is interface)
    byte |= _CHIP_ENCRYPTED | _STRIPE_ENCRYPTED if encrypts else 0
    return Attribution(byte | (_AES if uses_aes else 0))


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """What the reader tells of one card."""

    attribution: Attribution
    objects: tuple[CardObject, ...] = ()

    @property
    def error_code(self) -> int | None:
        """The first byte of ERROR, or None."""
        error = find_value(self.objects, ERROR)
        return error[0] if error else None

    @property
    def result_code(self) -> int | None:
        """RESULT_CODE as a number, or None."""
        code = find_value(self.objects, RESULT_CODE)
        return None if code is None else int.from_bytes(code, "big")

    @property
    def entry_mode(self) -> int | None:
        """POS_ENTRY_MODE as its two digits read, such as 0x90 for a swipe, or None."""
        mode = find_value(self.objects, emv.POS_ENTRY_MODE)
        return mode[0] if mode else None

    @property
    def stripe(self) -> MsrBlock | None:
        """The swipe, or None; raises FrameError or ReaderEncryptionOff."""
        block = find_value(self.objects, MSR_BLOCK)
        return msr_block.decode(block) if block else None


def decode_card_answer(data: bytes) -> CardAnswer:
    """The card in the data of an answer.

    Raises FrameError or TlvError, and ReaderEncryptionOff where card data stand in the
    clear, or masked so that nothing is hidden.
    """
    if not data:
        raise FrameError("card data without attribution")
    answer = CardAnswer(Attribution(data[0]), decode_objects(data[1:]))
    _refuse_clear(answer)
    return answer


def encode_card_answer(answer: CardAnswer) -> bytes:
    """The data as a reader sends them; raises LocalError for an impossible object."""
    return bytes((answer.attribution.byte,)) + encode_objects(answer.objects)


def has_clear_card_data(objects: Iterable[CardObject]) -> bool:
    """Whether a PAN or a track stands in `objects`, at any depth, for all to read."""
    return any(
        _shows_a_number(item)
        if item.form is Form.MASKED
        else item.form is Form.PLAIN
        and item.tag in CLEAR_CARD_DATA
        and not is_template(item.tag)
        and any(item.value)
        for item in walk(objects)
    )


_CHIP_ENCRYPTED, _STRIPE_ENCRYPTED = 0x80, 0x40
_SWIPE = 0x08
_INTERFACE_BITS = 0x19
_INTERFACES = {
    0x00: Interface.CONTACT,
    0x01: Interface.CONTACTLESS,
    0x11: Interface.CONTACTLESS_STRIPE,
    _SWIPE: Interface.SWIPE,
}
_CIPHER_BITS, _AES = 0x06, 0x02
_IN_BCD = frozenset({emv.PAN, emv.TRACK_2_EQUIVALENT_DATA, 0x9F20, 0x9F6B})
_LEAST_PAN_DIGITS = 12
_DIGITS = re.compile(rf"\d{{{_LEAST_PAN_DIGITS},}}")


def _refuse_clear(answer: CardAnswer) -> None:
    clear_tracks = find_value(answer.objects, COMBINED_TRACKS)
    if has_clear_card_data(answer.objects) or (
        clear_tracks and not answer.attribution.encrypts
    ):
        raise ReaderEncryptionOff("the reader sent card data in the clear")
    # Decoding it refuses a stripe in the clear.
    _ = answer.stripe


def _shows_a_number(masked: CardObject) -> bool:
    """Whether so many digits stand in a row that they are a PAN."""
    is_text = masked.tag not in _IN_BCD
    text = masked.value.decode("latin-1") if is_text else masked.value.hex()
    return bool(_DIGITS.search(text))
