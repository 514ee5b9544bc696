"""`/agent/payments/:id/signature`: what the cardholder has drawn on the reader."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import SignatureMissing
from agent.ids import PaymentId
from agent.journal.details import signature_id
from agent.rest.parameters import Parameters
from agent.rest.payment_object import payment_named
from agent.rest.requests import queried
from agent.rest.services import services_of

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
}


async def read_signature(request: Request) -> Response:
    """The signature as SVG; raises ResourceMissing and SignatureMissing."""
    queried(request, Parameters)
    services = services_of(request)
    payment_id = PaymentId(request.path_params["payment_id"])
    payment_named(payment_id, services.journal)
    kept = services.journal.details.file(signature_id(payment_id))
    if kept is None:
        raise SignatureMissing("This payment has no signature, or none any more.")
    file, _ = kept
    return Response(file.content, media_type="image/svg+xml", headers=_HEADERS)
