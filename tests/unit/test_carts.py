"""Carts on small screens: what stands where, and that no amount is ever cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.money import Amount
from agent.payments.cart import Cart, LineItem, cart_lines

TEA = LineItem(300, "Tea", 1)
CAKE = LineItem(1250, "Birthday cake with cherries", 2)


def test_items_come_before_tax_and_total() -> None:
    cart = Cart("usd", (TEA, CAKE), total=1674, tax=124)

    assert cart_lines(cart, rows=16, columns=20) == [
        "1 Tea           3.00",
        "2 Birthday cak 12.50",
        "Tax             1.24",
        "Total      16.74 USD",
    ]


def test_no_tax_is_no_line() -> None:
    assert cart_lines(Cart("jpy", (TEA,), total=300), rows=4, columns=16) == [
        "1 Tea        300",
        "Total    300 JPY",
    ]


def test_a_long_cart_shows_its_newest_items() -> None:
    items = tuple(LineItem(100, f"Item {number}", 1) for number in range(9))

    lines = cart_lines(Cart("eur", items, total=900, tax=0), rows=5, columns=20)

    assert [line.split()[0:3] for line in lines] == [
        ["...", "7", "more"],
        ["1", "Item", "7"],
        ["1", "Item", "8"],
        ["Tax", "0.00"],
        ["Total", "9.00", "EUR"],
    ]


@pytest.mark.parametrize(
    ("rows", "shown"),
    [(1, ["Total"]), (2, ["Tax", "Total"]), (3, ["...", "Tax", "Total"])],
)
def test_the_total_is_on_every_screen(rows: int, shown: list[str]) -> None:
    cart = Cart("usd", (TEA, CAKE), total=1674, tax=124)

    lines = cart_lines(cart, rows=rows, columns=20)

    assert [line.split()[0] for line in lines] == shown


ITEMS = st.builds(
    LineItem,
    amount=st.integers(0, 10**8),
    description=st.text(min_size=1, max_size=60),
    quantity=st.integers(1, 10**4),
)


@given(
    st.lists(ITEMS, max_size=20),
    st.integers(0, 10**9),
    st.sampled_from(["usd", "jpy", "kwd"]),
    st.integers(1, 20),
    st.integers(18, 64),
)
def test_every_cart_fits_and_tells_its_total(
    items: list[LineItem], total: int, currency: str, rows: int, columns: int
) -> None:
    cart = Cart(currency, tuple(items), total=total)

    lines = cart_lines(cart, rows=rows, columns=columns)

    assert 1 <= len(lines) <= rows
    assert all(len(line) <= columns for line in lines)
    assert lines[-1].endswith(str(Amount(total, currency)))
