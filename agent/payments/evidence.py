"""What Stripe's own objects prove of an action, whatever its reader says.

An action may be replaced by somebody else, and its reader may be switched off: the
PaymentIntent, the SetupIntent or the refund still tells what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from agent.ids import PaymentId, PaymentIntentId, SetupIntentId
from agent.journal.entries import Confirmed, Declined, Performed
from agent.payments.forwarded import ForwardedAction
from agent.payments.payment import Payment
from agent.stripe_api import charges, payment_intents, refunds_in_person
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import naming
from agent.stripe_api.objects import JsonObject, object_at, text_at, texts_at
from agent.stripe_api.payment_intents import PaymentIntent

PAYING = frozenset({"process_payment_intent", "confirm_payment_intent"})
SETTING_UP = "process_setup_intent"
REFUNDING = "refund_payment"


@dataclass(frozen=True, slots=True)
class Nothing:
    """No sign that anything has come of the action."""

    is_final: bool = False
    """Nothing can come of it any more."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Stripe has begun something, and does not say yet how it ends."""

    reason: str


Proof = Confirmed | Performed | Declined | Undecided | Nothing


async def proof_of(payment: Payment, stripe: StripeClient) -> Proof:
    """What has become of the action's subject since it was sent.

    Raises StripeRefused or StripeUnreachable.
    """
    payment_id = payment.payment_id
    before = None if payment.sent is None else payment.sent.before
    if payment.action in PAYING and payment.payment_intent is not None:
        intent = await payment_intents.retrieve(stripe, payment.payment_intent)
        return _of_intent(payment, intent, before=before)
    if payment.action == SETTING_UP and payment.setup_intent is not None:
        setup = await _setup_intent(stripe, payment.setup_intent)
        return _of_setup(payment_id, setup, before=before)
    if payment.action == REFUNDING and payment.charge is not None:
        return await _refund(payment, payment.charge, stripe)
    return Nothing()


def _of_intent(payment: Payment, intent: PaymentIntent, *, before: str | None) -> Proof:
    payment_id = payment.payment_id
    is_new = intent.latest_charge not in (None, before)
    match intent.status:
        case "succeeded" | "requires_capture" if before and not is_new:
            # It was paid before this was sent, and nobody pays it twice.
            return Nothing(is_final=True)
        case "succeeded" | "requires_capture":
            return Confirmed(
                payment_id,
                intent.status,
                charge=intent.latest_charge,
                emv_auth_data=None,
                capture_before=intent.capture_before,
                tip=_tip(payment, intent),
            )
        case "requires_payment_method" if is_new and intent.last_error_code:
            return Declined(
                payment_id,
                intent.last_error_code,
                intent.last_decline_code,
                intent.last_error_message or "The card was declined.",
                charge=intent.latest_charge,
            )
        case "requires_payment_method" | "requires_confirmation":
            return Nothing()
        case "canceled":
            return Nothing(is_final=True)
        case _:
            return Undecided(f"the intent is {intent.status}")


def _tip(payment: Payment, intent: PaymentIntent) -> int | None:
    """Stripe adds it to the intent's amount; None where nobody was asked for one."""
    return None if intent.tip is None else max(0, intent.amount - payment.amount)


def _of_setup(payment_id: PaymentId, setup: JsonObject, *, before: str | None) -> Proof:
    attempt = object_at(setup, "latest_attempt")
    details = object_at(attempt, "payment_method_details", "card_present")
    match text_at(setup, "status"):
        case "succeeded" if before and text_at(attempt, "id") == before:
            return Nothing(is_final=True)
        case "succeeded":
            return Performed(payment_id, text_at(details, "generated_card"))
        case "processing" | "requires_action" as status:
            return Undecided(f"the intent is {status}")
        case _:
            error = object_at(setup, "last_setup_error")
            if not error or text_at(attempt, "id") == before:
                return Nothing()
            return Declined(
                payment_id,
                text_at(error, "code") or "setup_intent_authentication_failure",
                text_at(error, "decline_code"),
                text_at(error, "message") or "The card was declined.",
                charge=None,
            )


async def _refund(payment: Payment, charge: str, stripe: StripeClient) -> Proof:
    """The refund that carries the payment's id, if the reader has made it."""
    made = await refunds_in_person.find(
        stripe, charge=charge, payment=payment.payment_id
    )
    if made is None or made.status in refunds_in_person.FAILED:
        return Nothing()
    return Performed(payment.payment_id, made.id)


@dataclass(frozen=True, slots=True)
class Before:
    """What an action is about, and what there was of it before."""

    payment_intent: PaymentIntentId | None = None
    charge: str | None = None
    """What a refund gives back."""
    amount: int = 0
    currency: str = ""
    reference: str | None = None
    newest: str | None = None
    """The newest charge or attempt."""
    status: str | None = None
    """Of the intent."""
    payment_method_types: tuple[str, ...] = ()


async def look_before(stripe: StripeClient, wanted: ForwardedAction) -> Before:
    """Raises StripeRefused, such as for an intent that does not exist, or
    StripeUnreachable.
    """
    if wanted.action == REFUNDING:
        return await _charge_before(stripe, wanted)
    if wanted.setup_intent is not None:
        with naming("setup_intent"):
            setup = await _setup_intent(stripe, wanted.setup_intent)
        return Before(
            reference=text_at(setup, "metadata", "reference"),
            newest=text_at(setup, "latest_attempt", "id"),
            status=text_at(setup, "status"),
            payment_method_types=texts_at(setup, "payment_method_types"),
        )
    if wanted.payment_intent is None:
        return Before()
    with naming("payment_intent"):
        intent = await payment_intents.retrieve(stripe, wanted.payment_intent)
    return Before(
        payment_intent=wanted.payment_intent,
        amount=intent.amount,
        currency=intent.currency,
        reference=intent.reference,
        newest=intent.latest_charge,
        status=intent.status,
        payment_method_types=intent.payment_method_types,
    )


async def _charge_before(stripe: StripeClient, wanted: ForwardedAction) -> Before:
    charge = None
    if wanted.charge is not None:
        with naming("charge"):
            charge = await charges.retrieve(stripe, wanted.charge)
    elif wanted.payment_intent is not None:
        with naming("payment_intent"):
            charge = await charges.of_intent(stripe, wanted.payment_intent)
    if charge is None:
        return Before(payment_intent=wanted.payment_intent)
    amount = wanted.amount
    return Before(
        payment_intent=charge.payment_intent,
        charge=charge.id,
        amount=charge.amount - charge.amount_refunded if amount is None else amount,
        currency=charge.currency,
    )


async def _setup_intent(
    stripe: StripeClient, setup_intent: SetupIntentId
) -> JsonObject:
    path = f"/v1/setup_intents/{quote(setup_intent, safe='')}"
    return await stripe.request("GET", path, params={"expand": ["latest_attempt"]})
