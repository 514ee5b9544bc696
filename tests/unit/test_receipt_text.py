"""Receipts on paper, line by line: what schemes ask for, within the paper's width."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from receipts import RECEIPT

from agent.money import Amount
from agent.receipts.receipt import CardDetails, Copy, Receipt, ReceiptOutcome
from agent.receipts.text import WIDTHS, receipt_text

WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=64)
MAYBE_WORDS = st.none() | WORDS.filter(bool)
AMOUNTS = st.integers(0, 10**12 - 1).map(lambda minor: Amount(minor, "usd"))
CARDS = st.builds(
    CardDetails, **dict.fromkeys(CardDetails.__dataclass_fields__, MAYBE_WORDS)
)
RECEIPTS = st.builds(
    Receipt,
    merchant=MAYBE_WORDS,
    at=st.datetimes(
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - its zone is the next line
        timezones=st.just(UTC),
    ),
    reader_id=WORDS,
    payment_intent=WORDS,
    outcome=st.sampled_from(ReceiptOutcome),
    total=AMOUNTS,
    tip=st.none() | AMOUNTS,
    refunded=st.none() | AMOUNTS,
    is_captured=st.booleans(),
    failure_message=MAYBE_WORDS,
    card=CARDS,
)


def customer(receipt: Receipt, *, width: int = 40) -> str:
    return receipt_text(receipt, copy=Copy.CUSTOMER, width=width)


def test_a_chip_sale_prints_every_line() -> None:
    assert customer(RECEIPT) == (
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


def test_a_swipe_leaves_out_what_only_a_chip_has_and_the_merchants_copy_is_signed() -> (
    None
):
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

    assert receipt_text(swiped, copy=Copy.MERCHANT, width=32) == (
        "         AUTHORIZATION\n"
        "    2026-11-02 12:30:05 UTC\n"
        "--------------------------------\n"
        "Reader                     tmr_1\n"
        "Payment                     pi_1\n"
        "--------------------------------\n"
        "TOTAL                  14.34 USD\n"
        "--------------------------------\n"
        "Card                        AMEX\n"
        "Number       **** **** **** 1006\n"
        "Entry                     Swiped\n"
        "Verification           Signature\n"
        "--------------------------------\n"
        "            APPROVED\n"
        "\n"
        "Signature ______________________\n"
        "         MERCHANT COPY\n"
    )
    assert "Signature _" not in customer(swiped)


def test_a_decline_prints_its_reason_and_nothing_to_sign() -> None:
    signed = replace(RECEIPT.card, cardholder_verification_method="signature")
    declined = replace(
        RECEIPT,
        outcome=ReceiptOutcome.DECLINED,
        is_captured=False,
        tip=None,
        failure_message="Your card was declined.",
        card=signed,
    )

    printed = receipt_text(declined, copy=Copy.MERCHANT)

    assert printed.splitlines()[-3:] == [
        "                 DECLINED",
        "         Your card was declined.",
        "              MERCHANT COPY",
    ]
    assert "APPROVED" not in printed


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (ReceiptOutcome.REFUNDED, "Refunded                        5.00 USD\n"),
        (ReceiptOutcome.REVERSED, "Released                        5.00 USD\n"),
    ],
)
def test_what_was_given_back_is_printed(outcome: ReceiptOutcome, line: str) -> None:
    given_back = replace(RECEIPT, outcome=outcome, refunded=Amount(500, "usd"))

    printed = customer(given_back)

    assert line in printed
    assert f"{outcome.value.upper()}\n" in printed


def test_an_unknown_word_of_stripes_is_printed_as_it_is() -> None:
    card = CardDetails(read_method="by_magic", cardholder_verification_method="face")

    printed = customer(replace(RECEIPT, card=card))

    assert "Entry                           by_magic\n" in printed
    assert "Verification                        face\n" in printed


def test_a_value_that_is_too_long_gets_a_line_of_its_own() -> None:
    printed = customer(replace(RECEIPT, payment_intent="pi_" + "x" * 32))

    assert "Payment\n     pi_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" in printed


@given(RECEIPTS, st.sampled_from(WIDTHS), st.sampled_from(Copy))
def test_no_line_is_wider_than_the_paper(
    receipt: Receipt, width: int, copy: Copy
) -> None:
    printed = receipt_text(receipt, copy=copy, width=width)

    assert max(map(len, printed.split("\n"))) <= width


@given(RECEIPTS, st.sampled_from(WIDTHS))
def test_amounts_end_at_the_papers_edge(receipt: Receipt, width: int) -> None:
    rows = customer(receipt, width=width).split("\n")

    total = next(row for row in rows if row.startswith("TOTAL "))

    assert len(total) == width
    assert total.endswith(f" {receipt.total}")
