"""What may be taken offline here, and the way into the store.

Owns the key and the limits. Whether a card's payment *should* be taken offline is decided
by agent.payments, which also writes that it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from agent.clock import Clock
from agent.errors import ResourceMissing
from agent.ids import PaymentId, PaymentIntentId, Random, ReaderId, new_id
from agent.journal.journal import Journal
from agent.journal.offline import SealedPayment, SealPayment
from agent.journal.offline_entries import OfflinePaymentStored
from agent.money import Amount
from agent.offline.card_rules import check_card
from agent.offline.errors import (
    ConfigurationTooOld,
    ForcedWithFeatureDisabled,
    OfflineKeyMissing,
    RecordDamaged,
)
from agent.offline.intents import (
    LocalIntent,
    OfflineBehavior,
    opened_intent,
    sealed_intent,
)
from agent.offline.limits import check_limits
from agent.offline.opening import stored_payment
from agent.offline.records import StoredContent, sealed_payment
from agent.offline.sealing import NONCE_BYTES, SealBroken
from agent.offline.standing import waiting
from agent.offline.states import OfflineState
from agent.settings import OfflineKey, OfflineSettings
from agent.stripe_api.cards import ConfirmCard
from agent.stripe_api.deferred import MARK
from drivers.reader import EncryptedCard

KNOWN_FOR = timedelta(days=30)
"""How long a Location may be without network and still take payments; as the SDKs."""


class EnabledAt(Protocol):
    """Whether Stripe's Configuration allows it at this Location, as far as is known."""

    def __call__(self, location: str | None) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sale:
    """A payment that is to be stored."""

    payment_id: PaymentId
    payment_intent: PaymentIntentId
    reader_id: ReaderId
    amount: int
    """Minor units of `currency`, with everything that was agreed at the reader."""
    currency: str


class Vault:
    """The store's door."""

    def __init__(
        self,
        *,
        journal: Journal,
        key: OfflineKey | None,
        settings: OfflineSettings,
        enabled_at: EnabledAt,
        known_at: Callable[[], datetime | None],
        clock: Clock,
        random: Random,
        livemode: bool,
        accepted: Callable[[], None],
    ) -> None:
        """`known_at` is when Stripe has last said what `enabled_at` tells.

        `accepted` is told of every stored payment that may be forwarded.
        """
        self.accepted = accepted
        self._journal = journal
        self._key = key
        self._settings = settings
        self._enabled_at = enabled_at
        self._known_at = known_at
        self._clock = clock
        self._random = random
        self._livemode = livemode

    @property
    def decide_within_s(self) -> float:
        """How long Stripe is waited for before a payment is taken offline."""
        return self._settings.decide_within_s

    def is_enabled(self, *locations: str | None) -> bool:
        """Whether payments may be taken offline at one of these Locations."""
        return bool(self._settings.payment_limits) and any(
            map(self._enabled_at, locations)
        )

    def check(self, amount: Amount, *locations: str | None) -> None:
        """Raise the OfflineError that says why nothing like this may be stored now."""
        if not self.is_enabled(*locations):
            raise ForcedWithFeatureDisabled(
                "Offline payments are not enabled at this Location."
            )
        self._check_known()
        self._needed_key()
        check_limits(
            amount,
            waiting=waiting(self._journal),
            oldest=self._journal.offline.oldest_open(),
            settings=self._settings,
            at=self._clock.now(),
        )

    def states_of(self, intent_id: PaymentIntentId) -> set[OfflineState]:
        """Where the payments stored for this intent stand; FAILED for a damaged one."""
        states: set[OfflineState] = set()
        for payment_id in self._journal.offline.payments_of_intent(intent_id):
            try:
                states.add(stored_payment(self._journal, payment_id).state)
            except RecordDamaged:
                states.add(OfflineState.FAILED)
        return states

    def check_card(
        self, card: EncryptedCard, *, currency: str, has_keypad: bool
    ) -> None:
        """Raise the CardRefused that says why this card must not be taken offline."""
        check_card(
            card,
            currency=currency,
            has_keypad=has_keypad,
            livemode=self._livemode,
            at=self._clock.now(),
        )

    def seal(self, sale: Sale, card: ConfirmCard) -> SealPayment:
        """What stores this payment, in the transaction that says so."""
        key, nonce = self._needed_key(), self._random(NONCE_BYTES)
        content = StoredContent(
            card, int(self._clock.now().timestamp()), create=self._to_create(sale)
        )

        def sealed(number: int) -> SealedPayment:
            entry = OfflinePaymentStored(
                payment_id=sale.payment_id,
                number=number,
                payment_intent=sale.payment_intent,
                reader_id=sale.reader_id,
                amount=sale.amount,
                currency=sale.currency,
                livemode=self._livemode,
                read_method=card.read_method,
                key_id="",
                sealed_digest="",
            )
            return sealed_payment(entry, content, key=key, nonce=nonce)

        return sealed

    async def make_intent(
        self,
        amount: Amount,
        *,
        behavior: OfflineBehavior,
        params: dict[str, object],
    ) -> LocalIntent:
        """A PaymentIntent of this machine; durable when this returns."""
        intent = LocalIntent(
            id=PaymentIntentId(new_id("pi_offline", self._random)),
            amount=amount.minor,
            currency=amount.currency,
            created=int(self._clock.now().timestamp()),
            behavior=behavior,
            params=params,
        )
        await self.keep_intent(intent)
        return intent

    async def keep_intent(self, intent: LocalIntent) -> None:
        """Keep it as it is now."""
        sealed = sealed_intent(
            intent, key=self._needed_key(), nonce=self._random(NONCE_BYTES)
        )
        await self._journal.offline.put_intent(intent.id, sealed)

    def intent(self, intent_id: PaymentIntentId) -> LocalIntent:
        """The intent made here; raises ResourceMissing, RecordDamaged."""
        sealed = self._journal.offline.intent(intent_id)
        if sealed is None:
            raise ResourceMissing(
                f"No such payment_intent: '{intent_id}'", param="payment_intent"
            )
        try:
            return opened_intent(intent_id, sealed, key=self._needed_key())
        except SealBroken:
            raise RecordDamaged(f"{intent_id} cannot be opened.") from None

    def _to_create(self, sale: Sale) -> dict[str, object] | None:
        """What Stripe is to make the intent of; None where it has it."""
        if self._journal.offline.intent(sale.payment_intent) is None:
            return None
        intent = self.intent(sale.payment_intent)
        params, metadata = intent.params, intent.params.get("metadata")
        marked = dict(metadata) if isinstance(metadata, dict) else {}
        marked |= {MARK: sale.payment_id, "cardlane_intent": sale.payment_intent}
        return {
            **params,
            # Without a tip, which goes with the card.
            "amount": intent.amount,
            "currency": sale.currency,
            "metadata": marked,
        }

    def _check_known(self) -> None:
        """What Stripe said long ago may not count any more."""
        at = self._known_at()
        if at is None or self._clock.now() - at > KNOWN_FOR:
            raise ConfigurationTooOld(
                f"Stripe was last asked for its Configuration {at or 'never'}."
            )

    def _needed_key(self) -> OfflineKey:
        if self._key is None:
            raise OfflineKeyMissing("There is no offline key.")
        return self._key
