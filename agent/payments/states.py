"""Every legal step of one payment. Pure: no clock, no I/O, no logging.

`TRANSITIONS` is the whole state machine; a missing key is the error. A phase is what
the journal proves, so an effect without a recorded outcome leaves the payment in
CONFIRMING, UNKNOWN or REVERSING, never in a final phase.
"""

from __future__ import annotations

from enum import StrEnum

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


class Phase(StrEnum):
    """Where a payment stands."""

    REQUESTED = "requested"
    """Accepted; the reader may be waiting for a card. Nothing left the machine."""
    SENT = "sent"
    """A reader of Stripe's has it, or may have it: charged, declined or nothing yet."""
    CARD_COLLECTED = "card_collected"
    """The register may be looking at it; nothing left the machine."""
    CONFIRMING = "confirming"
    """The confirm is on its way: charged, declined or nothing."""
    UNKNOWN = "unknown"
    """The answer was lost; Stripe is being asked."""
    CONFIRMED = "confirmed"
    """Approved upstream; the card may still have its say."""
    STORED_OFFLINE = "stored_offline"
    """Sealed here, to be charged later; the card may still have its say."""
    OFFLINE_REFUSED = "offline_refused"
    """Stored, and then refused by the card: it must never be forwarded."""
    PERFORMED = "performed"
    """Done, where what was asked took no money."""
    REFUSED = "refused"
    """Declined upstream; nothing was charged."""
    NOT_CHARGED = "not_charged"
    """Settled after a loss: Stripe never acted on the confirm."""
    CARD_REFUSED = "card_refused"
    """Approved upstream, refused by the card: the charge must go back."""
    REVERSING = "reversing"
    REVERSED = "reversed"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELED = "canceled"
    FAILED = "failed"


class Step(StrEnum):
    """What a journal entry means to the state machine."""

    ACTION_SENT = "action_sent"
    CARD_COLLECTED = "card_collected"
    CONFIRM_ORDERED = "confirm_ordered"
    CONFIRM_STARTED = "confirm_started"
    CONFIRMED = "confirmed"
    PERFORMED = "performed"
    DECLINED = "declined"
    ANSWER_LOST = "answer_lost"
    CARD_ENDED_EARLY = "card_ended_early"
    STORED_OFFLINE = "stored_offline"
    NOT_CHARGED = "not_charged"
    CARD_REFUSED = "card_refused"
    REVERSAL_STARTED = "reversal_started"
    REVERSED = "reversed"
    FINISHED_SUCCEEDED = "finished_succeeded"
    FINISHED_DECLINED = "finished_declined"
    FINISHED_CANCELED = "finished_canceled"
    FINISHED_FAILED = "finished_failed"
    HOLD_BEGAN = "hold_began"
    AUTHORIZATION_WARNED = "authorization_warned"
    HOLD_ENDED = "hold_ended"


TRANSITIONS: dict[tuple[Phase, Step], Phase] = {
    (Phase.REQUESTED, Step.ACTION_SENT): Phase.SENT,
    (Phase.SENT, Step.CONFIRMED): Phase.CONFIRMED,
    (Phase.SENT, Step.PERFORMED): Phase.PERFORMED,
    (Phase.SENT, Step.DECLINED): Phase.REFUSED,
    (Phase.SENT, Step.NOT_CHARGED): Phase.NOT_CHARGED,
    (Phase.SENT, Step.ANSWER_LOST): Phase.UNKNOWN,
    (Phase.UNKNOWN, Step.PERFORMED): Phase.PERFORMED,
    (Phase.PERFORMED, Step.FINISHED_SUCCEEDED): Phase.SUCCEEDED,
    # Only of a card that was kept: a refund stands, whatever the card says of it.
    (Phase.PERFORMED, Step.CARD_REFUSED): Phase.CARD_REFUSED,
    (Phase.REQUESTED, Step.PERFORMED): Phase.PERFORMED,
    (Phase.REQUESTED, Step.CARD_COLLECTED): Phase.CARD_COLLECTED,
    (Phase.REQUESTED, Step.FINISHED_CANCELED): Phase.CANCELED,
    (Phase.REQUESTED, Step.FINISHED_FAILED): Phase.FAILED,
    (Phase.CARD_COLLECTED, Step.CONFIRM_ORDERED): Phase.CARD_COLLECTED,
    (Phase.CARD_COLLECTED, Step.CONFIRM_STARTED): Phase.CONFIRMING,
    (Phase.CARD_COLLECTED, Step.FINISHED_CANCELED): Phase.CANCELED,
    (Phase.CARD_COLLECTED, Step.FINISHED_FAILED): Phase.FAILED,
    (Phase.CARD_COLLECTED, Step.STORED_OFFLINE): Phase.STORED_OFFLINE,
    # Only where the confirm certainly never went out; UNKNOWN has no such way.
    (Phase.CONFIRMING, Step.STORED_OFFLINE): Phase.STORED_OFFLINE,
    (Phase.STORED_OFFLINE, Step.CARD_REFUSED): Phase.OFFLINE_REFUSED,
    (Phase.STORED_OFFLINE, Step.FINISHED_SUCCEEDED): Phase.SUCCEEDED,
    (Phase.OFFLINE_REFUSED, Step.FINISHED_FAILED): Phase.FAILED,
    (Phase.CONFIRMING, Step.CARD_ENDED_EARLY): Phase.CONFIRMING,
    (Phase.UNKNOWN, Step.CARD_ENDED_EARLY): Phase.UNKNOWN,
    (Phase.CONFIRMING, Step.CONFIRMED): Phase.CONFIRMED,
    (Phase.CONFIRMING, Step.PERFORMED): Phase.PERFORMED,
    (Phase.CONFIRMING, Step.DECLINED): Phase.REFUSED,
    (Phase.CONFIRMING, Step.ANSWER_LOST): Phase.UNKNOWN,
    (Phase.CONFIRMING, Step.NOT_CHARGED): Phase.NOT_CHARGED,
    (Phase.UNKNOWN, Step.CONFIRMED): Phase.CONFIRMED,
    (Phase.UNKNOWN, Step.DECLINED): Phase.REFUSED,
    (Phase.UNKNOWN, Step.NOT_CHARGED): Phase.NOT_CHARGED,
    (Phase.NOT_CHARGED, Step.FINISHED_FAILED): Phase.FAILED,
    (Phase.NOT_CHARGED, Step.FINISHED_CANCELED): Phase.CANCELED,
    (Phase.REFUSED, Step.FINISHED_DECLINED): Phase.DECLINED,
    (Phase.CONFIRMED, Step.FINISHED_SUCCEEDED): Phase.SUCCEEDED,
    (Phase.CONFIRMED, Step.CARD_REFUSED): Phase.CARD_REFUSED,
    (Phase.CARD_REFUSED, Step.REVERSAL_STARTED): Phase.REVERSING,
    (Phase.REVERSING, Step.REVERSED): Phase.REVERSED,
    (Phase.REVERSED, Step.FINISHED_FAILED): Phase.FAILED,
    (Phase.SUCCEEDED, Step.HOLD_BEGAN): Phase.SUCCEEDED,
    (Phase.SUCCEEDED, Step.AUTHORIZATION_WARNED): Phase.SUCCEEDED,
    (Phase.SUCCEEDED, Step.HOLD_ENDED): Phase.SUCCEEDED,
}

