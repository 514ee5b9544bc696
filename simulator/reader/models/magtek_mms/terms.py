"""How a card that was read is to be authorised: by the order, and by the card."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.protocol.magtek_mms.notifications import Technology
from simulator.cards.card import Behaviour, Card, Entry
from simulator.reader.models.magtek_mms.order import Order, wants_signature
from simulator.reader.models.magtek_mms.phases import TECHNOLOGY
from simulator.reader.models.magtek_mms.waiting import Patience


@dataclass(frozen=True, slots=True)
class Terms:
    """Settled when the card was read."""

    technology: Technology
    is_quick_chip: bool
    wants_signature: bool
    signs_by_itself: bool
    """The reader asks for the signature, and not the host afterwards."""
    leaves_before_completion: bool
    """The cardholder pulls the card when the issuer's answer arrives."""
    patience: Patience
    timeout_s: int
    above: str
    """The line over each text."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What the reader's properties say about every transaction."""

    patience: Patience
    signs_by_itself: bool
    """The reader asks for signatures, and not the host."""


def terms_of(
    card: Card, entry: Entry, order: Order, *, habits: Habits, above: str
) -> Terms:
    """The terms for this card, given in this way."""
    return Terms(
        TECHNOLOGY[entry],
        is_quick_chip=order.is_quick_chip,
        wants_signature=wants_signature(card, entry, order),
        signs_by_itself=habits.signs_by_itself,
        leaves_before_completion=card.behaviour is Behaviour.REMOVED_BEFORE_COMPLETION,
        patience=habits.patience,
        timeout_s=order.timeout_s,
        above=above,
    )
