"""The answer to a register that has begun an action: at once, or when it has waited.

Shared by the readers of this machine and by Stripe's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import JournalUnavailable
from agent.ids import PaymentId
from agent.payments.payment import Payment
from agent.rest.action_details import KEPT_APART
from agent.rest.expansion import expanded
from agent.rest.idempotency import Claim
from agent.rest.preferences import wait_preferred
from agent.rest.requests import once
from agent.rest.services import Services, services_of


@dataclass(frozen=True, slots=True)
class Begun:
    """An action that has begun, and what is said of it at once."""

    payment_id: PaymentId
    response: Response


async def begun_once(
    request: Request,
    claim: Claim | None,
    expand: Sequence[str],
    *,
    begin: Callable[[], Awaitable[Begun]],
    show: Callable[[Payment], Response],
) -> Response:
    """Begin, once for one Idempotency-Key; `Prefer: wait=N` holds the answer.

    `show` is for the payment as it is then. Raises what `begin` raises.
    """
    services = services_of(request)
    started: PaymentId | None = None

    async def execute() -> Response:
        nonlocal started
        begun = await begin()
        started = begun.payment_id
        return begun.response

    response = await once(request, claim, execute)
    wait_s = wait_preferred(request.headers.getlist("prefer"))
    if wait_s is not None and response.status_code == 200:
        awaited = started or (claim and services.awaited.get(claim.key))
        if awaited:
            payment = await _waited(services, awaited, claim, wait_s=wait_s)
            response = show(payment)
            is_kept = payment.is_finished and payment.action not in KEPT_APART
            if claim is not None and is_kept:
                await keep(services, claim, response)
            response.headers["preference-applied"] = f"wait={wait_s}"
    return await expanded(response, expand, stripe=services.stripe)


async def keep(services: Services, claim: Claim, response: Response) -> None:
    """Answer the claim's key so from now on.

    What is known must be told, even where it cannot be kept.
    """
    with suppress(JournalUnavailable):
        answer = claim.answered(response, at=services.clock.now())
        await services.journal.answers.put(answer)


async def _waited(
    services: Services, payment_id: PaymentId, claim: Claim | None, *, wait_s: int
) -> Payment:
    """The payment at the register's turn, or after `wait_s` if that comes first."""
    if claim is not None:
        # A caller who lost the connection and repeats the request waits again.
        services.awaited[claim.key] = payment_id
    try:
        return await services.actions.wait_finished(payment_id, timeout_s=wait_s)
    finally:
        if claim is not None:
            services.awaited.pop(claim.key, None)