AFTER_THE_END = frozenset({Step.HOLD_BEGAN, Step.AUTHORIZATION_WARNED, Step.HOLD_ENDED})
"""What is learned of money that was taken; the action's outcome stays as it is."""

FINAL = frozenset(
    {Phase.SUCCEEDED, Phase.DECLINED, Phase.CANCELED, Phase.FAILED},
)

REPLACEABLE = frozenset({Phase.REQUESTED, Phase.CARD_COLLECTED})
"""Nothing was sent to Stripe yet: a new command replaces it, cancel_action ends it.

A payment rests in CARD_COLLECTED only while its register looks at the card.
"""


UNSETTLED = frozenset({Phase.CONFIRMING, Phase.UNKNOWN})
"""Stripe was asked, or may have been, and has not answered yet."""


class IllegalStep(Exception):
    """A step that the phase does not allow: a defect, or a journal not ours."""

    def __init__(self, phase: Phase, step: Step) -> None:
        super().__init__(f"{step} is not possible in {phase}")
        self.phase = phase
        self.step = step


def advance(phase: Phase, step: Step) -> Phase:
    """The phase after `step`; raises IllegalStep where the table has no row."""
    try:
        return TRANSITIONS[phase, step]
    except KeyError:
        raise IllegalStep(phase, step) from None


def step_of(entry: Entry) -> Step | None:
    """The step an entry stands for; None for ActionRequested, which begins a payment."""
    match entry:
        case ActionRequested():
            return None
        case ActionFinished(outcome=outcome):
            return _FINISHED[outcome]
        case _:
            return _STEPS[type(entry)]


_STEPS: dict[type[Entry], Step] = {
    ActionSent: Step.ACTION_SENT,
    CardCollected: Step.CARD_COLLECTED,
    ConfirmOrdered: Step.CONFIRM_ORDERED,
    ConfirmStarted: Step.CONFIRM_STARTED,
    Confirmed: Step.CONFIRMED,
    Performed: Step.PERFORMED,
    Declined: Step.DECLINED,
    AnswerLost: Step.ANSWER_LOST,
    CardEndedEarly: Step.CARD_ENDED_EARLY,
    StoredOffline: Step.STORED_OFFLINE,
    NotCharged: Step.NOT_CHARGED,
    CardRefused: Step.CARD_REFUSED,
    ReversalStarted: Step.REVERSAL_STARTED,
    Reversed: Step.REVERSED,
    HoldBegan: Step.HOLD_BEGAN,
    AuthorizationWarned: Step.AUTHORIZATION_WARNED,
    HoldEnded: Step.HOLD_ENDED,
}

_FINISHED = {
    Outcome.SUCCEEDED: Step.FINISHED_SUCCEEDED,
    Outcome.DECLINED: Step.FINISHED_DECLINED,
    Outcome.CANCELED: Step.FINISHED_CANCELED,
    Outcome.FAILED: Step.FINISHED_FAILED,
}
