"""What happens to payments stored offline, one frozen value each; agent.offline reads them.

Values only. Written before an effect (`ForwardStarted`) and after it (`Forwarded`): an
effect without an outcome is unknown, and asked about under the same idempotency key. No
entry holds card data, nor what a register wrote.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.ids import PaymentId, PaymentIntentId, ReaderId


@dataclass(frozen=True, slots=True)
class OfflinePaymentStored:
    """A card was read and its ciphertext sealed; Stripe knows nothing of the payment."""

    payment_id: PaymentId
    number: int
    """Counts the stored payments of this machine, from 1 and without a gap."""
    payment_intent: PaymentIntentId
    """`pi_offline_…` where the intent, too, was made here."""
    reader_id: ReaderId
    amount: int
    """Minor units of `currency`."""
    currency: str
    livemode: bool
    read_method: str
    key_id: str
    """Names the key of the seal."""
    sealed_digest: str
    """SHA-256 of what is kept apart, sealed, until Stripe has it; hex."""


@dataclass(frozen=True, slots=True)
class OfflinePaymentVoided:
    """The card refused after all: nothing is to be charged."""

    payment_id: PaymentId
    reason: str


@dataclass(frozen=True, slots=True)
class ForwardStarted:
    """From here on Stripe may have charged."""

    payment_id: PaymentId
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Stripe approved."""

    payment_id: PaymentId
    payment_intent: PaymentIntentId
    """Stripe's own."""
    status: str
    charge: str | None
    capture_before: int | None = None
    """When held money is released again, Unix time, as Stripe said it then."""


@dataclass(frozen=True, slots=True)
class ForwardDeclined:
    """The issuer refused when Stripe asked: the merchant is not paid."""

    payment_id: PaymentId
    payment_intent: PaymentIntentId | None
    """Stripe's own, as far as it was told."""
    code: str
    decline_code: str | None
    message: str
    charge: str | None


@dataclass(frozen=True, slots=True)
class ForwardFailed:
    """It cannot be forwarded as it is: somebody must look. What is sealed is kept."""

    payment_id: PaymentId
    code: str
    message: str


OfflineEntry = (
    OfflinePaymentStored
    | OfflinePaymentVoided
    | ForwardStarted
    | Forwarded
    | ForwardDeclined
    | ForwardFailed
)
