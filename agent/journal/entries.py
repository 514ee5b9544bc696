"""The journal's entries: what happened in a payment, one frozen value each.

Values only. Written before an effect (`ConfirmStarted`) and after it (`Confirmed`):
an effect without an outcome is unknown, never failed. No entry holds card data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.ids import PaymentId, PaymentIntentId, ReaderId, SetupIntentId


class Outcome(StrEnum):
    """How an action ended."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELED = "canceled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ActionRequested:
    """A register asked for an action; nothing has left the machine yet."""

    payment_id: PaymentId
    reader_id: ReaderId
    action: str
    """Stripe's action type, such as `process_payment_intent`."""
    payment_intent: PaymentIntentId | None
    amount: int
    """Minor units of `currency`; 0 where the action moves no money."""
    currency: str
    """Empty where the action moves no money."""
    parameters: dict[str, str | int | bool]
    """What the register sent with it, flattened; never card data."""
    reference_digest: str | None = None
    """SHA-256 of the intent's or the refund's `metadata[reference]`, hex."""
    setup_intent: SetupIntentId | None = None
    charge: str | None = None
    """The charge that a refund gives back."""


@dataclass(frozen=True, slots=True)
class ActionSent:
    """From here on a reader of Stripe's may act, and with it Stripe may charge."""

    payment_id: PaymentId
    idempotency_key: str
    before: str | None = None
    """The newest charge or attempt there was before: a newer one is its own."""


@dataclass(frozen=True, slots=True)
class CardCollected:
    """The reader gave encrypted card data; nothing was sent upstream yet."""

    payment_id: PaymentId
    read_method: str
    card_digest: str
    """SHA-256 of the ciphertext, hex: the ciphertext itself is held apart, briefly."""
    tip: int | None = None
    """Chosen at the reader on top of the amount; None where nobody was asked."""
    brand: str | None = None
    """This and what follows only where a register looks at the card before it pays."""
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None


@dataclass(frozen=True, slots=True)
class ConfirmOrdered:
    """The register has looked at the card, and wants it to be charged."""

    payment_id: PaymentId
    parameters: dict[str, str | int | bool]
    """`confirm_config` as sent, flattened."""


@dataclass(frozen=True, slots=True)
class ConfirmStarted:
    """From here on Stripe may have charged."""

    payment_id: PaymentId
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Stripe approved: the PaymentIntent succeeded or awaits capture."""

    payment_id: PaymentId
    status: str
    charge: str | None
    emv_auth_data: str | None
    """The issuer's answer for the card (8A, 91), hex; holds no card data."""
    capture_before: int | None = None
    """When held money is released again, Unix time, as Stripe said it then."""
    tip: int | None = None
    """Chosen at a reader of Stripe's on top of the amount; None where nobody was asked."""


@dataclass(frozen=True, slots=True)
class Performed:
    """What was asked for is done, and took no money."""

    payment_id: PaymentId
    result: str | None = None
    """What came of it: `pm_…` or `re_…`."""
    emv_auth_data: str | None = None
    """As Confirmed has it."""


@dataclass(frozen=True, slots=True)
class Declined:
    """Stripe or the issuer refused; nothing was charged."""

    payment_id: PaymentId
    code: str
    decline_code: str | None
    message: str
    charge: str | None


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """The confirm went out and no answer came back: charged, declined or nothing."""

    payment_id: PaymentId
    reason: str


@dataclass(frozen=True, slots=True)
class StoredOffline:
    """Certain: Stripe was not asked. The card is sealed, and will be charged later."""

    payment_id: PaymentId
    reason: str
    """Why it was not asked: `forced`, `offline_intent` or an error's code."""


@dataclass(frozen=True, slots=True)
class NotCharged:
    """Certain: this confirm charged nobody (never sent, refused, or asked after)."""

    payment_id: PaymentId
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CardEndedEarly:
    """The card's part ended before Stripe's answer: an approval must go back.

    Written before the card is told that nobody could be reached, or after it left.
    """

    payment_id: PaymentId
    verdict: str
    """`online_timed_out` where the reader's patience ended, else the reader's verdict."""
    reason: str


@dataclass(frozen=True, slots=True)
class CardRefused:
    """Stripe approved, but the card or reader did not: the charge must go back."""

    payment_id: PaymentId
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReversalStarted:
    """From here on Stripe may have given the money back."""

    payment_id: PaymentId
    idempotency_key: str
    kind: str
    """`cancel` for an authorisation, `refund` for a captured charge."""


@dataclass(frozen=True, slots=True)
class Reversed:
    """The money is back with the cardholder."""

    payment_id: PaymentId


@dataclass(frozen=True, slots=True)
class ActionFinished:
    """The action's end; it never changes afterwards."""

    payment_id: PaymentId
    outcome: Outcome
    failure_code: str | None
    failure_message: str | None
    card_verdict_missing: bool = False
    """Approved upstream, but a crash hid what the chip said."""


@dataclass(frozen=True, slots=True)
class HoldBegan:
    """What was stored offline was forwarded, and its money is held since."""

    payment_id: PaymentId
    payment_intent: PaymentIntentId
    """Stripe's own."""
    charge: str | None
    capture_before: int | None
    """When the money is released again, Unix time, as Stripe said it then."""


@dataclass(frozen=True, slots=True)
class AuthorizationWarned:
    """Whoever listens was told that held money must be captured soon."""

    payment_id: PaymentId
    expires_at: int
    """Unix time."""
    lead_s: int
    """Of the warning: one of `payments.authorization_warning_s`."""


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """Stripe said that the money is not held any more: captured, or released."""

    payment_id: PaymentId
    status: str
    """The PaymentIntent's: `succeeded` or `canceled`."""


Entry = (
    ActionRequested
    | ActionSent
    | CardCollected
    | ConfirmOrdered
    | ConfirmStarted
    | Confirmed
    | Performed
    | Declined
    | AnswerLost
    | StoredOffline
    | NotCharged
    | CardEndedEarly
    | CardRefused
    | ReversalStarted
    | Reversed
    | ActionFinished
    | HoldBegan
    | AuthorizationWarned
    | HoldEnded
)
