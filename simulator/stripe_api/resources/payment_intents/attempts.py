"""One attempt to authorize a PaymentIntent with a card: the charge it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from simulator.emv.authorization import Approved, Declined
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_present import PaymentMethodDetails
from simulator.stripe_api.resources.charges import (
    CHARGES,
    Charge,
    Outcome,
    Unfilled,
    Verdict,
)
from simulator.stripe_api.resources.declines import advice, message
from simulator.stripe_api.resources.payment_intents.fields import PaymentIntent
from simulator.stripe_api.resources.payment_methods import PaymentMethod

_STATEMENT_DESCRIPTOR = "CARDLANE"

_UNFILLED: Unfilled = {
    "application": None,
    "application_fee": None,
    "failure_balance_transaction": None,
    "on_behalf_of": None,
    "receipt_number": None,
    "review": None,
    "source": None,
    "source_transfer": None,
    "transfer_data": None,
}
_AUTHORIZED: Outcome = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "not_assessed",
    "seller_message": "Payment complete.",
    "type": "authorized",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """The issuer's decision about a card, and what the charge tells about that."""

    decision: Approved | Declined
    details: PaymentMethodDetails
    method: PaymentMethod


def add_charge(call: Call, intent: PaymentIntent, attempt: Attempt) -> Charge:
    """Store the charge of an attempt: failed, or authorized and not yet captured."""
    charge_id = call.new_id(CHARGES)
    verdict = _verdict(attempt.decision)
    descriptor = intent["statement_descriptor"] or _STATEMENT_DESCRIPTOR
    charge: Charge = {
        **_UNFILLED,
        **verdict,
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
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
        "fraud_details": {},
        "livemode": call.livemode,
        "metadata": intent["metadata"],
        "payment_intent": intent["id"],
        "payment_method": attempt.method["id"],
        "payment_method_details": attempt.details,
        "receipt_email": intent["receipt_email"],
        "receipt_url": _receipt_url(charge_id) if verdict["paid"] else None,
        "refunded": False,
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "transfer_group": intent["transfer_group"],
    }
    call.store.of(CHARGES).put(charge)
    return charge


def _verdict(decision: Approved | Declined) -> Verdict:
    match decision:
        case Approved():
            return {
                "failure_code": None,
                "failure_message": None,
                "outcome": _AUTHORIZED,
                "paid": True,
                "status": "succeeded",
            }
        case Declined():
            return {
                "failure_code": decision.code,
                "failure_message": message(decision),
                "outcome": _issuer_declined(decision),
                "paid": False,
                "status": "failed",
            }
        case _:
            assert_never(decision)


def _issuer_declined(declined: Declined) -> Outcome:
    return {
        "advice_code": advice(declined),
        "network_advice_code": None,
        "network_decline_code": declined.response_code,
        "network_status": "declined_by_network",
        "reason": declined.decline_code,
        "risk_level": "not_assessed",
        "seller_message": (
            "The bank did not return any further details with this decline."
        ),
        "type": "issuer_declined",
    }


def _receipt_url(charge_id: str) -> str:
    return f"https://pay.stripe.com/receipts/payment/{charge_id}"
