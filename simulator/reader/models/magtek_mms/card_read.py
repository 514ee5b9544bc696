"""What a MagTek reader takes from a virtual card, and how it tells the host."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.features import Signature
from drivers.protocol import emv
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.card_data import Arqc, Batch, Fallback
from drivers.protocol.magtek_mms.signatures import COMPACT_HEIGHT, COMPACT_WIDTH
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Card, Entry
from simulator.cards.tracks import masked_track_2
from simulator.cards.typed import TypedCard
from simulator.emv.kernel import (
    APPROVED_RESPONSE_CODES,
    ChipRead,
    Completion,
    PinEntry,
    Purchase,
)
from simulator.emv.pin_keys import SealedPin
from simulator.emv.sealing import (
    ReadKey,
    SealedCardData,
    pin_objects,
    stripe_objects,
    typed_objects,
)
from simulator.reader.model import Bench
from simulator.reader.models.magtek_mms.signature_step import fitted

ACCEPTED, DECLINED = 0x00, 0x01

_MANUAL, _CONTACT_CHIP, _CONTACTLESS_CHIP, _STRIPE = 0x03, 0x05, 0x06, 0x07
"""DFDF52. A stripe of a card that has a chip; the simulator has no others."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What the cardholder added before or while the card was read."""

    tip: int | None = None
    """Minor units; None where nobody asked."""
    tax: int | None = None
    pin: PinEntry = PinEntry.DONE
    sealed_pin: SealedPin | None = None
    """For the issuer, where the card wants it to judge."""


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card that was read and waits for its issuer."""

    arqc: Arqc
    key: ReadKey
    objects: tuple[Tlv, ...]
    chip: ChipRead | None
    """The chip in the slot, which has a say; None where the card is gone already."""

    def complete(
        self, response_code: str, authentication_data: bytes, *, scripts: bytes = b""
    ) -> Completion:
        """The second half: a chip in the slot decides, all others obey the code."""
        if self.chip is not None:
            return self.chip.complete(
                response_code, authentication_data, scripts=scripts
            )
        code = Tlv(emv.AUTHORISATION_RESPONSE_CODE, response_code.encode("ascii"))
        approved = response_code in APPROVED_RESPONSE_CODES
        return Completion(approved, (*self.objects, code))

    def batch(self, completion: Completion, signature: Signature | None) -> Batch:
        """The record of the finished transaction, under the key of the read."""
        sealed = self.key.seal(completion.objects)
        drawn = None if signature is None else _compact(signature)
        return Batch(
            status=ACCEPTED if completion.approved else DECLINED,
            encrypted=_encrypted(sealed),
            serial_number=self.arqc.serial_number,
            signature=drawn,
        )


def read_card(
    card: Card,
    bench: Bench,
    *,
    entry: Entry,
    purchase: Purchase,
    is_fallback: bool,
    extras: Extras,
) -> CardRead:
    """Insert, tap or swipe; `is_fallback` where the chip could not be read."""
    if entry is Entry.SWIPE:
        fallback = Fallback.TECHNICAL if is_fallback else Fallback.NONE
        return _read_stripe(card, bench, fallback=fallback, extras=extras)
    return _read_chip(card, bench, entry=entry, purchase=purchase, extras=extras)


def read_typed(card: TypedCard, bench: Bench, extras: Extras) -> CardRead:
    """A card number that was keyed in, as tracks that the reader makes of it."""
    objects = typed_objects(card)
    arqc, key = _sealed(bench, objects, extras)
    filled = replace(arqc, card_type=_MANUAL, masked_track_2=card.masked_track_2)
    return CardRead(filled, key, objects, chip=None)


def _read_chip(
    card: Card, bench: Bench, *, entry: Entry, purchase: Purchase, extras: Extras
) -> CardRead:
    chip = bench.kernel.read(card, entry, purchase=purchase, pin=extras.pin)
    is_inserted = entry is Entry.CONTACT
    pin = () if extras.sealed_pin is None else pin_objects(extras.sealed_pin)
    arqc, key = _sealed(bench, (*chip.objects, *pin), extras)
    filled = replace(
        arqc,
        card_type=_CONTACT_CHIP if is_inserted else _CONTACTLESS_CHIP,
        masked_track_2=masked_track_2(card),
        cardholder_name=_name(card) if is_inserted else None,
        service_code=_service_code(card),
    )
    return CardRead(filled, key, chip.objects, chip if is_inserted else None)


def _read_stripe(
    card: Card, bench: Bench, *, fallback: Fallback, extras: Extras
) -> CardRead:
    objects = stripe_objects(card)
    arqc, key = _sealed(bench, objects, extras)
    filled = replace(
        arqc,
        fallback=fallback,
        card_type=_STRIPE,
        masked_track_2=masked_track_2(card),
        cardholder_name=_name(card),
        service_code=_service_code(card),
    )
    return CardRead(filled, key, objects, chip=None)


def _sealed(
    bench: Bench, objects: tuple[Tlv, ...], extras: Extras
) -> tuple[Arqc, ReadKey]:
    key = bench.keys.next()
    encrypted = _encrypted(key.seal(objects))
    serial_number = bench.serial_number.encode("ascii")
    arqc = Arqc(serial_number, encrypted, tip=extras.tip, tax=extras.tax)
    return arqc, key


def _encrypted(sealed: SealedCardData) -> EncryptedData:
    return EncryptedData(sealed.ciphertext, sealed.ksn, padding_count=sealed.padding)


def _compact(signature: Signature) -> Signature:
    return fitted(signature, width=COMPACT_WIDTH, height=COMPACT_HEIGHT)


def _name(card: Card) -> bytes:
    return card.cardholder_name.encode("latin-1")


def _service_code(card: Card) -> bytes:
    return emv.encode_numeric(int(card.service_code), length=2)
