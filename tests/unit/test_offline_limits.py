"""How much may be stored: each limit to the last cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.money import Amount
from agent.offline.errors import (
    AmountTooLarge,
    CurrencyNotOffline,
    OfflineError,
    OfflineStoreFull,
    OfflineStoreTooOld,
    StoredAmountTooLarge,
)
from agent.offline.limits import check_limits
from agent.offline.standing import Sum
from agent.settings import OfflineSettings

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
SETTINGS = OfflineSettings(
    max_payment=("100.00 usd", "10000 jpy"),
    max_stored=("150.00 usd", "20000 jpy"),
    max_payments=3,
    max_age_s=3600.0,
)
NOTHING = Sum(0, {})


def refusal(
    minor: int,
    currency: str = "usd",
    *,
    waiting: Sum = NOTHING,
    oldest: datetime | None = None,
) -> type[OfflineError] | None:
    try:
        check_limits(
            Amount(minor, currency),
            waiting=waiting,
            oldest=oldest,
            settings=SETTINGS,
            at=AT,
        )
    except OfflineError as refused:
        return type(refused)
    return None


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [
        (100_00, "usd", None),
        (100_01, "usd", AmountTooLarge),
        (10_000, "jpy", None),
        (10_001, "jpy", AmountTooLarge),
        (1, "eur", CurrencyNotOffline),
    ],
)
def test_one_payment_may_be_as_large_as_its_currency_allows(
    minor: int, currency: str, expected: type[OfflineError] | None
) -> None:
    assert refusal(minor, currency) is expected


@pytest.mark.parametrize(
    ("stored", "expected"), [(50_00, None), (50_01, StoredAmountTooLarge)]
)
def test_what_is_stored_counts_by_currency(
    stored: int, expected: type[OfflineError] | None
) -> None:
    waiting = Sum(1, {"usd": stored, "jpy": 20_000})

    assert refusal(100_00, waiting=waiting) is expected


@pytest.mark.parametrize(("payments", "expected"), [(2, None), (3, OfflineStoreFull)])
def test_so_many_may_be_stored_at_a_time(
    payments: int, expected: type[OfflineError] | None
) -> None:
    assert refusal(1_00, waiting=Sum(payments, {})) is expected


@pytest.mark.parametrize(
    ("age_s", "expected"), [(3600, None), (3601, OfflineStoreTooOld)]
)
def test_nothing_is_stored_beside_what_has_waited_too_long(
    age_s: int, expected: type[OfflineError] | None
) -> None:
    oldest = AT - timedelta(seconds=age_s)

    assert refusal(1_00, waiting=Sum(1, {}), oldest=oldest) is expected
