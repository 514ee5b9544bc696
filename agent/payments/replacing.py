"""What must not end an action under way at one of Stripe's readers.

Stripe refuses it and lets the reader go on; the agent, which ends the old action before
it sends the new one, has to see that first. Pure.
"""

from __future__ import annotations

from agent.errors import IntentInvalidState, ParameterInvalid, ParameterMissing
from agent.payments.evidence import Before
from agent.payments.forwarded import ForwardedAction
from agent.payments.prepare import PRESENT

_SUBJECTS = {
    "process_payment_intent": "payment_intent",
    "collect_payment_method": "payment_intent",
    "process_setup_intent": "setup_intent",
}
_ENDED = frozenset({"succeeded", "requires_capture", "canceled"})
"""Intents in these states are never taken by a reader again."""


def check_replacement(wanted: ForwardedAction, before: Before) -> None:
    """Raises ParameterMissing, ParameterInvalid or IntentInvalidState."""
    subject = _SUBJECTS.get(wanted.action)
    if subject is None:
        return
    for name in (subject, *_also_needed(wanted.action)):
        if not wanted.form.get(name):
            raise ParameterMissing(f"Missing required param: {name}.", param=name)
    if before.status in _ENDED:
        raise IntentInvalidState(
            "The intent must be in the requires_payment_method state to be processed "
            f"by a reader; it is {before.status}.",
            param=subject,
        )
    if not PRESENT.intersection(before.payment_method_types):
        raise ParameterInvalid(
            "The intent takes no card_present, so no reader can process it.",
            param=subject,
        )


def _also_needed(action: str) -> tuple[str, ...]:
    return ("allow_redisplay",) if action == "process_setup_intent" else ()
