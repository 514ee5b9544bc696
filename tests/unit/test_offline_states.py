"""The steps of a stored payment: those of the table, and no others."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offline_entries import (
    DECLINED,
    FAILED,
    FORWARDED,
    ONE_OF_EACH,
    STARTED,
    VOIDED,
    any_offline_entry,
    stored,
)

from agent.journal.offline_entries import OfflineEntry
from agent.offline.states import (
    ENDED,
    TRANSITIONS,
    IllegalStep,
    OfflinePayment,
    OfflineState,
    apply,
    fold,
)

ILLEGAL = [
    (state, entry)
    for state, entry in product(OfflineState, ONE_OF_EACH)
    if (state, type(entry)) not in TRANSITIONS
]


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        ([], OfflineState.QUEUED),
        ([STARTED], OfflineState.FORWARDING),
        ([STARTED, FORWARDED], OfflineState.FORWARDED),
        ([STARTED, DECLINED], OfflineState.DECLINED),
        ([STARTED, FAILED], OfflineState.FAILED),
        ([FAILED, STARTED, FORWARDED], OfflineState.FORWARDED),
        ([VOIDED], OfflineState.VOIDED),
    ],
)
def test_entries_tell_where_a_payment_stands(
    entries: list[OfflineEntry], state: OfflineState
) -> None:
    payment = fold([stored(), *entries])

    assert payment.state is state


@pytest.mark.parametrize(("state", "entry"), ILLEGAL)
def test_a_step_off_the_table_is_refused(
    state: OfflineState, entry: OfflineEntry
) -> None:
    with pytest.raises(IllegalStep):
        apply(OfflinePayment(stored(), state), entry)


@given(st.lists(any_offline_entry))
def test_what_has_ended_stays_so(entries: list[OfflineEntry]) -> None:
    for state in ENDED:
        for entry in entries:
            with pytest.raises(IllegalStep):
                apply(OfflinePayment(stored(), state), entry)


def test_a_payment_starts_with_its_storing() -> None:
    with pytest.raises(IllegalStep):
        fold([STARTED])


def test_a_decline_tells_why_and_an_approval_forgets_earlier_trouble() -> None:
    declined = fold([stored(), STARTED, DECLINED])
    forwarded = fold([stored(), FAILED, STARTED, FORWARDED])

    assert (declined.failure_code, declined.decline_code) == (
        "card_declined",
        "insufficient_funds",
    )
    assert (forwarded.failure_code, forwarded.charge) == (None, "ch_1")


def test_every_attempt_is_counted() -> None:
    payment = fold([stored(), STARTED, FAILED, STARTED])

    assert payment.attempts == 2
