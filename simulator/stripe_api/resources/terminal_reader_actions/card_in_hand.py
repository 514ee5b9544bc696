"""The card a customer has given to the reader, and how it is read."""

from __future__ import annotations

from simulator.cards.card import Card, Entry
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.resources.card_reads import CardRead
from simulator.stripe_api.resources.terminal_reader_actions.intents import card_type
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.card_slot import SlotRead, can_sign


def hold(turn: Turn, card: Card, entry: Entry) -> None:
    """The customer gives a card to the reader."""
    turn.change(card={"name": card.name, "entry": entry.value})


def held(turn: Turn) -> tuple[Card, Entry]:
    """The card in hand; there must be one."""
    card = turn.state["card"]
    if card is None:
        raise LookupError(f"reader {turn.reader['id']} holds no card")
    return turn.shop.slot.cards.named(card["name"]), Entry(card["entry"])


def read(turn: Turn, *, amount: int, currency: str) -> SlotRead:
    """Read the card in hand; raises InvalidRequest where no chip can sign the amount."""
    if not can_sign(amount, currency):
        raise InvalidRequest(
            f"Cards that are present cannot be charged {amount} {currency}."
        )
    card, entry = held(turn)
    return turn.shop.slot.read(card, entry, amount=amount, currency=currency)


def for_issuer(turn: Turn, slot_read: SlotRead) -> CardRead:
    """The read as a payment sends it on."""
    card, _ = held(turn)
    return CardRead(
        ciphertext=slot_read.ciphertext,
        ksn=slot_read.ksn,
        read_method=slot_read.read_method,
        type=card_type(card),
        reader=turn.reader["id"],
        location=turn.reader["location"],
    )
