"""EMV numbers, currencies, object lists and what may be shown of card data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import LocalError, TlvError
from drivers.protocol import emv
from drivers.protocol.currency import (
    CURRENCIES,
    STRIPE_EXPONENTS,
    Currency,
    currency_of,
    iso_amount,
)
from drivers.protocol.dol import DolEntry, build, decode_dol, encode_dol
from drivers.protocol.redaction import (
    CARDHOLDER_DATA,
    SENSITIVE_AUTHENTICATION_DATA,
    SHOWN,
    has_clear_card_data,
    redacted,
)
from drivers.protocol.tlv import Tlv, decode


def test_amount_is_six_bytes_of_bcd() -> None:
    assert emv.encode_amount(1234) == bytes.fromhex("000000001234")


@pytest.mark.parametrize("amount", [-1, 10**12])
def test_amount_that_does_not_fit_is_our_own_fault(amount: int) -> None:
    with pytest.raises(LocalError):
        emv.encode_amount(amount)


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_amounts_decode_to_themselves(amount: int) -> None:
    assert emv.decode_numeric(emv.encode_amount(amount)) == amount


def test_digit_above_nine_is_no_number() -> None:
    with pytest.raises(TlvError):
        emv.decode_numeric(b"\x1a")


def test_currencies_are_known_by_stripes_lower_case_code() -> None:
    assert currency_of("eur") == Currency(978, 2)
    assert currency_of("jpy") == Currency(392, 0)
    assert currency_of("kwd") == Currency(414, 3)
    with pytest.raises(LocalError):
        currency_of("EUR")


def test_no_two_currencies_share_a_number_but_the_two_guilders() -> None:
    numbers = {code: currency.numeric for code, currency in CURRENCIES.items()}

    # ISO 4217 gave the Caribbean guilder (2025) the number of its predecessor.
    assert numbers.pop("ang") == numbers["xcg"]
    assert len(set(numbers.values())) == len(numbers)


def test_differing_units_are_of_known_currencies() -> None:
    assert STRIPE_EXPONENTS.keys() <= CURRENCIES.keys()


def test_card_sees_iso_units_where_stripe_counts_differently() -> None:
    assert iso_amount(1050, "usd") == 1050
    assert iso_amount(500, "isk") == 5
    assert iso_amount(5, "mga") == 500
    with pytest.raises(LocalError, match="whole"):
        iso_amount(550, "isk")


def test_object_list_is_read_and_written() -> None:
    data = bytes.fromhex("9F02069F03065F2A029C01")

    entries = decode_dol(data)

    assert entries[0] == DolEntry(emv.AMOUNT_AUTHORISED, 6)
    assert encode_dol(entries) == data


@pytest.mark.parametrize("data", ["9F02", "9F", "9F0206DF"])
def test_cut_object_list_is_refused(data: str) -> None:
    with pytest.raises(TlvError):
        decode_dol(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("tag", "length", "value", "built"),
    [
        (emv.AMOUNT_AUTHORISED, 6, "1234", "000000001234"),
        (emv.AMOUNT_AUTHORISED, 1, "1234", "34"),
        (emv.PAN, 4, "476173", "476173FF"),
        (emv.PAN, 2, "", "0000"),
        (emv.UNPREDICTABLE_NUMBER, 4, "DEADBEEF", "DEADBEEF"),
        (emv.APPLICATION_LABEL, 4, "5649", "56490000"),
        (emv.APPLICATION_LABEL, 1, "5649", "56"),
        (0xDFEE12, 3, "", "000000"),
        (0x70, 2, "9C00", "0000"),
        (emv.TRANSACTION_TYPE, 0, "00", ""),
    ],
)
def test_values_are_fitted_to_an_object_list_by_format(
    tag: int, length: int, value: str, built: str
) -> None:
    values = {tag: bytes.fromhex(value)} if value else {}

    assert build([DolEntry(tag, length)], values) == bytes.fromhex(built)


def test_nothing_harmful_is_on_the_list_of_the_harmless() -> None:
    assert not SHOWN & (SENSITIVE_AUTHENTICATION_DATA | CARDHOLDER_DATA)


def test_log_line_keeps_amounts_and_hides_card_data() -> None:
    objects = decode(
        bytes.fromhex("9F0206000000001234700A5A084761739001010010DFDF590411223344")
    )

    assert redacted(objects) == "9F02=000000001234 70{5A[8]} DFDF59[4]"


def test_clear_card_data_are_noticed_at_any_depth() -> None:
    track = Tlv(emv.TRACK_2_EQUIVALENT_DATA, b"\x47")

    assert has_clear_card_data([Tlv(0xFA, children=(Tlv(0x70, children=(track,)),))])
    assert not has_clear_card_data([Tlv(emv.CARDHOLDER_NAME, b"DOE/JO")])
