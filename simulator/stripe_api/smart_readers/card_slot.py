"""Where smart readers read virtual cards: encrypted at once, for the issuer's eyes.

All smart readers share one slot, as they share one bank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from drivers.errors import LocalError
from drivers.protocol import emv
from drivers.protocol.currency import currency_of, iso_amount
from simulator.cards.book import CardBook
from simulator.cards.card import Behaviour, Card, Entry, Verification
from simulator.emv.authorization import PresentedCard
from simulator.emv.kernel import Kernel, Purchase
from simulator.emv.presented_card import presented_card
from simulator.emv.sealing import ReadKeys, stripe_objects

FIRST_KSN = bytes.fromhex("FFFF987655E000000001")
"""Of a key set of their own, apart from those of readers on a wire."""

_CONVENIENCE = (Entry.CONTACT, Entry.CONTACTLESS, Entry.SWIPE)


@dataclass(frozen=True, slots=True)
class SlotRead:
    """One card, read for one amount."""

    ciphertext: bytes = field(repr=False)
    ksn: bytes
    read_method: str
    """Stripe's word."""
    shown: PresentedCard


class CardSlot:
    """Reads the cards of one book."""

    def __init__(self, cards: CardBook, *, kernel: Kernel) -> None:
        """`kernel` counts the reads of every chip, so others must use the same."""
        self.cards = cards
        self._kernel = kernel
        self._keys = ReadKeys(FIRST_KSN)

    def read(
        self,
        card: Card,
        entry: Entry,
        *,
        amount: int,
        currency: str,
        transaction_type: int = emv.SALE,
    ) -> SlotRead:
        """Read a card for an amount; raises LocalError where a chip cannot sign it."""
        if entry is Entry.SWIPE:
            read_method = "magnetic_stripe_track2"
            objects = stripe_objects(card)
            shown = presented_card(card, (), read_method=read_method)
        else:
            is_inserted = entry is Entry.CONTACT
            read_method = "contact_emv" if is_inserted else "contactless_emv"
            purchase = Purchase(
                amount=iso_amount(amount, currency),
                currency_code=currency_of(currency).numeric,
                transaction_type=transaction_type,
            )
            objects = self._kernel.read(card, entry, purchase=purchase).objects
            shown = presented_card(card, objects, read_method=read_method)
        sealed = self._keys.next().seal(objects)
        return SlotRead(sealed.ciphertext, sealed.ksn, read_method, shown)

    def of_number(self, number: str) -> Sequence[Card]:
        """The well-behaved cards of an account, in the book's order."""
        return [
            card
            for card in self.cards
            if card.account.number == number and card.behaviour is Behaviour.NORMAL
        ]


def usual_entry(card: Card) -> Entry:
    """How most people would present it."""
    return next(entry for entry in _CONVENIENCE if entry in card.entries)


def needs_pin(card: Card, entry: Entry) -> bool:
    """Whether its PIN is asked for on the reader."""
    if entry is Entry.SWIPE:
        return False
    if card.verification is Verification.OFFLINE_PIN:
        return entry is Entry.CONTACT
    return card.verification is Verification.ONLINE_PIN


def can_sign(amount: int, currency: str) -> bool:
    """Whether a chip knows the currency and can express the amount in it."""
    try:
        iso_amount(amount, currency)
    except LocalError:
        return False
    return True
