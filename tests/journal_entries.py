"""Entries for tests of the journal: one of each kind, and any of them at random."""

from __future__ import annotations

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
    HoldBegan,
    HoldEnded,
    NotCharged,
    Outcome,
    Performed,
    ReversalStarted,
    Reversed,
    StoredOffline,
)

PAYMENT = PaymentId("pay_1")
READER = ReaderId("tmr_1")

CARD_COLLECTED = CardCollected(PAYMENT, "contact_emv", "9f86d081884c7d65")
CONFIRM_STARTED = ConfirmStarted(PAYMENT, "pay_1-confirm")
CONFIRMED = Confirmed(PAYMENT, "succeeded", "ch_1", "8A023030")
DECLINED = Declined(PAYMENT, "card_declined", "do_not_honor", "Declined.", "ch_1")
NOT_CHARGED = NotCharged(PAYMENT, "payment_not_charged", "No charge.")
FINISHED = ActionFinished(PAYMENT, Outcome.SUCCEEDED, None, None)


def requested(
    payment_id: PaymentId = PAYMENT, reader_id: ReaderId = READER
) -> ActionRequested:
    """The first entry of a payment."""
    return ActionRequested(
        payment_id=payment_id,
        reader_id=reader_id,
        action="process_payment_intent",
        payment_intent=PaymentIntentId("pi_1"),
        amount=1050,
        currency="usd",
        parameters={"skip_tipping": True, "amount_eligible": 900, "note": "table 4"},
    )


ONE_OF_EACH: tuple[Entry, ...] = (
    requested(),
    ActionSent(PAYMENT, "cardlane-pay_1", "ch_0"),
    CARD_COLLECTED,
    ConfirmOrdered(PAYMENT, {"return_url": "https://shop.example"}),
    CONFIRM_STARTED,
    CONFIRMED,
    Performed(PAYMENT, "re_1"),
    DECLINED,
    AnswerLost(PAYMENT, "timeout"),
    StoredOffline(PAYMENT, "stripe_unreachable"),
    NOT_CHARGED,
    CardEndedEarly(PAYMENT, "online_timed_out", "Z3"),
    CardRefused(PAYMENT, "declined", "0b"),
    ReversalStarted(PAYMENT, "pay_1-reverse", "cancel"),
    Reversed(PAYMENT),
    FINISHED,
    HoldBegan(PAYMENT, PaymentIntentId("pi_1"), "ch_1", 1_793_700_000),
    AuthorizationWarned(PAYMENT, 1_793_700_000, 86_400),
    HoldEnded(PAYMENT, "succeeded"),
)

any_entry: st.SearchStrategy[Entry] = st.one_of(
    *(st.from_type(type(entry)) for entry in ONE_OF_EACH)
)
