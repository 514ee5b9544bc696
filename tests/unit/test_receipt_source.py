"""What is read for a receipt, and what never gets onto one."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from receipts import AT, RECEIPT, charge, intent

from agent.money import Amount
from agent.receipts.html import receipt_html
from agent.receipts.receipt import (
    CardDetails,
    Copy,
    Receipt,
    ReceiptOutcome,
    receipt_object,
)
from agent.receipts.source import card_details, merchant_of, receipt_of
from agent.receipts.text import receipt_text
from agent.stripe_api.objects import JsonObject

LATER = datetime(2027, 1, 1, tzinfo=UTC)
TEST_NUMBERS = ("4761739001010010", "374245001751006", "36070500001020")
SEPARATORS = st.sampled_from(["", " ", "-", "_", "\u2009"])


def read(charged: dict[str, Any], **changes: Any) -> Receipt:
    """The receipt of this charge, the latest of its intent."""
    return receipt_of(
        intent(charged, **changes),
        charge=charged,
        merchant="Corner Shop",
        reader_id="tmr_1",
        at=LATER,
    )


@pytest.mark.parametrize("kind", ["card_present", "interac_present"])
def test_a_receipt_is_read_from_the_charge(kind: str) -> None:
    assert read(charge(kind)) == RECEIPT


def test_a_hold_is_an_authorization_until_it_is_captured() -> None:
    held = read(
        charge(captured=False, amount_captured=0),
        status="requires_capture",
    )

    assert (held.outcome, held.is_captured) == (ReceiptOutcome.APPROVED, False)
    assert held.total == Amount(1434, "usd")


def test_what_was_captured_is_the_total() -> None:
    assert read(charge(amount_captured=1000)).total == Amount(1000, "usd")


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"amount_refunded": 1434}, ReceiptOutcome.REFUNDED),
        ({"amount_refunded": 1}, ReceiptOutcome.REFUNDED),
        ({"amount_refunded": 1434, "captured": False}, ReceiptOutcome.REVERSED),
        ({"status": "failed", "captured": False}, ReceiptOutcome.DECLINED),
    ],
)
def test_the_outcome_is_what_the_charge_has_come_to(
    changes: dict[str, Any], outcome: ReceiptOutcome
) -> None:
    assert read(charge(**changes)).outcome is outcome


def test_a_hold_of_a_canceled_intent_is_reversed() -> None:
    held = read(charge(captured=False), status="canceled")

    assert held.outcome is ReceiptOutcome.REVERSED


def test_the_tip_belongs_to_the_latest_charge_only() -> None:
    earlier = charge(id="ch_0", status="failed")

    receipt = receipt_of(
        intent(charge()), charge=earlier, merchant=None, reader_id="tmr_1", at=AT
    )

    assert receipt.tip is None


def test_a_charge_that_tells_little_makes_a_short_receipt() -> None:
    receipt = receipt_of({}, charge={}, merchant=None, reader_id="tmr_1", at=LATER)

    assert receipt.at == LATER
    assert receipt.card == CardDetails()
    assert receipt.total.minor == 0


def test_programs_get_minor_units_and_the_cards_fields() -> None:
    told = receipt_object(
        replace(RECEIPT, refunded=Amount(500, "usd")), copy=Copy.MERCHANT
    )

    assert told["amount"] == 1434
    assert told["amount_tip"] == 200
    assert told["amount_refunded"] == 500
    assert told["created"] == int(AT.timestamp())
    assert told["outcome"] == "approved"
    assert isinstance(told["card"], dict)
    assert told["card"]["dedicated_file_name"] == "A0000000031010"


def test_neither_expiry_nor_name_is_ever_on_a_receipt() -> None:
    told = everything(read(charge()))

    assert "2031" not in told
    assert "DOE" not in told


@given(
    number=st.sampled_from(TEST_NUMBERS),
    separator=SEPARATORS,
    before=st.text(max_size=10),
    field=st.sampled_from([field.name for field in fields(CardDetails)]),
)
def test_a_card_number_in_any_field_is_on_no_receipt(
    number: str, separator: str, before: str, field: str
) -> None:
    assume(not any(c.isdigit() for c in before))
    spelled = before + separator.join(number)
    card = {"type": "card_present", "card_present": {field: spelled}}
    charged = charge(payment_method_details=card, failure_message=spelled)

    receipt = receipt_of(
        {"id": spelled}, charge=charged, merchant=spelled, reader_id=spelled, at=AT
    )

    assert number not in digits_of(everything(receipt))
    assert getattr(receipt.card, field) is None
    assert receipt.merchant is None


@given(st.text(max_size=80))
def test_no_text_of_others_commands_a_printer(text: str) -> None:
    details: JsonObject = {"type": "card_present", "card_present": {"brand": text}}

    brand = card_details({"payment_method_details": details}).brand

    assert brand is None or brand.isprintable()


@pytest.mark.parametrize(
    ("account", "name"),
    [
        ({"business_profile": {"name": "Shop"}}, "Shop"),
        ({"settings": {"dashboard": {"display_name": "Board"}}}, "Board"),
        ({"business_profile": {"name": None}}, None),
        ({}, None),
    ],
)
def test_the_merchants_name_is_the_one_customers_know(
    account: JsonObject, name: str | None
) -> None:
    assert merchant_of(account) == name


def everything(receipt: Receipt) -> str:
    """The receipt in all its forms."""
    return "\n".join(
        [
            receipt_text(receipt, copy=Copy.MERCHANT),
            receipt_html(receipt, copy=Copy.MERCHANT),
            json.dumps(receipt_object(receipt, copy=Copy.MERCHANT)),
        ]
    )


def digits_of(text: str) -> str:
    """The digits that stand beside each other once separators are gone."""
    return "".join(c for c in text if c.isalnum())
