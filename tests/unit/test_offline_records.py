"""A stored payment's seal: it opens with its key and its entry, and with nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offline_entries import CONTENT, KEY, NONCE, OTHER_KEY, stored

from agent.journal.offline_entries import OfflinePaymentStored
from agent.offline.records import opened_payment, sealed_payment
from agent.offline.sealing import SealBroken, digest, seal, unseal

ENTRY, SEALED = sealed_payment(stored(), CONTENT, key=KEY, nonce=NONCE)
CHANGED: dict[str, Any] = {
    "payment_id": "pay_2",
    "number": 2,
    "payment_intent": "pi_2",
    "reader_id": "tmr_2",
    "amount": 1,
    "currency": "eur",
    "livemode": True,
    "read_method": "contactless_emv",
    "key_id": OTHER_KEY.key_id,
    "sealed_digest": "0" * 64,
}


@given(
    plaintext=st.binary(), bound=st.binary(), nonce=st.binary(min_size=12, max_size=12)
)
def test_what_was_sealed_is_what_is_opened(
    plaintext: bytes, bound: bytes, nonce: bytes
) -> None:
    sealed = seal(KEY, plaintext, bound=bound, nonce=nonce)

    assert unseal(KEY, sealed, bound=bound) == plaintext


@given(flipped=st.integers(0, len(SEALED) * 8 - 1))
def test_one_changed_bit_is_noticed(flipped: int) -> None:
    changed = bytearray(SEALED)
    changed[flipped // 8] ^= 1 << flipped % 8
    entry = replace(ENTRY, sealed_digest=digest(bytes(changed)))

    with pytest.raises(SealBroken):
        opened_payment(entry, bytes(changed), key=KEY)


@given(length=st.integers(0, len(SEALED) - 1))
def test_a_shortened_record_is_noticed(length: int) -> None:
    entry = replace(ENTRY, sealed_digest=digest(SEALED[:length]))

    with pytest.raises(SealBroken):
        opened_payment(entry, SEALED[:length], key=KEY)


def test_a_stored_payment_comes_back_as_it_went() -> None:
    assert opened_payment(ENTRY, SEALED, key=KEY) == CONTENT


def test_no_field_of_an_entry_can_be_changed_unnoticed() -> None:
    assert set(CHANGED) == {field.name for field in fields(OfflinePaymentStored)}


@pytest.mark.parametrize("field", CHANGED)
def test_the_seal_is_bound_to(field: str) -> None:
    entry = replace(ENTRY, **{field: CHANGED[field]})

    with pytest.raises(SealBroken):
        opened_payment(entry, SEALED, key=KEY)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SealBroken):
        opened_payment(ENTRY, SEALED, key=OTHER_KEY)


def test_a_nonce_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        seal(KEY, b"", bound=b"", nonce=bytes(11))


def test_neither_entry_nor_seal_shows_the_ciphertext() -> None:
    ciphertext = CONTENT.card.ciphertext

    assert ciphertext not in SEALED
    assert ciphertext.hex() not in repr(ENTRY) + repr(CONTENT)
