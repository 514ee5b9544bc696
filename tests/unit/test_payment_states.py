"""The payment's state machine: every path, and nothing but the paths."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.entries import (
    ActionFinished,
    ActionRequested,
    ActionSent,
    AnswerLost,
    AuthorizationWarned,
    CardCollected,
    CardEndedEarly,
    CardRefused,
    Confirmed,
    ConfirmOrdered,
    ConfirmStarted,
    Declined,
    Entry,
    HoldEnded,
    NotCharged,
    Outcome,
    Performed,
    ReversalStarted,
    Reversed,
)
from agent.payments.payment import apply, fold
from agent.payments.shown_card import ShownCard
from agent.payments.states import (
    AFTER_THE_END,
    FINAL,
    TRANSITIONS,
    IllegalStep,
    Phase,
    Step,
    advance,
    step_of,
)

PAYMENT = PaymentId("pay_1")
REQUESTED = ActionRequested(
    payment_id=PAYMENT,
    reader_id=ReaderId("tmr_1"),
    action="process_payment_intent",
    payment_intent=PaymentIntentId("pi_1"),
    amount=1234,
    currency="usd",
    parameters={},
)
SENT = ActionSent(PAYMENT, "key")
PERFORMED = Performed(PAYMENT, "pm_1")
COLLECTED = CardCollected(PAYMENT, read_method="contact_emv", card_digest="00")
ORDERED = ConfirmOrdered(PAYMENT, {"return_url": "https://shop.example"})
CONFIRM = ConfirmStarted(PAYMENT, idempotency_key="key")
CONFIRMED = Confirmed(PAYMENT, "succeeded", charge="ch_1", emv_auth_data="8A023030")
DECLINED = Declined(PAYMENT, "card_declined", "generic_decline", "no", charge="ch_1")
LOST = AnswerLost(PAYMENT, reason="connection cut")
NOT_CHARGED = NotCharged(PAYMENT, code="stripe_unreachable", message="no network")
EARLY = CardEndedEarly(PAYMENT, verdict="online_timed_out", reason="Z3")
CARD_REFUSED = CardRefused(PAYMENT, verdict="declined", reason="10028000")
REVERSAL = ReversalStarted(PAYMENT, idempotency_key="key", kind="refund")
REVERSED = Reversed(PAYMENT)
ENTRIES: list[Entry] = [
    SENT,
    PERFORMED,
    COLLECTED,
    ORDERED,
    CONFIRM,
    CONFIRMED,
    DECLINED,
    LOST,
    NOT_CHARGED,
    EARLY,
    CARD_REFUSED,
    REVERSAL,
    REVERSED,
    *(ActionFinished(PAYMENT, outcome, None, None) for outcome in Outcome),
]


def finished(outcome: Outcome) -> ActionFinished:
    return ActionFinished(PAYMENT, outcome, None, None)


@pytest.mark.parametrize(
    ("entries", "phase"),
    [
        ([], Phase.REQUESTED),
        ([finished(Outcome.CANCELED)], Phase.CANCELED),
        ([SENT], Phase.SENT),
        ([SENT, LOST], Phase.UNKNOWN),
        ([SENT, CONFIRMED, finished(Outcome.SUCCEEDED)], Phase.SUCCEEDED),
        ([SENT, PERFORMED, finished(Outcome.SUCCEEDED)], Phase.SUCCEEDED),
        ([SENT, NOT_CHARGED, finished(Outcome.CANCELED)], Phase.CANCELED),
        ([COLLECTED], Phase.CARD_COLLECTED),
        ([COLLECTED, ORDERED, CONFIRM], Phase.CONFIRMING),
        ([COLLECTED, finished(Outcome.FAILED)], Phase.FAILED),
        ([COLLECTED, CONFIRM], Phase.CONFIRMING),
        ([COLLECTED, CONFIRM, LOST], Phase.UNKNOWN),
        ([COLLECTED, CONFIRM, PERFORMED], Phase.PERFORMED),
        ([COLLECTED, CONFIRM, LOST, PERFORMED], Phase.PERFORMED),
        ([COLLECTED, CONFIRM, PERFORMED, CARD_REFUSED], Phase.CARD_REFUSED),
        ([COLLECTED, CONFIRM, LOST, CONFIRMED], Phase.CONFIRMED),
        ([COLLECTED, CONFIRM, EARLY], Phase.CONFIRMING),
        ([COLLECTED, CONFIRM, LOST, EARLY], Phase.UNKNOWN),
        ([COLLECTED, CONFIRM, EARLY, DECLINED], Phase.REFUSED),
        (
            [COLLECTED, CONFIRM, CONFIRMED, finished(Outcome.SUCCEEDED)],
            Phase.SUCCEEDED,
        ),
        ([COLLECTED, CONFIRM, DECLINED, finished(Outcome.DECLINED)], Phase.DECLINED),
        (
            [COLLECTED, CONFIRM, LOST, NOT_CHARGED, finished(Outcome.FAILED)],
            Phase.FAILED,
        ),
        (
            [
                COLLECTED,
                CONFIRM,
                CONFIRMED,
                CARD_REFUSED,
                REVERSAL,
                REVERSED,
                finished(Outcome.FAILED),
            ],
            Phase.FAILED,
        ),
    ],
)
def test_the_journal_tells_the_phase(entries: list[Entry], phase: Phase) -> None:
    payment = fold([REQUESTED, *entries])

    assert payment.phase is phase
    assert payment.is_finished == (phase in FINAL)


def test_a_card_that_left_early_is_remembered_after_the_approval() -> None:
    payment = fold([REQUESTED, COLLECTED, CONFIRM, EARLY, LOST, CONFIRMED])

    assert payment.card_end == EARLY


def test_a_collected_card_becomes_a_confirm_by_its_order() -> None:
    shown = replace(COLLECTED, brand="visa", last4="4242")
    asked = replace(REQUESTED, action="collect_payment_method")

    payment = fold([asked, shown, ORDERED, CONFIRM])

    assert payment.action == "confirm_payment_intent"
    assert payment.parameters == ORDERED.parameters
    assert payment.card == ShownCard("visa", "4242")


@pytest.mark.parametrize("phase", [Phase.SENT, Phase.CONFIRMING, Phase.UNKNOWN])
@pytest.mark.parametrize("step", [Step.FINISHED_DECLINED, Step.FINISHED_FAILED])
def test_an_unknown_outcome_cannot_become_a_decline_or_a_failure(
    phase: Phase, step: Step
) -> None:
    with pytest.raises(IllegalStep):
        advance(phase, step)


def test_an_approval_can_only_fail_after_it_was_reversed() -> None:
    failing = {
        phase
        for (phase, step), _ in TRANSITIONS.items()
        if step is Step.FINISHED_FAILED
    }

    assert Phase.CONFIRMED not in failing
    assert Phase.CARD_REFUSED not in failing
    assert Phase.REVERSING not in failing
    assert Phase.REVERSED in failing


@pytest.mark.parametrize("phase", sorted(FINAL))
@pytest.mark.parametrize("step", sorted(set(Step) - AFTER_THE_END))
def test_a_finished_action_never_changes_its_mind(phase: Phase, step: Step) -> None:
    with pytest.raises(IllegalStep):
        advance(phase, step)


@pytest.mark.parametrize("step", sorted(AFTER_THE_END))
def test_what_is_learned_after_the_end_changes_no_outcome(step: Step) -> None:
    assert advance(Phase.SUCCEEDED, step) is Phase.SUCCEEDED
    for phase in set(Phase) - {Phase.SUCCEEDED}:
        with pytest.raises(IllegalStep):
            advance(phase, step)


def test_what_became_of_held_money_is_kept() -> None:
    held = replace(CONFIRMED, status="requires_capture", capture_before=100)
    warning = AuthorizationWarned(PAYMENT, 120, lead_s=60)
    warned = fold(
        [REQUESTED, COLLECTED, CONFIRM, held, finished(Outcome.SUCCEEDED), warning]
    )

    captured = apply(warned, HoldEnded(PAYMENT, "succeeded"))

    assert (warned.intent_status, warned.capture_before) == ("requires_capture", 120)
    assert warned.warned_leads_s == {60}
    assert (captured.intent_status, captured.phase) == ("succeeded", Phase.SUCCEEDED)


def test_every_phase_that_is_not_final_has_a_way_to_an_end() -> None:
    reachable_from_end = set(FINAL)
    for _ in Phase:
        reachable_from_end |= {
            phase
            for (phase, _), target in TRANSITIONS.items()
            if target in reachable_from_end
        }

    assert reachable_from_end == set(Phase)


@given(st.lists(st.sampled_from(ENTRIES), max_size=12))
def test_entries_off_the_table_are_refused(entries: list[Entry]) -> None:
    payment = fold([REQUESTED])
    for entry in entries:
        legal = (payment.phase, step_of(entry)) in TRANSITIONS
        try:
            payment = apply(payment, entry)
        except IllegalStep:
            legal = not legal

        assert legal


@given(st.data())
def test_on_every_path_a_charge_ends_as_success_or_reversed(
    data: st.DataObject,
) -> None:
    payment, history = fold([REQUESTED]), list[Entry]()
    while not payment.is_finished and len(history) < 30:
        legal = [e for e in ENTRIES if (payment.phase, step_of(e)) in TRANSITIONS]
        history.append(data.draw(st.sampled_from(legal)))
        payment = apply(payment, history[-1])

    charged = CONFIRMED in history and REVERSED not in history
    if charged and payment.is_finished:
        assert payment.outcome is Outcome.SUCCEEDED
    if payment.outcome is Outcome.SUCCEEDED:
        assert charged or PERFORMED in history


def test_entries_that_do_not_begin_with_a_request_are_refused() -> None:
    with pytest.raises(ValueError, match="start with ActionRequested"):
        fold([COLLECTED])


def test_a_second_request_for_the_same_payment_is_refused() -> None:
    with pytest.raises(ValueError, match="begins only once"):
        fold([REQUESTED, REQUESTED])


def test_the_fold_keeps_what_the_register_asks_about() -> None:
    payment = fold([REQUESTED, COLLECTED, CONFIRM, DECLINED])

    assert payment.read_method == "contact_emv"
    assert payment.confirm_key == "key"
    assert payment.failure_code == "card_declined"
    assert payment.charge == "ch_1"
