"""What a MagTek reader takes from a virtual card, and how it tells the host."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.protocol import emv
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.card_data import Arqc, Batch
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Card, Entry
from simulator.cards.tracks import masked_track_2
from simulator.emv.kernel import (
    APPROVED_RESPONSE_CODES,
    ChipRead,
    Completion,
    Purchase,
)
from simulator.emv.sealing import ReadKey, SealedCardData, stripe_objects
from simulator.reader.model import Bench

ACCEPTED, DECLINED = 0x00, 0x01

_CONTACT_CHIP, _CONTACTLESS_CHIP, _STRIPE = 0x05, 0x06, 0x07
"""DFDF52. A stripe of a card that has a chip; the simulator has no others."""


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card that was read and waits for its issuer."""

    arqc: Arqc
    key: ReadKey
    objects: tuple[Tlv, ...]
    chip: ChipRead | None
    """The chip in the slot, which has a say; None where the card is gone already."""

    def complete(self, response_code: str, authentication_data: bytes) -> Completion:
        """The second half: a chip in the slot decides, all others obey the code."""
        if self.chip is not None:
            return self.chip.complete(response_code, authentication_data)
        code = Tlv(emv.AUTHORISATION_RESPONSE_CODE, response_code.encode("ascii"))
        approved = response_code in APPROVED_RESPONSE_CODES
        return Completion(approved, (*self.objects, code))

    def batch(self, completion: Completion) -> Batch:
        """The record of the finished transaction, under the key of the read."""
        sealed = self.key.seal(completion.objects)
        status = ACCEPTED if completion.approved else DECLINED
        return Batch(status=status, encrypted=_encrypted(sealed))


def read_chip(
    card: Card, bench: Bench, *, entry: Entry, purchase: Purchase
) -> CardRead:
    """Insert or tap."""
    chip = bench.kernel.read(card, entry, purchase=purchase)
    is_inserted = entry is Entry.CONTACT
    key = bench.keys.next()
    arqc = Arqc(
        serial_number=bench.serial_number.encode("ascii"),
        encrypted=_encrypted(key.seal(chip.objects)),
        card_type=_CONTACT_CHIP if is_inserted else _CONTACTLESS_CHIP,
        masked_track_2=masked_track_2(card),
        cardholder_name=_name(card) if is_inserted else None,
        service_code=_service_code(card),
    )
    return CardRead(arqc, key, chip.objects, chip if is_inserted else None)


def read_stripe(card: Card, bench: Bench, *, is_fallback: bool) -> CardRead:
    """Swipe; `is_fallback` where the chip could not be read."""
    objects = stripe_objects(card)
    key = bench.keys.next()
    arqc = Arqc(
        serial_number=bench.serial_number.encode("ascii"),
        encrypted=_encrypted(key.seal(objects)),
        fallback=int(is_fallback),
        card_type=_STRIPE,
        masked_track_2=masked_track_2(card),
        cardholder_name=_name(card),
        service_code=_service_code(card),
    )
    return CardRead(arqc, key, objects, chip=None)


def _encrypted(sealed: SealedCardData) -> EncryptedData:
    return EncryptedData(sealed.ciphertext, sealed.ksn, padding_count=sealed.padding)


def _name(card: Card) -> bytes:
    return card.cardholder_name.encode("latin-1")


def _service_code(card: Card) -> bytes:
    return emv.encode_numeric(int(card.service_code), length=2)
