"""From what one of Stripe's readers shows to how an action has ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from agent.journal.entries import (
    Confirmed,
    Declined,
    NotCharged,
    Performed,
)
from agent.payments.evidence import PAYING, Nothing, Proof, Undecided
from agent.payments.failures import MESSAGES, PAYMENT_NOT_CHARGED
from agent.payments.payment import Payment
from agent.stripe_api.terminal_readers import ReaderAction, StripesReader

COLLECTING = "collect_payment_method"
DISPLAYING = "set_reader_display"


@dataclass(frozen=True, slots=True)
class AtWork:
    """The reader has the action."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The reader has done with it, and says how."""

    action: ReaderAction


@dataclass(frozen=True, slots=True)
class Gone:
    """The reader has it no more, or never had it."""

    is_replaced: bool
    """Whether it does something else, and not nothing."""


Standing = AtWork | Ended | Gone
End = Confirmed | Performed | Declined | NotCharged


def standing(payment: Payment, reader: StripesReader) -> Standing:
    """Where the payment's action stands at its reader."""
    action = reader.action
    if action is None:
        return Gone(is_replaced=False)
    if not _is_of(payment, action):
        return Gone(is_replaced=True)
    # A card that was collected stays in progress until it is confirmed.
    is_collected = payment.action == COLLECTING and action.result is not None
    is_shown = payment.action == DISPLAYING
    if action.status == "in_progress" and not is_collected and not is_shown:
        return AtWork()
    return Ended(action)


def _is_of(payment: Payment, action: ReaderAction) -> bool:
    named = {payment.payment_intent, payment.setup_intent, payment.charge} - {None}
    is_about_it = bool(action.subjects & named) or not (action.subjects or named)
    return action.type == payment.action and is_about_it


def end_of(
    payment: Payment, at: Ended | Gone, proof: Proof, *, gone_code: str
) -> End | Undecided:
    """How the action has ended, as the entry to write.

    What Stripe's objects prove counts more than what the reader says: it may be a card
    charged whose reader lost its connection. `gone_code` says why a reader has the
    action no more.
    """
    match proof:
        case Confirmed() | Performed() | Declined() | Undecided():
            return proof
        case Nothing():
            pass
        case _:
            assert_never(proof)
    match at:
        case Gone():
            return _not_charged(payment, gone_code)
        case Ended(action) if action.status == "failed":
            return _failed(payment, action)
        case Ended() if proof.is_final:
            # What it shows is another action about the same, or was undone since.
            return _not_charged(payment, PAYMENT_NOT_CHARGED)
        case Ended(action) if payment.action in PAYING:
            return Undecided("the reader says it has succeeded, the intent does not")
        case Ended(action):
            return Performed(payment.payment_id, action.result)
        case _:
            assert_never(at)


def _failed(payment: Payment, action: ReaderAction) -> Declined | NotCharged:
    code = action.failure_code or PAYMENT_NOT_CHARGED
    message = action.failure_message or "The reader gives no reason."
    if action.is_card_error:
        return Declined(
            payment.payment_id,
            code,
            action.decline_code,
            message,
            charge=payment.charge,
        )
    return NotCharged(payment.payment_id, code, message)


def _not_charged(payment: Payment, code: str) -> NotCharged:
    return NotCharged(payment.payment_id, code, MESSAGES[code])
