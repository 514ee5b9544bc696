"""TDES DUKPT against the published vectors of ANSI X9.24-1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.emv.dukpt import (
    TEST_BDK,
    Variant,
    counter_of,
    initial_key,
    next_ksn,
    transaction_key,
    working_key,
)
from simulator.emv.tdes import decrypt_cbc, encrypt_cbc, retail_mac

FIRST_KSN = bytes.fromhex("FFFF9876543210E00000")
IPEK = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")


def ksn_with(low_bytes: int) -> bytes:
    return FIRST_KSN[:-3] + low_bytes.to_bytes(3, "big")


def key_number(counter: int) -> bytes:
    return transaction_key(IPEK, ksn_with(0xE00000 | counter))


def test_initial_key_is_the_published_one() -> None:
    assert initial_key(TEST_BDK, FIRST_KSN) == IPEK


@pytest.mark.parametrize(
    ("low_bytes", "key"),
    [
        (0xE00001, "042666B49184CFA368DE9628D0397BC9"),
        (0xE00002, "C46551CEF9FD24B0AA9AD834130D3BC7"),
        (0xE00003, "0DF3D9422ACA56E547676D07AD6BADFA"),
        (0xE00004, "279C0F6AEED0BE652B2C733E1383AE91"),
        (0xE00008, "27F66D5244FF62E1AA6F6120EDEB4280"),
        (0xE00014, "658488507721B3F14737FA93F923CBD2"),
        (0xEFF800, "F9CDFEBF4F5B1D9EB3EC12454527E176"),
        (0xF00000, "AA4D58DB653EC74A48C75F2F047DD2B5"),
    ],
)
def test_transaction_keys_are_the_published_ones(low_bytes: int, key: str) -> None:
    assert transaction_key(IPEK, ksn_with(low_bytes)).hex().upper() == key


def test_pin_variant_encrypts_the_published_pin_block() -> None:
    key = working_key(key_number(1), Variant.PIN)

    assert (
        encrypt_cbc(key, bytes.fromhex("041274EDCBA9876F")).hex() == "1b9c1845eb993a7a"
    )


@pytest.mark.parametrize(
    ("variant", "mac"),
    [(Variant.MAC_REQUEST, "9ccc7817"), (Variant.MAC_RESPONSE, "20364223")],
)
def test_mac_variants_give_the_published_macs(variant: Variant, mac: str) -> None:
    key = working_key(key_number(1), variant)
    message = b"4012345678909D987".ljust(24, b"\0")

    assert retail_mac(key, message)[:4].hex() == mac


def test_data_variant_encrypts_as_published() -> None:
    key = working_key(key_number(1), Variant.DATA_REQUEST)
    message = b"4012345678909D987".ljust(24, b"\0")

    assert key.hex().upper() == "448D3F076D8304036A55A3D7E0055A78"
    assert encrypt_cbc(key, message).hex().upper() == (
        "FC0D53B7EA1FDA9EE68AAF2E70D9B9506229BE2AA993F04F"
    )


def test_pin_variant_decrypts_the_published_track() -> None:
    key = working_key(key_number(8), Variant.PIN)
    ciphertext = bytes.fromhex(
        "724C5DB7D6F901C7F0FEAE7908801093B3DBFE51CCF6D483"
        "E789D7D2C007D539499BAADCC8D16CA2"
    )

    assert decrypt_cbc(key, ciphertext).startswith(b";5452300551227189=0804321")


def test_request_and_response_data_keys_differ() -> None:
    key = key_number(1)

    assert working_key(key, Variant.DATA_REQUEST) != working_key(
        key, Variant.DATA_RESPONSE
    )


@pytest.mark.parametrize(
    ("counter", "following"),
    [(1, 2), (0x3FE, 0x3FF), (0x7FE, 0x800), (0xFFC, 0x1000), (0x1FF800, 1)],
)
def test_counters_with_more_than_ten_ones_are_skipped(
    counter: int, following: int
) -> None:
    assert counter_of(next_ksn(ksn_with(0xE00000 | counter))) == following


@given(st.integers(min_value=0, max_value=0x1FFFFF))
def test_next_counter_is_always_usable_and_keeps_the_device(counter: int) -> None:
    ksn = ksn_with(0xE00000 | counter)

    following = next_ksn(ksn)

    assert 1 <= counter_of(following).bit_count() <= 10
    assert initial_key(TEST_BDK, following) == IPEK


def test_a_key_serial_number_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="10 bytes"):
        initial_key(TEST_BDK, FIRST_KSN + b"\0")


@given(st.binary(max_size=64))
def test_encryption_is_undone(plaintext: bytes) -> None:
    key = working_key(key_number(3), Variant.DATA_REQUEST)
    padded = plaintext.ljust(-(-len(plaintext) // 8) * 8, b"\0")

    assert decrypt_cbc(key, encrypt_cbc(key, padded)) == padded
