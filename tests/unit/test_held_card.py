"""A collected card survives a crash to the letter, and its digest tells nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.payments.held_card import digest, from_bytes, to_bytes
from agent.stripe_api.cards import ConfirmCard

cards = st.builds(
    ConfirmCard,
    st.text(),
    st.binary(),
    ksn=st.binary(),
    reader=st.text(),
    tip=st.none() | st.integers(0, 10**9),
    metadata=st.dictionaries(st.text(max_size=40), st.text(max_size=40), max_size=3),
)


@given(cards)
def test_a_held_card_is_repeated_to_the_letter(card: ConfirmCard) -> None:
    assert from_bytes(to_bytes(card)) == card
    assert to_bytes(from_bytes(to_bytes(card))) == to_bytes(card)


def test_a_card_held_by_an_older_version_has_no_tip() -> None:
    held = (
        b'{"ciphertext":"00","ksn":"01","read_method":"contact_emv","reader":"tmr_1"}'
    )

    assert from_bytes(held).tip is None


def test_a_digest_names_the_read_without_holding_it() -> None:
    card = ConfirmCard("contact_emv", b"\x47\x61" * 8, ksn=bytes(10), reader="tmr_1")

    assert len(digest(card)) == 64
    assert card.ciphertext.hex() not in digest(card)
