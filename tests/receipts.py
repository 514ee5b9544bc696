"""Receipts and what they are read from, for tests of all that prints them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.money import Amount
from agent.receipts.receipt import CardDetails, Receipt, ReceiptOutcome

AT = datetime(2026, 11, 2, 12, 30, 5, tzinfo=UTC)

RECEIPT = Receipt(
    merchant="Corner Shop",
    at=AT,
    reader_id="tmr_1",
    payment_intent="pi_1",
    outcome=ReceiptOutcome.APPROVED,
    total=Amount(1434, "usd"),
    tip=Amount(200, "usd"),
    refunded=None,
    is_captured=True,
    failure_message=None,
    card=CardDetails(
        brand="visa",
        last4="0010",
        read_method="contact_emv",
        application_preferred_name="Visa Credit",
        dedicated_file_name="A0000000031010",
        application_cryptogram="1122334455667788",
        terminal_verification_results="8000008000",
        transaction_status_information="6800",
        authorization_code="123456",
        authorization_response_code="00",
        cardholder_verification_method="online_pin",
        account_type="credit",
    ),
)


def charge(kind: str = "card_present", **changes: Any) -> dict[str, Any]:
    """Stripe's charge that RECEIPT is the receipt of, but for `changes`."""
    return {
        "id": "ch_1",
        "amount": 1434,
        "amount_captured": 1434,
        "amount_refunded": 0,
        "captured": True,
        "created": int(AT.timestamp()),
        "currency": "usd",
        "failure_message": None,
        "status": "succeeded",
        "payment_method_details": {
            "type": kind,
            kind: {
                "brand": "visa",
                "last4": "0010",
                "exp_month": 12,
                "exp_year": 2031,
                "cardholder_name": "DOE/JOHN",
                "read_method": "contact_emv",
                "receipt": {
                    "application_preferred_name": "Visa Credit",
                    "dedicated_file_name": "A0000000031010",
                    "application_cryptogram": "1122334455667788",
                    "terminal_verification_results": "8000008000",
                    "transaction_status_information": "6800",
                    "authorization_code": "123456",
                    "authorization_response_code": "00",
                    "cardholder_verification_method": "online_pin",
                    "account_type": "credit",
                },
            },
        },
        **changes,
    }


def intent(latest_charge: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Stripe's PaymentIntent with this charge."""
    return {
        "id": "pi_1",
        "amount": 1434,
        "currency": "usd",
        "status": "succeeded",
        "amount_details": {"tip": {"amount": 200}},
        "latest_charge": latest_charge,
        **changes,
    }
