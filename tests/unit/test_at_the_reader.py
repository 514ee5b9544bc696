"""What a reader's action and Stripe's objects prove together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_entries import PAYMENT, requested

from agent.journal.entries import ActionSent, Confirmed, Declined, NotCharged, Performed
from agent.payments.at_the_reader import (
    AtWork,
    Ended,
    Gone,
    end_of,
    standing,
)
from agent.payments.evidence import Nothing, Proof, Undecided
from agent.payments.payment import Payment, apply, begin
from agent.stripe_api.objects import JsonObject
from agent.stripe_api.terminal_readers import ReaderAction, reader_of

PROCESS = "process_payment_intent"
CONFIRMED = Confirmed(PAYMENT, "succeeded", "ch_1", None)
DECLINED = Declined(PAYMENT, "card_declined", "do_not_honor", "No.", "ch_1")


def payment(action: str = PROCESS) -> Payment:
    """An action that was sent."""
    return apply(begin(replace(requested(), action=action)), ActionSent(PAYMENT, "key"))


def shown(
    type_: str = PROCESS, status: str = "in_progress", **about: str
) -> JsonObject:
    """A reader with this action."""
    return {
        "id": "tmr_1",
        "status": "online",
        "action": {"type": type_, "status": status, type_: {**about}},
    }


def action(status: str, **changes: str | bool) -> ReaderAction:
    ended = ReaderAction(PROCESS, status, subjects=frozenset({"pi_1"}))
    return replace(ended, **changes)  # type: ignore[arg-type] # names are checked


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        (shown(payment_intent="pi_1"), AtWork),
        (shown(status="succeeded", payment_intent="pi_1"), Ended),
        (shown(status="failed", payment_intent="pi_1"), Ended),
        (shown(payment_intent="pi_2"), Gone),
        (shown("refund_payment", payment_intent="pi_1"), Gone),
        ({"id": "tmr_1", "action": None}, Gone),
        ({"id": "tmr_1", "deleted": True}, Gone),
    ],
)
def test_where_an_action_stands_is_read_from_its_reader(
    reader: JsonObject, expected: type
) -> None:
    assert isinstance(standing(payment(), reader_of(reader)), expected)


def test_an_expanded_intent_is_the_same_intent() -> None:
    reader = shown()
    reader["action"] = {
        "type": PROCESS,
        "status": "in_progress",
        PROCESS: {"payment_intent": {"id": "pi_1"}},
    }

    assert isinstance(standing(payment(), reader_of(reader)), AtWork)


def test_a_collected_card_has_been_collected_although_it_is_in_progress() -> None:
    type_ = "collect_payment_method"
    waiting = shown(type_, payment_intent="pi_1")
    collected = shown(type_, payment_intent="pi_1", payment_method="pm_1")

    assert isinstance(standing(payment(type_), reader_of(waiting)), AtWork)
    at = standing(payment(type_), reader_of(collected))
    assert isinstance(at, Ended)
    assert end_of(payment(type_), at, Nothing(), gone_code="action_replaced") == (
        Performed(PAYMENT, "pm_1")
    )


@pytest.mark.parametrize("proof", [CONFIRMED, DECLINED])
@pytest.mark.parametrize(
    "at",
    [
        Gone(is_replaced=True),
        Gone(is_replaced=False),
        Ended(action("failed", failure_code="connection_error")),
        Ended(action("succeeded")),
    ],
)
def test_stripes_objects_count_more_than_the_reader(
    at: Ended | Gone, proof: Confirmed | Declined
) -> None:
    assert end_of(payment(), at, proof, gone_code="action_replaced") == proof


def test_a_success_without_its_charge_is_not_believed_yet() -> None:
    at = Ended(action("succeeded"))

    assert isinstance(
        end_of(payment(), at, Nothing(), gone_code="action_replaced"), Undecided
    )


def test_a_failure_without_a_charge_is_none_of_the_issuers() -> None:
    at = Ended(action("failed", failure_code="customer_canceled"))

    end = end_of(payment(), at, Nothing(), gone_code="action_replaced")

    assert isinstance(end, NotCharged)
    assert end.code == "customer_canceled"


PROOFS: st.SearchStrategy[Proof] = st.sampled_from(
    [CONFIRMED, DECLINED, Undecided("processing"), Nothing()]
)
STANDINGS = st.one_of(
    st.builds(Gone, is_replaced=st.booleans()),
    st.builds(
        lambda status, is_card_error: Ended(
            action(status, is_card_error=is_card_error)
        ),
        st.sampled_from(["succeeded", "failed"]),
        st.booleans(),
    ),
)


@given(STANDINGS, PROOFS)
def test_only_a_card_error_or_the_intent_is_a_decline(
    at: Ended | Gone, proof: Proof
) -> None:
    end = end_of(payment(), at, proof, gone_code="action_replaced")

    is_refused = isinstance(at, Ended) and (
        at.action.status == "failed" and at.action.is_card_error
    )
    if isinstance(end, Declined):
        assert proof == DECLINED or is_refused
    if isinstance(proof, Undecided):
        assert isinstance(end, Undecided)
    if isinstance(end, Confirmed):
        assert proof == CONFIRMED
