"""Control of webhooks: what was delivered, and whether all of it was."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from simulator.stripe_api.webhooks.deliveries import Deliveries
from simulator.stripe_api.webhooks.log import Attempt

_FIELDS = ("endpoint", "event", "type")


def webhook_routes(webhooks: Deliveries) -> Sequence[BaseRoute]:
    """One route, which lists attempts to deliver."""

    async def list_attempts(request: Request) -> Response:
        query = request.query_params
        if query.get("settled") == "true":
            await webhooks.settled()

        def wanted(attempt: Attempt) -> bool:
            delivered = str(attempt.is_delivered).lower()
            return query.get("delivered") in (None, delivered) and all(
                query.get(name) in (None, getattr(attempt, name)) for name in _FIELDS
            )

        found = [attempt.shown() for attempt in webhooks.log.find(wanted)]
        return JSONResponse({"data": found})

    return [Route("/simulator/webhooks", list_attempts, methods=["GET"])]
