"""A payment as registers are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.errors import ResourceMissing
from agent.ids import PaymentId
from agent.journal.journal import Journal, Recorded
from agent.offline.opening import stored_payment
from agent.offline.states import OfflinePayment
from agent.payments.payment import Payment, fold
from agent.payments.states import Phase
from agent.payments.status import Status, offline_status_of, status_of
from agent.rest.reader_object import JsonObject
from agent.rest.services import Services
from agent.stripe_api.payment_intents import PaymentIntent


@dataclass(frozen=True, slots=True)
class Known:
    """A payment with what the journal has of it."""

    payment: Payment
    entries: list[Recorded]
    stored: OfflinePayment | None = None
    """What became of it since, where it was accepted offline."""

    def status(self, intent: PaymentIntent | None) -> Status:
        """What a register needs to know; `intent` is what Stripe says now."""
        if self.stored is not None and self.payment.intent_status is None:
            return offline_status_of(self.stored)
        return status_of(self.payment, intent)


def payment_named(payment_id: PaymentId, journal: Journal) -> Payment:
    """The payment as the journal tells it; raises ResourceMissing."""
    return fold(each.entry for each in _entries(payment_id, journal))


def known(services: Services, payment_id: PaymentId) -> Known:
    """The payment; one under way may know a little more than the disk.

    Raises ResourceMissing.
    """
    entries = _entries(payment_id, services.journal)
    payment = fold(each.entry for each in entries)
    current = services.actions.current(payment.reader_id)
    if (
        current is not None
        and current.payment_id == payment_id
        and not payment.is_finished
    ):
        payment = current
    return Known(payment, entries, _stored(services.journal, payment))


def payment_object(
    known: Known, intent: PaymentIntent | None, *, at: datetime
) -> JsonObject:
    """The payment, with what Stripe says now where it was asked; times are Unix times."""
    payment, entries = known.payment, known.entries
    status, stored = known.status(intent), known.stored
    is_of_now = intent is not None or not payment.is_finished
    return {
        "id": payment.payment_id,
        "reader": payment.reader_id,
        "action": payment.action,
        "payment_intent": payment.payment_intent,
        "setup_intent": payment.setup_intent,
        "amount": payment.total,
        "amount_tip": payment.tip,
        "currency": payment.currency,
        "created": _unix(entries[0].at),
        "updated": _unix(entries[-1].at),
        "phase": payment.phase.value,
        "outcome": None if payment.outcome is None else payment.outcome.value,
        "charged": status.charged.value,
        "refunded": None if status.refunded is None else status.refunded.value,
        "next_step": status.next_step.value,
        "known": status.known,
        "as_of": _unix(at if is_of_now else entries[-1].at),
        "result": payment.result,
        "charge": payment.charge if stored is None else stored.charge,
        "failure_code": payment.failure_code,
        "failure_message": payment.failure_message,
        "decline_code": payment.decline_code,
        "card_verdict_missing": payment.card_verdict_missing,
        **_money(payment, intent),
        "offline": None if stored is None else _offline_object(stored),
    }


def _stored(journal: Journal, payment: Payment) -> OfflinePayment | None:
    """What became of a payment that was accepted offline; None for all others."""
    if not payment.is_stored_offline or payment.phase is not Phase.SUCCEEDED:
        return None
    return stored_payment(journal, payment.payment_id)


def _offline_object(stored: OfflinePayment) -> JsonObject:
    return {
        "status": stored.state.value,
        "payment_intent": stored.payment_intent,
        "failure_code": stored.failure_code,
        "decline_code": stored.decline_code,
        "failure_message": stored.failure_message,
    }


def _money(payment: Payment, intent: PaymentIntent | None) -> JsonObject:
    """What Stripe has said of the money, last or now."""
    if intent is None:
        return {
            "payment_intent_status": payment.intent_status,
            "amount_received": None,
            "amount_returned": None,
            "capture_before": payment.capture_before,
        }
    return {
        "payment_intent_status": intent.status,
        "amount_received": intent.amount_received,
        "amount_returned": intent.amount_returned,
        "capture_before": intent.capture_before,
    }


def _entries(payment_id: PaymentId, journal: Journal) -> list[Recorded]:
    entries = journal.entries_of(payment_id)
    if not entries:
        raise ResourceMissing("No such payment.", param="payment")
    return entries


def _unix(at: datetime) -> int:
    return int(at.timestamp())
