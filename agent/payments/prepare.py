"""What an action is about, read from Stripe before anything begins.

A wrong state is refused here, so that a register has its error at once, as at Stripe.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from agent.errors import (
    ChargeAlreadyRefunded,
    ChargeNotRefundable,
    IntentInvalidState,
    ParameterInvalid,
)
from agent.ids import PaymentIntentId, SetupIntentId
from agent.offline.intents import is_local
from agent.offline.vault import Vault
from agent.payments.courses import course_of, local_intent, retrieve_soon
from agent.payments.payment import Payment
from agent.payments.reference import reference_digest
from agent.payments.settlement import Settlement
from agent.payments.showing import check_display, check_forms
from agent.payments.storing import Course
from agent.payments.wanted import (
    Beginning,
    CollectInputs,
    CollectPaymentMethod,
    ProcessPaymentIntent,
    ProcessSetupIntent,
    RefundPayment,
    SetReaderDisplay,
)
from agent.stripe_api import charges, payment_intents, setup_intents
from agent.stripe_api.charges import Charge
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import naming
from drivers.profile import profile_named

REQUIRED = "requires_payment_method"
"""The status in which a reader takes an intent of either kind."""
PRESENT = frozenset({"card_present", "interac_present"})
"""The payment method types that a reader takes."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action moves, as its first journal entry names it."""

    payment_intent: PaymentIntentId | None = None
    setup_intent: SetupIntentId | None = None
    charge: str | None = None
    """What a refund gives back."""
    amount: int = 0
    """Minor units of `currency`; 0 where the action moves no money."""
    currency: str = ""
    """Empty where the action moves no money."""
    reference_digest: str | None = field(default=None, repr=False)
    tip: int | None = None
    """What the amount already has of a tip; None where nobody was asked."""
    course: Course = Course.ONLINE


async def prepare(
    wanted: Beginning, settlement: Settlement, *, location: str | None
) -> Subject:
    """The subject of `wanted` at a reader of that Location.

    Raises IntentInvalidState, ChargeNotRefundable, ChargeAlreadyRefunded,
    ParameterInvalid, OfflineError, and what Stripe's client raises.
    """
    stripe, offline = settlement.stripe, settlement.offline
    match wanted:
        case ProcessPaymentIntent() if offline and is_local(wanted.payment_intent):
            return _local_payment(wanted, offline=offline, location=location)
        case ProcessPaymentIntent() | CollectPaymentMethod():
            with naming("payment_intent"):
                return await _payment(
                    wanted, stripe, offline=offline, location=location
                )
        case ProcessSetupIntent(setup_intent=setup_id):
            with naming("setup_intent"):
                return await _setup(setup_id, stripe)
        case RefundPayment():
            with naming(_named(wanted)):
                return await _refund(wanted, stripe)
        case CollectInputs() | SetReaderDisplay():
            return Subject()
        case _:
            assert_never(wanted)


def check_able(wanted: Beginning, *, model: str) -> None:
    """Whether this model can do it at all, by its profile.

    Raises CollectInputsUnsupported or ReaderFeatureUnsupported.
    """
    match wanted:
        case CollectInputs(forms):
            check_forms(forms, profile_named(model))
        case SetReaderDisplay():
            check_display(profile_named(model))
        case _:
            return


async def check_unchanged(payment: Payment, *, stripe: StripeClient) -> None:
    """Whether the intent is still what the cardholder has agreed to and the card signed.

    Raises IntentInvalidState, and what Stripe's client raises.
    """
    with naming("payment_intent"):
        intent = await payment_intents.retrieve(stripe, payment.intent)
    if intent.status != REQUIRED:
        raise IntentInvalidState(
            f"{intent.id} is {intent.status}; the card that was collected for it is "
            "not charged.",
            param="payment_intent",
        )
    if (intent.amount, intent.currency) != (payment.amount, payment.currency):
        raise IntentInvalidState(
            f"{intent.id} is over {intent.amount} {intent.currency} now; its card was "
            f"collected for {payment.amount} {payment.currency}. Collect it again.",
            param="payment_intent",
        )


def _local_payment(
    wanted: ProcessPaymentIntent, *, offline: Vault, location: str | None
) -> Subject:
    intent = local_intent(wanted, offline=offline, location=location)
    return Subject(
        payment_intent=intent.id,
        amount=intent.amount,
        currency=intent.currency,
        reference_digest=reference_digest(intent.reference),
        course=Course.OFFLINE,
    )


async def _payment(
    wanted: ProcessPaymentIntent | CollectPaymentMethod,
    stripe: StripeClient,
    *,
    offline: Vault | None,
    location: str | None,
) -> Subject:
    intent = await retrieve_soon(
        stripe, wanted.payment_intent, offline=offline, location=location
    )
    if intent.status != REQUIRED:
        raise IntentInvalidState(
            "Payment intent must be in the requires_payment_method state to be "
            f"processed by a reader; {intent.id} is {intent.status}.",
            param="payment_intent",
        )
    if not PRESENT.intersection(intent.payment_method_types):
        raise ParameterInvalid(
            f"{intent.id} takes no card_present, so no reader can process it.",
            param="payment_intent",
        )
    return Subject(
        payment_intent=wanted.payment_intent,
        amount=intent.amount,
        currency=intent.currency,
        reference_digest=reference_digest(intent.reference),
        tip=intent.tip,
        course=course_of(wanted, intent, offline=offline, location=location),
    )


async def _setup(intent_id: SetupIntentId, stripe: StripeClient) -> Subject:
    intent = await setup_intents.retrieve(stripe, intent_id)
    if intent.status != REQUIRED:
        raise IntentInvalidState(
            "Setup intent must be in the requires_payment_method state to be processed "
            f"by a reader; {intent.id} is {intent.status}.",
            param="setup_intent",
        )
    if "card_present" not in intent.payment_method_types:
        raise ParameterInvalid(
            f"{intent.id} takes no card_present, so no reader can process it.",
            param="setup_intent",
        )
    return Subject(
        setup_intent=intent_id, reference_digest=reference_digest(intent.reference)
    )


async def _refund(wanted: RefundPayment, stripe: StripeClient) -> Subject:
    charge = await _charge_of(wanted, stripe)
    if charge.type != "interac_present":
        raise ChargeNotRefundable(
            "Only Interac payments are refunded at a reader. Refund this charge with "
            "POST /v1/refunds, for which the card need not be there.",
            param=_named(wanted),
        )
    remaining = charge.amount - charge.amount_refunded
    if not remaining:
        raise ChargeAlreadyRefunded(f"{charge.id} has been refunded in full already.")
    amount = remaining if wanted.amount is None else wanted.amount
    if amount > remaining:
        raise ParameterInvalid(
            f"The amount is greater than what is left of {charge.id} to refund: "
            f"{remaining}.",
            param="amount",
        )
    return Subject(
        payment_intent=charge.payment_intent,
        charge=charge.id,
        amount=amount,
        currency=charge.currency,
        reference_digest=reference_digest(wanted.metadata.get("reference")),
    )


async def _charge_of(wanted: RefundPayment, stripe: StripeClient) -> Charge:
    charge = None
    if wanted.charge is not None:
        charge = await charges.retrieve(stripe, wanted.charge)
    elif wanted.payment_intent is not None:
        charge = await charges.of_intent(stripe, wanted.payment_intent)
    if charge is None or not charge.is_captured:
        raise ChargeNotRefundable(
            "There is no successful charge to refund.", param=_named(wanted)
        )
    return charge


def _named(wanted: RefundPayment) -> str:
    return "payment_intent" if wanted.charge is None else "charge"
