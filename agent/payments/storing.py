"""A payment that Stripe is not asked for now: sealed, to be charged later.

Only where certainly nothing was sent. An answer that was lost is asked after, never
stored: the cardholder could pay twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from agent.journal.entries import CardCollected, Entry, NotCharged, StoredOffline
from agent.log import get_logger
from agent.money import Amount
from agent.offline.errors import OfflineError
from agent.offline.intents import is_local
from agent.offline.vault import Sale, Vault
from agent.payments.held_card import digest
from agent.payments.record import PaymentRecord
from agent.payments.states import Phase
from agent.readers.session import ReaderSession
from agent.stripe_api.cards import ConfirmCard
from drivers.profile import profile_named
from drivers.reader import EncryptedCard

log = get_logger(__name__)

FORCED = "forced"
OFFLINE_INTENT = "offline_intent"
"""Why Stripe was not asked, where no error says it."""


class Course(StrEnum):
    """Whether Stripe is asked."""

    ONLINE = "online"
    ONLINE_FIRST = "online_first"
    """And if it certainly could not be asked, the payment is stored."""
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Storing:
    """The way into the store from one reader."""

    vault: Vault
    session: ReaderSession
    course: Course

    @classmethod
    def on(
        cls, course: Course, vault: Vault | None, session: ReaderSession
    ) -> Self | None:
        """The way into the store; None where the action must not go it."""
        if course is Course.ONLINE or vault is None:
            return None
        return cls(vault, session, course)

    @property
    def is_enabled(self) -> bool:
        """Whether payments of this reader may be stored at all."""
        return self.vault.is_enabled(self.session.record.location)

    async def store(
        self,
        record: PaymentRecord,
        read: EncryptedCard,
        card: ConfirmCard,
        *,
        reason: str | None = None,
    ) -> None:
        """Seal the card; durable when this returns. `reason` is an error's code.

        Raises OfflineError where this card or this amount may not be stored, with
        nothing written.
        """
        payment = record.payment
        amount = payment.amount + (card.tip or 0)
        self.vault.check(Amount(amount, payment.currency), self.session.record.location)
        self.vault.check_card(
            read, currency=payment.currency, has_keypad=self._has_keypad()
        )
        sale = Sale(
            payment.payment_id,
            payment.intent,
            payment.reader_id,
            amount=amount,
            currency=payment.currency,
        )
        if reason is None:
            reason = OFFLINE_INTENT if is_local(payment.intent) else FORCED
        entries: list[Entry] = [StoredOffline(payment.payment_id, reason)]
        if payment.phase is Phase.REQUESTED:
            collected = CardCollected(
                payment.payment_id, card.read_method, digest(card), tip=card.tip
            )
            entries.insert(0, collected)
        await record.add(*entries, seal=self.vault.seal(sale, card))

    async def store_instead(
        self,
        record: PaymentRecord,
        read: EncryptedCard,
        card: ConfirmCard,
        unsent: NotCharged,
    ) -> NotCharged | None:
        """Store what certainly was not sent; or say why it ends as not charged."""
        if not self.is_enabled or record.payment.card_end is not None:
            # The card has been told that nobody could be reached, or has left.
            return unsent
        try:
            await self.store(record, read, card, reason=unsent.code)
        except OfflineError as refused:
            log.info("payment.not_stored_offline", code=refused.code)
            return NotCharged(unsent.payment_id, refused.code, refused.message)
        return None

    def _has_keypad(self) -> bool:
        """Whether the reader may have asked for a PIN."""
        profile = profile_named(self.session.record.model)
        return "pin" in profile.capabilities.features
