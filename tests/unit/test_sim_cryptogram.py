"""Card keys and cryptograms against values computed with pyemv 1.5.0."""

from __future__ import annotations

import pytest

from simulator.emv.cryptogram import (
    TEST_ISSUER_MASTER_KEY,
    application_cryptogram,
    authorization_response_cryptogram,
    card_master_key,
    session_key,
)

MESSAGE = bytes.fromhex(
    "000000001234000000000000084000000000000840261123009F3704DE2000004206011203A00000"
)


@pytest.mark.parametrize(
    ("number", "sequence_number", "card_key", "session", "arqc", "arpc"),
    [
        (
            "4242424242424242",
            0,
            "64b0c840d3e98902d9ea2ad9ec91e9c7",
            "dcb5940de68513f85bb9ea7ace739745",
            "a65657a9753d0523",
            "35de257a2447ad8f",
        ),
        (
            "378282246310005",
            1,
            "ad49cb5216ef01dfb0d3200b401ac1a2",
            "0b4f85341f290e10cba494bc100423dc",
            "0f0f4397b0f9065b",
            "fafaf4200ebf6d48",
        ),
        (
            "4761739001010010",
            0,
            "1375fb0ecd3e26e089b640543137f189",
            "86ba797c29764cdc29ef2316942391e3",
            "5c76554f3d11a2c9",
            "c4363372904289ec",
        ),
    ],
)
def test_keys_and_cryptograms_agree_with_an_independent_implementation(
    *,
    number: str,
    sequence_number: int,
    card_key: str,
    session: str,
    arqc: str,
    arpc: str,
) -> None:
    master = card_master_key(
        TEST_ISSUER_MASTER_KEY, number, sequence_number=sequence_number
    )
    key = session_key(master, 0x0042)
    cryptogram = application_cryptogram(key, MESSAGE)
    response = authorization_response_cryptogram(key, cryptogram, response_code="00")

    assert master.hex() == card_key
    assert key.hex() == session
    assert cryptogram.hex() == arqc
    assert response.hex() == arpc


def test_each_transaction_counter_has_its_own_key() -> None:
    master = card_master_key(
        TEST_ISSUER_MASTER_KEY, "4242424242424242", sequence_number=0
    )

    assert session_key(master, 1) != session_key(master, 2)


def test_the_response_code_changes_the_response_cryptogram() -> None:
    key = session_key(TEST_ISSUER_MASTER_KEY, 1)
    cryptogram = application_cryptogram(key, MESSAGE)

    approved = authorization_response_cryptogram(key, cryptogram, response_code="00")
    declined = authorization_response_cryptogram(key, cryptogram, response_code="05")

    assert approved != declined
