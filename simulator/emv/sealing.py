"""Card data under DUKPT: sealed by the reader, opened by the issuer.

The plaintext is the template FC, zero-padded to whole blocks and encrypted with the
data variant of the read's own key, as MagTek's readers do it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from drivers.errors import TlvError
from drivers.protocol.tlv import Tlv, decode, encode, find, find_value
from simulator.cards.card import Card
from simulator.cards.tracks import track_1, track_2
from simulator.cards.typed import TypedCard
from simulator.emv.dukpt import (
    KSN_SIZE,
    TEST_BDK,
    Variant,
    initial_key,
    next_ksn,
    transaction_key,
    working_key,
)
from simulator.emv.pin_block import PinBlockFormat
from simulator.emv.pin_keys import SealedPin
from simulator.emv.tdes import BLOCK_SIZE, decrypt_cbc, encrypt_cbc
from simulator.errors import CardDataUnreadable

CARD_DATA_TEMPLATE = 0xFC
STRIPE_TEMPLATE = 0xF4
TRACK_1_STATUS, TRACK_1 = 0xDFDF36, 0xDFDF37
TRACK_2_STATUS, TRACK_2 = 0xDFDF38, 0xDFDF39
PIN_TEMPLATE = 0xF5
PIN_FORMAT, PIN_BLOCK, PIN_KSN, PIN_ENCRYPTION = 0xDF71, 0x99, 0xDFDF41, 0xDFDF42

_TRACK_OK = b"\x00"
_TDES_PIN, _AES_128_PIN = 0x81, 0x97
"""Encryption types: DUKPT, TDES or AES-128, the key for PINs."""


@dataclass(frozen=True, slots=True)
class SealedCardData:
    """What may leave the reader."""

    ciphertext: bytes
    ksn: bytes
    padding: int
    """How many of the decrypted bytes at the end mean nothing."""


@dataclass(frozen=True, slots=True)
class ReadKey:
    """The key of one card read."""

    ksn: bytes
    data_key: bytes = field(repr=False)

    def seal(self, objects: Iterable[Tlv]) -> SealedCardData:
        """Encrypt `objects` as the card data of this read."""
        plaintext = encode([Tlv(CARD_DATA_TEMPLATE, children=tuple(objects))])
        padding = -len(plaintext) % BLOCK_SIZE
        ciphertext = encrypt_cbc(self.data_key, plaintext + bytes(padding))
        return SealedCardData(ciphertext, self.ksn, padding)


class ReadKeys:
    """One reader's keys, in the order in which its reads use them up."""

    def __init__(self, first_ksn: bytes, *, bdk: bytes = TEST_BDK) -> None:
        """`first_ksn` counts the first read; raises ValueError for a malformed one."""
        self._ksn = first_ksn
        self._device_key = initial_key(bdk, first_ksn)

    @property
    def next_ksn(self) -> bytes:
        """The key serial number of the next read."""
        return self._ksn

    def next(self) -> ReadKey:
        """The key of the next read."""
        ksn, self._ksn = self._ksn, next_ksn(self._ksn)
        key = transaction_key(self._device_key, ksn)
        return ReadKey(ksn, working_key(key, Variant.DATA_REQUEST))


def unseal(ciphertext: bytes, ksn: bytes, *, bdk: bytes = TEST_BDK) -> tuple[Tlv, ...]:
    """The objects that a ReadKey sealed; raises CardDataUnreadable."""
    if len(ksn) != KSN_SIZE or not ciphertext or len(ciphertext) % BLOCK_SIZE:
        raise CardDataUnreadable("not a ciphertext and KSN of a simulated reader")
    key = transaction_key(initial_key(bdk, ksn), ksn)
    plaintext = decrypt_cbc(working_key(key, Variant.DATA_REQUEST), ciphertext)
    try:
        objects = decode(plaintext)
    except TlvError:
        # Without its cause: decrypted bytes belong in no message and no traceback.
        raise CardDataUnreadable("the card data do not decrypt") from None
    if [item.tag for item in objects] != [CARD_DATA_TEMPLATE]:
        raise CardDataUnreadable("the decrypted data are no card data")
    return objects[0].children


def stripe_objects(card: Card) -> tuple[Tlv, ...]:
    """What a swipe gives, before sealing."""
    return _track_objects(track_1(card), track_2(card))


def typed_objects(card: TypedCard) -> tuple[Tlv, ...]:
    """What a card number that was typed gives, before sealing: tracks made of it."""
    return _track_objects(card.track_1, card.track_2)


def pin_objects(pin: SealedPin) -> tuple[Tlv, ...]:
    """An encrypted PIN, before it is sealed once more with the card data."""
    is_aes = pin.block_format is PinBlockFormat.ISO_4
    return (
        Tlv(
            PIN_TEMPLATE,
            children=(
                Tlv(PIN_FORMAT, bytes((pin.block_format,))),
                Tlv(PIN_BLOCK, pin.block),
                Tlv(PIN_KSN, pin.ksn),
                Tlv(PIN_ENCRYPTION, bytes((_AES_128_PIN if is_aes else _TDES_PIN,))),
            ),
        ),
    )


def pin_in(objects: Iterable[Tlv]) -> SealedPin | None:
    """The encrypted PIN among card data; raises CardDataUnreadable for a broken one."""
    template = find(objects, PIN_TEMPLATE)
    if template is None:
        return None
    block_format = find_value(template.children, PIN_FORMAT)
    block = find_value(template.children, PIN_BLOCK)
    ksn = find_value(template.children, PIN_KSN)
    if not (block_format and block and ksn):
        raise CardDataUnreadable("the card data hold an incomplete PIN")
    try:
        return SealedPin(block, ksn, PinBlockFormat(block_format[0]))
    except ValueError:
        raise CardDataUnreadable("the PIN block has no known format") from None


def _track_objects(first: str, second: str) -> tuple[Tlv, ...]:
    return (
        Tlv(
            STRIPE_TEMPLATE,
            children=(
                Tlv(TRACK_1_STATUS, _TRACK_OK),
                Tlv(TRACK_1, first.encode("ascii")),
                Tlv(TRACK_2_STATUS, _TRACK_OK),
                Tlv(TRACK_2, second.encode("ascii")),
            ),
        ),
    )
