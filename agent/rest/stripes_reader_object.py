"""A reader that Stripe drives, as this agent shows it: with the end that it knows. Pure.

Stripe's action is shown as Stripe has it, but for how it ends: that is shown once it is
in the journal, and by what Stripe's other objects prove of it.
"""

from __future__ import annotations

from agent.payments.at_the_reader import COLLECTING, Ended, Gone, standing
from agent.payments.payment import Payment
from agent.payments.states import Phase
from agent.rest.reader_object import JsonObject, action_object
from agent.stripe_api.terminal_readers import reader_of

_END = ("status", "failure_code", "failure_message")


def stripes_reader_object(shown: JsonObject, payment: Payment | None) -> JsonObject:
    """Stripe's object `shown` with the action of `payment`, the newest on the reader."""
    own = None if payment is None else action_object(payment)
    if payment is None or own is None:
        return shown
    theirs = shown.get("action")
    at = standing(payment, reader_of(shown))
    if isinstance(at, Gone) or not isinstance(theirs, dict):
        is_still_ours = not payment.is_finished and (
            theirs is None or payment.phase is Phase.UNKNOWN
        )
        return {**shown, "action": own} if is_still_ours else shown
    if payment.is_finished and (
        not isinstance(at, Ended) or payment.action == COLLECTING
    ):
        # Begun anew by somebody else; or a card that was collected is gone since.
        return shown
    end = {name: own[name] for name in _END}
    error = theirs.get("api_error") or own["api_error"]
    end["api_error"] = error if payment.is_finished else None
    return {**shown, "action": {**theirs, **end}}


def reader_of_payment(shown: JsonObject, payment: Payment) -> JsonObject:
    """As above, for whoever asks about this payment: others' actions do not hide it."""
    own = action_object(payment)
    if own is not None and isinstance(standing(payment, reader_of(shown)), Gone):
        return {**shown, "action": own}
    return stripes_reader_object(shown, payment)


def unseen_reader_object(payment: Payment) -> JsonObject:
    """What there is to show of a reader that Stripe was not asked about yet."""
    return {
        "id": payment.reader_id,
        "object": "terminal.reader",
        "action": action_object(payment),
    }
