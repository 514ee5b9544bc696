"""How much may be stored. Pure: the settings, and what is stored already, decide."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent.money import Amount
from agent.offline.errors import (
    AmountTooLarge,
    CurrencyNotOffline,
    OfflineStoreFull,
    OfflineStoreTooOld,
    StoredAmountTooLarge,
)
from agent.offline.standing import Sum
from agent.settings import OfflineSettings


def check_limits(
    wanted: Amount,
    *,
    waiting: Sum,
    oldest: datetime | None,
    settings: OfflineSettings,
    at: datetime,
) -> None:
    """Raise what says why `wanted` may not be stored beside what is `waiting`.

    `oldest` is when the oldest that waits was stored.
    """
    currency = wanted.currency
    if currency not in settings.payment_limits:
        raise CurrencyNotOffline(f"{currency.upper()} is not taken offline.")
    most = Amount(settings.payment_limits[currency], currency)
    if wanted.minor > most.minor:
        raise AmountTooLarge(f"Offline, a payment may be of {most} at most.")
    stored = waiting.amounts.get(currency, 0)
    limit = Amount(settings.stored_limits[currency], currency)
    if stored + wanted.minor > limit.minor:
        raise StoredAmountTooLarge(
            f"{Amount(stored, currency)} are stored, of {limit} at most."
        )
    if waiting.payments >= settings.max_payments:
        raise OfflineStoreFull(
            f"{waiting.payments} payments are stored, as many as may."
        )
    longest = timedelta(seconds=settings.max_age_s)
    if oldest is not None and at - oldest > longest:
        raise OfflineStoreTooOld(
            f"A payment has waited since {oldest:%Y-%m-%d %H:%M} UTC."
        )
