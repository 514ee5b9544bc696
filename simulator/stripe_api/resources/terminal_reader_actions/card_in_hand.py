"""The card a customer has given to the reader, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.protocol import emv
from simulator.cards.card import Behaviour, Card, Entry
from simulator.emv.authorization import (
    Approved,
    AuthorizationRequest,
    Declined,
    Issuer,
)
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.resources.card_reads import CardRead, card_type
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.card_slot import SlotRead, can_sign

OFFLINE_DECLINED = "Z1"
"""The response code of a chip that refuses by itself (EMV Book 4, A6)."""


@dataclass(frozen=True, slots=True)
class _RefusingChip:
    """An issuer as seen through a chip that refuses what it approves."""

    issuer: Issuer

    def authorize(self, request: AuthorizationRequest) -> Approved | Declined:
        decision = self.issuer.authorize(request)
        if isinstance(decision, Declined):
            return decision
        return Declined(
            decision.card, "card_declined", "generic_decline", OFFLINE_DECLINED, None
        )


def hold(turn: Turn, card: Card, entry: Entry) -> None:
    """The customer gives a card to the reader."""
    turn.change(card={"name": card.name, "entry": entry.value})


def held(turn: Turn) -> tuple[Card, Entry]:
    """The card in hand; there must be one."""
    card = turn.state["card"]
    if card is None:
        raise LookupError(f"reader {turn.reader['id']} holds no card")
    return turn.shop.slot.cards.named(card["name"]), Entry(card["entry"])


def issuer_for(turn: Turn) -> Issuer:
    """Who decides about the card in hand: its issuer, and perhaps its own chip."""
    card, entry = held(turn)
    has_last_word = card.behaviour is Behaviour.REFUSES_AFTER_APPROVAL
    if has_last_word and entry is Entry.CONTACT:
        return _RefusingChip(turn.shop.issuer)
    return turn.shop.issuer


def read(
    turn: Turn, *, amount: int, currency: str, transaction_type: int = emv.SALE
) -> SlotRead:
    """Read the card in hand; raises InvalidRequest where no chip can sign the amount."""
    if not can_sign(amount, currency):
        raise InvalidRequest(
            f"Cards that are present cannot be charged {amount} {currency}."
        )
    card, entry = held(turn)
    return turn.shop.slot.read(
        card,
        entry,
        amount=amount,
        currency=currency,
        transaction_type=transaction_type,
    )


def for_issuer(turn: Turn, slot_read: SlotRead) -> CardRead:
    """The read as a payment sends it on."""
    card, _ = held(turn)
    return CardRead(
        ciphertext=slot_read.ciphertext,
        ksn=slot_read.ksn,
        read_method=slot_read.read_method,
        type=card_type(card.account.brand),
        reader=turn.reader["id"],
        location=turn.reader["location"],
    )
