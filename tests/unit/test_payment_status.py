"""What a register is told to do: never to take money twice, never a false decline."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_entries import requested

from agent.payments.payment import Payment, begin
from agent.payments.states import FINAL, Phase
from agent.payments.status import (
    OTHER_STATUSES,
    STATUSES,
    Charged,
    NextStep,
    Refunded,
    next_step_of,
    status_of,
)

PHASES = st.sampled_from(Phase)


def payment(phase: Phase, *, intent_status: str | None = None) -> Payment:
    return replace(begin(requested()), phase=phase, intent_status=intent_status)


def test_every_phase_has_a_status() -> None:
    assert set(STATUSES) == set(Phase)


def test_nobody_pays_for_a_kept_card_or_a_refund() -> None:
    told = [
        status_of(replace(payment(phase), action=action))
        for action in OTHER_STATUSES
        for phase in Phase
    ]

    assert {status.charged for status in told} == {Charged.NO}


@pytest.mark.parametrize("phase", [Phase.SENT, Phase.CONFIRMING, Phase.UNKNOWN])
def test_a_refund_that_is_not_known_is_told_as_unknown(phase: Phase) -> None:
    refund = replace(payment(phase), action="refund_payment")

    assert status_of(refund).refunded is Refunded.UNKNOWN


def test_what_became_of_a_refund_does_not_pay_the_sale() -> None:
    refunded = status_of(replace(payment(Phase.SUCCEEDED), action="refund_payment"))

    assert next_step_of([refunded, status_of(payment(Phase.FAILED))]) is (
        NextStep.MAY_TRY_AGAIN
    )
    assert next_step_of([refunded]) is NextStep.DONE


@pytest.mark.parametrize("action", ["process_payment_intent", *OTHER_STATUSES])
@pytest.mark.parametrize("phase", Phase)
def test_an_action_is_waited_for_until_its_end(phase: Phase, action: str) -> None:
    under_way = replace(payment(phase), action=action)

    waits = status_of(under_way).next_step is NextStep.WAIT

    assert waits == (phase not in FINAL)


@pytest.mark.parametrize("phase", [Phase.SENT, Phase.CONFIRMING, Phase.UNKNOWN])
def test_an_unknown_outcome_is_told_as_unknown(phase: Phase) -> None:
    status = status_of(payment(phase))

    assert status.charged is Charged.UNKNOWN
    assert "eclined" not in status.known


@pytest.mark.parametrize(
    ("intent_status", "step"),
    [("succeeded", NextStep.DONE), ("requires_capture", NextStep.CAPTURE)],
)
def test_money_that_is_held_awaits_its_capture(
    intent_status: str, step: NextStep
) -> None:
    succeeded = payment(Phase.SUCCEEDED, intent_status=intent_status)

    assert status_of(succeeded).next_step is step
    assert status_of(succeeded).charged is Charged.YES


@pytest.mark.parametrize("action", ["collect_payment_method", "collect_inputs"])
def test_what_takes_no_money_does_not_pay_the_sale(action: str) -> None:
    done = replace(payment(Phase.SUCCEEDED), action=action)

    assert status_of(done).charged is Charged.NO
    assert next_step_of([status_of(done)]) is NextStep.MAY_TRY_AGAIN


def test_a_sale_that_never_began_may_be_paid() -> None:
    assert next_step_of([]) is NextStep.MAY_TRY_AGAIN


@given(st.lists(PHASES))
def test_a_sale_is_paid_anew_only_when_nobody_pays_for_sure(
    phases: list[Phase],
) -> None:
    step = next_step_of(status_of(payment(phase)) for phase in phases)

    nobody_pays = set(phases) <= {Phase.DECLINED, Phase.CANCELED, Phase.FAILED}
    assert (step is NextStep.MAY_TRY_AGAIN) == nobody_pays


@given(st.lists(PHASES), st.sampled_from(sorted(set(Phase) - FINAL)))
def test_one_payment_under_way_holds_up_the_sale(
    phases: list[Phase], under_way: Phase
) -> None:
    statuses = [status_of(payment(phase)) for phase in [*phases, under_way]]

    assert next_step_of(statuses) is NextStep.WAIT
