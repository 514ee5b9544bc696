"""The receipt, line by line: what schemes ask for, and nothing that they forbid."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agent.cli.receipt import CardDetails, Receipt, print_receipt
from agent.cli.receipt_source import merchant_of, receipt_of
from agent.cli.stripe_objects import JsonObject
from agent.money import Amount

AT = datetime(2026, 11, 2, 12, 30, 5, tzinfo=UTC)

RECEIPT = Receipt(
    merchant="Corner Shop",
    at=AT,
    reader_id="tmr_1",
    payment_intent="pi_1",
    total=Amount(1434, "usd"),
    tip=Amount(200, "usd"),
    is_captured=True,
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


def test_a_chip_sale_prints_every_line() -> None:
    assert print_receipt(RECEIPT) == (
        "              Corner Shop\n"
        "                  SALE\n"
        "        2026-11-02 12:30:05 UTC\n"
        "----------------------------------------\n"
        "Reader                             tmr_1\n"
        "Payment                             pi_1\n"
        "----------------------------------------\n"
        "Amount                         12.34 USD\n"
        "Tip                             2.00 USD\n"
        "TOTAL                          14.34 USD\n"
        "----------------------------------------\n"
        "Card                                VISA\n"
        "Number               **** **** **** 0010\n"
        "Entry                      Chip inserted\n"
        "Application                  Visa Credit\n"
        "AID                       A0000000031010\n"
        "Account                           CREDIT\n"
        "Verification                PIN verified\n"
        "Authorization                     123456\n"
        "Response (ARC)                        00\n"
        "Cryptogram              1122334455667788\n"
        "TVR                           8000008000\n"
        "TSI                                 6800\n"
        "----------------------------------------\n"
        "                APPROVED\n"
        "             CUSTOMER COPY\n"
    )


def test_a_swipe_leaves_out_what_only_a_chip_has() -> None:
    swiped = replace(
        RECEIPT,
        merchant=None,
        tip=None,
        is_captured=False,
        card=CardDetails(
            brand="amex",
            last4="1006",
            read_method="magnetic_stripe_track2",
            cardholder_verification_method="signature",
            account_type="unknown",
        ),
    )

    assert print_receipt(swiped) == (
        "             AUTHORIZATION\n"
        "        2026-11-02 12:30:05 UTC\n"
        "----------------------------------------\n"
        "Reader                             tmr_1\n"
        "Payment                             pi_1\n"
        "----------------------------------------\n"
        "TOTAL                          14.34 USD\n"
        "----------------------------------------\n"
        "Card                                AMEX\n"
        "Number               **** **** **** 1006\n"
        "Entry                             Swiped\n"
        "Verification                   Signature\n"
        "----------------------------------------\n"
        "                APPROVED\n"
        "\n"
        "Signature ______________________________\n"
        "             CUSTOMER COPY\n"
    )


def test_an_unknown_word_of_stripes_is_printed_as_it_is() -> None:
    card = CardDetails(read_method="by_magic", cardholder_verification_method="face")

    printed = print_receipt(replace(RECEIPT, card=card))

    assert "Entry                           by_magic\n" in printed
    assert "Verification                        face\n" in printed


def test_a_value_that_is_too_long_gets_a_line_of_its_own() -> None:
    printed = print_receipt(replace(RECEIPT, payment_intent="pi_" + "x" * 32))

    assert "Payment\n     pi_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" in printed


@pytest.mark.parametrize("kind", ["card_present", "interac_present"])
def test_a_receipt_is_read_from_the_charge(kind: str) -> None:
    intent: JsonObject = {
        "id": "pi_1",
        "amount": 1434,
        "currency": "usd",
        "status": "succeeded",
        "amount_details": {"tip": {"amount": 200}},
        "latest_charge": {
            "payment_method_details": {
                "type": kind,
                kind: {
                    "brand": "visa",
                    "last4": "0010",
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
            }
        },
    }

    receipt = receipt_of(intent, merchant="Corner Shop", reader_id="tmr_1", at=AT)

    assert receipt == RECEIPT


def test_neither_expiry_nor_name_is_ever_printed() -> None:
    intent: JsonObject = {
        "latest_charge": {
            "payment_method_details": {
                "type": "card_present",
                "card_present": {"exp_year": 2031, "cardholder_name": "DOE/JOHN"},
            }
        }
    }

    printed = print_receipt(receipt_of(intent, merchant=None, reader_id="r", at=AT))

    assert "2031" not in printed
    assert "DOE" not in printed


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
