"""When held money is warned of: in time, once, whatever the clock does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_entries import requested

from agent.payments.holds import is_held, lead_reached, next_look_s, warning_due
from agent.payments.payment import Payment, begin
from agent.payments.states import Phase

END = 1_000_000
LEADS = (86_400, 3_600)
HELD: Payment = replace(
    begin(requested()), phase=Phase.SUCCEEDED, intent_status="requires_capture"
)
leads = st.lists(st.integers(1, 200_000), unique=True, max_size=4)
times = st.integers(END - 300_000, END + 300_000)


@pytest.mark.parametrize(
    ("phase", "status", "held"),
    [
        (Phase.SUCCEEDED, "requires_capture", True),
        (Phase.CONFIRMED, "requires_capture", False),
        (Phase.SUCCEEDED, "succeeded", False),
        (Phase.FAILED, "requires_capture", False),
    ],
)
def test_only_money_of_a_payment_that_has_ended_is_held(
    phase: Phase, status: str, held: bool
) -> None:
    assert is_held(replace(HELD, phase=phase, intent_status=status)) is held


@pytest.mark.parametrize(
    ("before_end_s", "warned", "due"),
    [
        (90_000, (), None),
        (86_400, (), 86_400),
        (80_000, (86_400,), None),
        (3_600, (86_400,), 3_600),
        (3_000, (), 3_600),
        (3_000, (3_600,), None),
        (80_000, (3_600,), None),
        (-100, (), 3_600),
        (-100, (86_400, 3_600), None),
    ],
)
def test_the_nearest_warning_is_given_and_none_twice(
    before_end_s: int, warned: tuple[int, ...], due: int | None
) -> None:
    payment = replace(HELD, warned_leads_s=frozenset(warned))

    lead = warning_due(payment, END, now_s=END - before_end_s, leads_s=LEADS)

    assert lead == due


def test_an_end_that_nobody_knows_is_not_warned_of() -> None:
    assert warning_due(HELD, None, now_s=END, leads_s=LEADS) is None
    assert lead_reached(None, now_s=END, leads_s=LEADS) is None
    assert next_look_s(None, now_s=END, leads_s=LEADS) is None


@given(leads, st.lists(times, max_size=20))
def test_whatever_the_clock_does_no_warning_comes_twice_or_later_than_a_nearer_one(
    leads_s: list[int], moments: list[int]
) -> None:
    payment, given_leads = HELD, list[int]()
    for now_s in moments:
        lead = warning_due(payment, END, now_s=now_s, leads_s=leads_s)
        if lead is not None:
            given_leads.append(lead)
            payment = replace(payment, warned_leads_s=frozenset(given_leads))

    assert given_leads == sorted(set(given_leads), reverse=True)


@given(leads, times)
def test_the_next_look_is_at_the_next_lead_or_the_end(
    leads_s: list[int], now_s: int
) -> None:
    wait_s = next_look_s(END, now_s=now_s, leads_s=leads_s)

    if wait_s is None:
        assert now_s >= END
    else:
        then_s = now_s + wait_s
        assert then_s in {END - lead for lead in (*leads_s, 0)}
        before = lead_reached(END, now_s=then_s - 1, leads_s=leads_s)
        assert before == lead_reached(END, now_s=now_s, leads_s=leads_s)
