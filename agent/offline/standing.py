"""How much is stored, and where it stands: for people, for registers and for limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.journal.journal import Journal
from agent.journal.offline import OfflineTotal
from agent.offline.states import ENDED, OfflineState

STATE_OF_KIND: Mapping[str, OfflineState] = {
    "offline_payment_stored": OfflineState.QUEUED,
    "offline_payment_voided": OfflineState.VOIDED,
    "forward_started": OfflineState.FORWARDING,
    "forwarded": OfflineState.FORWARDED,
    "forward_declined": OfflineState.DECLINED,
    "forward_failed": OfflineState.FAILED,
}
"""Where a payment stands, by its newest entry."""


@dataclass(frozen=True, slots=True)
class Sum:
    """So many payments, and what they come to in each currency."""

    payments: int
    amounts: Mapping[str, int]
    """Minor units by currency."""


def standing(journal: Journal) -> dict[OfflineState, Sum]:
    """All payments ever stored, by where they stand; every state is there."""
    totals = journal.offline.totals()
    return {
        state: _sum(each for each in totals if _state_of(each) is state)
        for state in OfflineState
    }


def waiting(journal: Journal) -> Sum:
    """What Stripe has neither taken nor declined."""
    totals = journal.offline.totals()
    return _sum(each for each in totals if _state_of(each) not in ENDED)


def _state_of(total: OfflineTotal) -> OfflineState:
    """FAILED for an entry that was damaged beyond recognition."""
    return STATE_OF_KIND.get(total.last_kind, OfflineState.FAILED)


def _sum(totals: Iterable[OfflineTotal]) -> Sum:
    payments, amounts = 0, defaultdict[str, int](int)
    for total in totals:
        payments += total.payments
        amounts[total.currency] += total.amount
    return Sum(payments, dict(sorted(amounts.items())))
