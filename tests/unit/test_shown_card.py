"""What a register sees of a card before it pays, out of readers' masked tracks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.payments.shown_card import ShownCard, shown_card


@pytest.mark.parametrize(
    ("masked", "card"),
    [
        (";4242420000004242=34122010000?", ShownCard("visa", "4242", 12, 2034)),
        (";4242********4242=3412?*", ShownCard("visa", "4242", 12, 2034)),
        (";5555********4444=****", ShownCard("mastercard", "4444", None, None)),
        (";2223000000003222=3001", ShownCard("mastercard", "3222", 1, 2030)),
        (";378282*****0005=3413", ShownCard("amex", "0005", None, None)),
        (";6011********1117=3412", ShownCard("discover", "1117", 12, 2034)),
        (";3566000000000505=3412", ShownCard("jcb", "0505", 12, 2034)),
        (";6***********1117=3412", ShownCard("unknown", "1117", 12, 2034)),
        (";305693********0004=3412", ShownCard("diners", "0004", 12, 2034)),
        (";************1234=3412", ShownCard("unknown", "1234", 12, 2034)),
        (";9999990000001234=3412", ShownCard("unknown", "1234", 12, 2034)),
        (";4242********424*=3412", ShownCard()),
        ("4242", ShownCard()),
        ("", ShownCard()),
        (None, ShownCard()),
    ],
)
def test_a_masked_track_shows_brand_digits_and_expiry(
    masked: str | None, card: ShownCard
) -> None:
    assert shown_card(masked) == card


@given(st.text(alphabet=";=*0123456789?F", max_size=40))
def test_any_track_shows_four_digits_at_most(masked: str) -> None:
    card = shown_card(masked)

    assert card.last4 is None or len(card.last4) == 4
    assert card.exp_month is None or 1 <= card.exp_month <= 12
