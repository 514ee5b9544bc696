"""What a NEO reader takes from a virtual card, and how it tells the host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.protocol import emv
from drivers.protocol.idtech_neo import msr_block
from drivers.protocol.idtech_neo.card_answer import (
    ATTRIBUTION,
    ERROR,
    GROUP,
    INTERFACE_IN_GROUP,
    KSN,
    MSR_BLOCK,
    RESULT_CODE,
    Attribution,
    CardAnswer,
    Interface,
    attribution_of,
    encode_card_answer,
)
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject
from drivers.protocol.idtech_neo.msr_fields import ISO_CARD, TYPED_CARD
from drivers.protocol.idtech_neo.status import ErrorCode, ResultCode
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Card, Entry
from simulator.emv.card_keys import CardKey
from simulator.emv.kernel import ChipRead, Completion, Purchase, card_objects
from simulator.emv.neo_sealing import (
    clear_objects,
    clear_stripe,
    sealed_stripe,
    sealed_twins,
    swiped_tracks,
    track_1_of_tap,
    typed_tracks,
)
from simulator.reader.model import Bench

_IN_GROUP = {
    Interface.SWIPE: b"\x0c",
    Interface.CONTACT: b"\x01",
    Interface.CONTACTLESS: b"\x00",
    Interface.CONTACTLESS_STRIPE: b"\x00",
}
_SWIPE_MODE, _FALLBACK_MODE, _TYPED_MODE, _STRIPE_TAP_MODE = 0x90, 0x80, 0x01, 0x91
_OF_A_STRIPE = frozenset(
    {
        emv.APPLICATION_IDENTIFIER_CARD,
        emv.APPLICATION_LABEL,
        emv.TRACK_2_EQUIVALENT_DATA,
        emv.TRANSACTION_DATE,
        emv.TRANSACTION_TIME,
        emv.TRANSACTION_TYPE,
        emv.TRANSACTION_CURRENCY_CODE,
        emv.AMOUNT_AUTHORISED,
        emv.AMOUNT_OTHER,
        emv.TERMINAL_COUNTRY_CODE,
    }
)
"""What a card in stripe mode and its reader have to tell."""


@dataclass(frozen=True, slots=True)
class CardReading:
    """One card in the reader: all it tells is under one key, or in the clear."""

    bench: Bench
    encrypts: bool
    key: CardKey

    def swipe(self, card: Card, *, is_fallback: bool) -> bytes:
        """The answer to a swipe."""
        mode = _FALLBACK_MODE if is_fallback else _SWIPE_MODE
        return self._stripe(swiped_tracks(card), mode)

    def typed(self, number: str, expiry: str) -> bytes:
        """The answer to a card number and an expiry date (YYMM) that were typed."""
        tracks = typed_tracks(number, expiry)
        return self._stripe(tracks, _TYPED_MODE, encode_type=TYPED_CARD)

    def tap(self, card: Card, purchase: Purchase) -> bytes:
        """The answer to a tap of a chip."""
        chip = self.bench.kernel.read(card, Entry.CONTACTLESS, purchase=purchase)
        return self._told(Interface.CONTACTLESS, chip.objects)

    def tap_of_stripe(self, card: Card, purchase: Purchase) -> bytes:
        """The answer to a tap in magnetic stripe mode (MSD)."""
        chip = self.bench.kernel.read(card, Entry.CONTACTLESS, purchase=purchase)
        objects = [item for item in chip.objects if item.tag in _OF_A_STRIPE]
        own = (
            Tlv(emv.TRACK_1_EQUIVALENT_DATA, track_1_of_tap(card)),
            Tlv(emv.POS_ENTRY_MODE, bytes((_STRIPE_TAP_MODE,))),
        )
        return self._told(Interface.CONTACTLESS_STRIPE, [*objects, *own])

    def application(self, card: Card) -> bytes:
        """The first answer to a chip in the slot: selected and read."""
        objects = card_objects(card, Entry.CONTACT)
        return self._told(Interface.CONTACT, objects, result=ResultCode.STARTED)

    def cryptogram(self, chip: ChipRead) -> bytes:
        """The answer to 60-11: the chip asks for its issuer."""
        return self._told(Interface.CONTACT, chip.objects, result=ResultCode.GO_ONLINE)

    def completion(self, completion: Completion) -> bytes:
        """The answer to 60-12: the chip's verdict."""
        result = ResultCode.APPROVED if completion.approved else ResultCode.DECLINED
        return self._told(Interface.CONTACT, completion.objects, result=result)

    def _stripe(
        self, tracks: tuple[str, str], mode: int, *, encode_type: int = ISO_CARD
    ) -> bytes:
        serial_number = self.bench.serial_number
        block = (
            sealed_stripe(
                self.key, tracks, serial_number=serial_number, encode_type=encode_type
            )
            if self.encrypts
            else clear_stripe(tracks, serial_number=serial_number)
        )
        objects = (
            CardObject(MSR_BLOCK, msr_block.encode(block)),
            CardObject(emv.POS_ENTRY_MODE, bytes((mode,))),
        )
        return self._answer(Interface.SWIPE, objects)

    def _told(
        self,
        interface: Interface,
        objects: Iterable[Tlv],
        *,
        result: ResultCode | None = None,
    ) -> bytes:
        told: tuple[CardObject, ...] = (
            (CardObject(KSN, self.key.ksn), *sealed_twins(self.key, objects))
            if self.encrypts
            else clear_objects(objects)
        )
        if result is not None:
            told = (CardObject(RESULT_CODE, result.to_bytes(2, "big")), *told)
        return self._answer(interface, told)

    def _answer(self, interface: Interface, objects: Iterable[CardObject]) -> bytes:
        uses_aes = self.encrypts and self.key.uses_aes
        attribution = attribution_of(
            interface, encrypts=self.encrypts, uses_aes=uses_aes
        )
        group = (CardObject(INTERFACE_IN_GROUP, _IN_GROUP[interface]),)
        told = (
            *objects,
            CardObject(GROUP, children=group),
            CardObject(ATTRIBUTION, bytes((attribution.byte, 0))),
        )
        return encode_card_answer(CardAnswer(attribution, told))


def no_card(error: ErrorCode) -> bytes:
    """The answer where a card could not be read: error, no status words, field off."""
    failed = CardObject(ERROR, bytes((error, 0, 0, 0)))
    return encode_card_answer(CardAnswer(Attribution(0), (failed,)))


def no_transaction(result: ResultCode) -> bytes:
    """The answer where the contact kernel ended without data of a card."""
    told = CardObject(RESULT_CODE, result.to_bytes(2, "big"))
    return encode_card_answer(CardAnswer(Attribution(0), (told,)))
