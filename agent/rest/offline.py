"""`/agent/offline`: what is stored, what has become of it, and forwarding it now."""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from agent.ids import PaymentId
from agent.journal.offline import OfflineDamage
from agent.offline.errors import RecordDamaged
from agent.offline.opening import stored_payment
from agent.offline.standing import Sum, standing
from agent.rest.parameters import Limit, Parameters
from agent.rest.reader_object import Json, JsonObject
from agent.rest.requests import json_response, once, posted, queried
from agent.rest.services import Services, services_of


class ShowOffline(Parameters):
    """`GET /agent/offline`."""

    limit: Limit = 20


class ChangeOffline(Parameters):
    """`POST /agent/offline`."""

    action: Literal["forward"]


async def show_offline(request: Request) -> Response:
    """Totals by state and currency, limits, damage, and the payments last stored."""
    asked = queried(request, ShowOffline)
    return json_response(offline_object(services_of(request), limit=asked.limit))


async def change_offline(request: Request) -> Response:
    """Forward now, also what has failed; answers before that is done."""
    services = services_of(request)
    post = await posted(request, ChangeOffline)

    async def execute() -> Response:
        services.offline.forwarder.wake(with_failed=True)
        return json_response(offline_object(services, limit=20))

    return await once(request, post.claim, execute)


def offline_object(services: Services, *, limit: int) -> JsonObject:
    """All of it; amounts in minor units, times are Unix times."""
    journal, forwarder = services.journal, services.offline.forwarder
    oldest = journal.offline.oldest_open()
    problem = forwarder.problem
    totals: dict[str, Json] = {
        state.value: _sum_object(total) for state, total in standing(journal).items()
    }
    latest = journal.offline.latest(limit)
    payments: list[Json] = [_payment_object(services, each) for each in latest]
    damages: list[Json] = [_damage_object(each) for each in forwarder.damages()]
    return {
        "totals": totals,
        "oldest_stored_at": None if oldest is None else int(oldest.timestamp()),
        "limits": _limits_object(services),
        "problem": None
        if problem is None
        else {
            "code": problem.code,
            "message": problem.message,
            "remedy": problem.remedy,
        },
        "damages": damages,
        "payments": payments,
    }


def _sum_object(total: Sum) -> JsonObject:
    return {"payments": total.payments, "amounts": dict(total.amounts)}


def _limits_object(services: Services) -> JsonObject:
    settings = services.settings.offline
    return {
        "max_payment": dict(settings.payment_limits),
        "max_stored": dict(settings.stored_limits),
        "max_payments": settings.max_payments,
        "max_age_s": int(settings.max_age_s),
    }


def _payment_object(services: Services, payment_id: PaymentId) -> JsonObject:
    try:
        payment = stored_payment(services.journal, payment_id)
    except RecordDamaged as damaged:
        return {"payment": payment_id, "status": "failed", "failure_code": damaged.code}
    return {
        "payment": payment_id,
        "status": payment.state.value,
        "reader": payment.stored.reader_id,
        "amount": payment.stored.amount,
        "currency": payment.stored.currency,
        "payment_intent": payment.stored.payment_intent,
        "forwarded_payment_intent": payment.payment_intent,
        "charge": payment.charge,
        "failure_code": payment.failure_code,
        "decline_code": payment.decline_code,
        "failure_message": payment.failure_message,
    }


def _damage_object(damage: OfflineDamage) -> JsonObject:
    return {
        "code": RecordDamaged.code,
        "damage": damage.kind.value,
        "seq": damage.seq,
        "payment": damage.payment_id,
    }
