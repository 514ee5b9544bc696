"""One attempt to authorize a PaymentIntent with a card: the charge it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from simulator.emv.authorization import Approved, Declined
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_present import Reading, payment_method_details
from simulator.stripe_api.resources.charges import CHARGES, Charge, Outcome
from simulator.stripe_api.resources.declines import advice, message
from simulator.stripe_api.resources.payment_intents.fields import PaymentIntent
from simulator.stripe_api.resources.payment_methods import PaymentMethod

_STATEMENT_DESCRIPTOR = "CARDLANE"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The issuer's decision about a card that a reader read."""

    decision: Approved | Declined
    reading: Reading
    method: PaymentMethod


def add_charge(call: Call, intent: PaymentIntent, attempt: Attempt) -> Charge:
    """Store the charge of an attempt: failed, or authorized and not yet captured."""
    charge_id = call.new_id(CHARGES)
    is_approved = isinstance(attempt.decision, Approved)
    failure_code, failure_message = _failure(attempt.decision)
    descriptor = intent["statement_descriptor"] or _STATEMENT_DESCRIPTOR
    charge: Charge = {
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": intent["application_fee_amount"],
        "balance_transaction": None,
        "billing_details": attempt.method["billing_details"],
        "calculated_statement_descriptor": descriptor,
        "captured": False,
        "created": call.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": failure_code,
        "failure_message": failure_message,
        "fraud_details": {},
        "livemode": call.livemode,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": _outcome(attempt.decision),
        "paid": is_approved,
        "payment_intent": intent["id"],
        "payment_method": attempt.method["id"],
        "payment_method_details": payment_method_details(
            attempt.decision, attempt.reading, amount=intent["amount"]
        ),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": _receipt_url(charge_id) if is_approved else None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded" if is_approved else "failed",
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }
    call.store.of(CHARGES).put(charge)
    return charge


def _failure(decision: Approved | Declined) -> tuple[str | None, str | None]:
    match decision:
        case Approved():
            return None, None
        case Declined():
            return decision.code, message(decision)
        case _:
            assert_never(decision)


def _outcome(decision: Approved | Declined) -> Outcome:
    match decision:
        case Approved():
            return {
                "advice_code": None,
                "network_advice_code": None,
                "network_decline_code": None,
                "network_status": "approved_by_network",
                "reason": None,
                "risk_level": "not_assessed",
                "seller_message": "Payment complete.",
                "type": "authorized",
            }
        case Declined():
            return {
                "advice_code": advice(decision),
                "network_advice_code": None,
                "network_decline_code": decision.response_code,
                "network_status": "declined_by_network",
                "reason": decision.decline_code,
                "risk_level": "not_assessed",
                "seller_message": (
                    "The bank did not return any further details with this decline."
                ),
                "type": "issuer_declined",
            }
        case _:
            assert_never(decision)


def _receipt_url(charge_id: str) -> str:
    return f"https://pay.stripe.com/receipts/payment/{charge_id}"
