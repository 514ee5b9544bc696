"""The routes of payments without network, with the scopes they ask for."""

from __future__ import annotations

from starlette.routing import Route

from agent.offline.intents import PREFIX
from agent.rest.auth import KeyScope
from agent.rest.forwarding import MANAGE, TAKE, TAKE_OR_REFUND
from agent.rest.guard import keyed_route
from agent.rest.offline import change_offline, show_offline
from agent.rest.offline_intents import create_payment_intent, local_payment_intent
from agent.rest.offline_names import create_refund, list_by_intent

INTENTS = "/v1/payment_intents"
LOCAL_INTENT = INTENTS + "/" + PREFIX + "{rest:path}"
STORE = "/agent/offline"
CHARGES, REFUNDS = "/v1/charges", "/v1/refunds"
REFUND = frozenset({KeyScope.REFUNDS})


def offline_routes() -> list[Route]:
    """Before those that are passed on to Stripe: these may have to do without it."""
    return [
        keyed_route("POST", INTENTS, create_payment_intent, any_of=TAKE),
        keyed_route("GET", LOCAL_INTENT, local_payment_intent, any_of=TAKE_OR_REFUND),
        keyed_route("POST", LOCAL_INTENT, local_payment_intent, any_of=TAKE),
        keyed_route("POST", REFUNDS, create_refund, any_of=REFUND),
        keyed_route("GET", REFUNDS, list_by_intent, any_of=TAKE_OR_REFUND),
        keyed_route("GET", CHARGES, list_by_intent, any_of=TAKE_OR_REFUND),
        keyed_route("GET", STORE, show_offline, any_of=TAKE | MANAGE),
        keyed_route("POST", STORE, change_offline, any_of=MANAGE),
    ]
