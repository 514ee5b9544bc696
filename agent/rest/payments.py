"""`/agent/payments`: what became of payments, by what a register knows of them.

A register that was cut off asks here before it takes any money again.
"""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import ParameterInvalid, ParameterMissing, ResourceMissing
from agent.ids import PaymentId, PaymentIntentId
from agent.journal.journal import Journal, Recorded
from agent.payments.payment import Payment, fold
from agent.payments.reference import reference_digest
from agent.payments.status import next_step_of, status_of
from agent.rest.parameters import Parameters, Text
from agent.rest.reader_object import Json, JsonObject
from agent.rest.requests import json_response, queried
from agent.rest.services import Services, services_of

MOST_PAYMENTS = 100
"""Of one sale; each is an attempt with one card."""


class FindPayments(Parameters):
    """`GET /agent/payments`."""

    reference: Text | None = None
    payment_intent: Text | None = None


async def find_payments(request: Request) -> Response:
    """The payments of one reference or PaymentIntent, newest first, and what to do."""
    asked = queried(request, FindPayments)
    services = services_of(request)
    found = _found(services.journal, asked)
    if len(found) > MOST_PAYMENTS:
        # A next step that has not seen all of them could have money taken twice.
        raise ParameterInvalid(
            f"More than {MOST_PAYMENTS} payments match; name each sale differently.",
            param="reference",
        )
    known = [_known(services, payment_id) for payment_id in found]
    payments: list[Json] = [payment_object(*each) for each in known]
    step = next_step_of([payment for payment, _ in known])
    return json_response({"payments": payments, "next_step": step.value})


async def show_payment(request: Request) -> Response:
    """One payment."""
    queried(request, Parameters)
    payment_id = PaymentId(request.path_params["payment_id"])
    return json_response(payment_object(*_known(services_of(request), payment_id)))


def payment_named(payment_id: PaymentId, journal: Journal) -> Payment:
    """The payment as the journal tells it; raises ResourceMissing."""
    return fold(each.entry for each in _entries(payment_id, journal))


def payment_object(payment: Payment, entries: list[Recorded]) -> JsonObject:
    """The payment as registers are told of it; times are Unix times."""
    status = status_of(payment)
    return {
        "id": payment.payment_id,
        "reader": payment.reader_id,
        "payment_intent": payment.payment_intent,
        "amount": payment.amount,
        "currency": payment.currency,
        "created": _unix(entries[0].at),
        "updated": _unix(entries[-1].at),
        "phase": payment.phase.value,
        "outcome": None if payment.outcome is None else payment.outcome.value,
        "charged": status.charged.value,
        "next_step": status.next_step.value,
        "known": status.known,
        "charge": payment.charge,
        "failure_code": payment.failure_code,
        "failure_message": payment.failure_message,
        "card_verdict_missing": payment.card_verdict_missing,
    }


def _found(journal: Journal, asked: FindPayments) -> list[PaymentId]:
    limit = MOST_PAYMENTS + 1
    match asked.reference, asked.payment_intent:
        case str(reference), None:
            digest = reference_digest(reference)
            return journal.payments_of_reference(digest or "", limit=limit)
        case None, str(intent):
            return journal.payments_of_intent(PaymentIntentId(intent), limit=limit)
        case None, None:
            raise ParameterMissing(
                "Missing required param: reference or payment_intent.",
                param="reference",
            )
        case _:
            raise ParameterInvalid(
                "Send either reference or payment_intent.", param="payment_intent"
            )


def _known(services: Services, payment_id: PaymentId) -> tuple[Payment, list[Recorded]]:
    """The payment under way may know a little more than the disk."""
    entries = _entries(payment_id, services.journal)
    payment = fold(each.entry for each in entries)
    current = services.actions.current(payment.reader_id)
    if current is not None and current.payment_id == payment_id:
        payment = current
    return payment, entries


def _entries(payment_id: PaymentId, journal: Journal) -> list[Recorded]:
    entries = journal.entries_of(payment_id)
    if not entries:
        raise ResourceMissing("No such payment.", param="payment")
    return entries


def _unix(at: datetime) -> int:
    return int(at.timestamp())
