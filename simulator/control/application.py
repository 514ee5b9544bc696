"""All control routes as one application: everything that is not Stripe's."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.cards.book import CardBook
from simulator.clock import AdjustableClock
from simulator.control.cards import card_routes
from simulator.control.clock import clock_routes
from simulator.control.health import health_routes
from simulator.control.json_api import problem
from simulator.control.readers import reader_routes
from simulator.control.rules import rule_routes
from simulator.control.smart_reader_rules import smart_rule_routes
from simulator.control.smart_readers import smart_reader_routes
from simulator.control.stripe import stripe_routes
from simulator.errors import RouteUnknown
from simulator.reader.readers import Readers
from simulator.reader.rules import Rules
from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.at_the_reader.rules import SmartRules
from simulator.stripe_api.at_the_reader.smart_readers import SmartReaders


def control_application(
    *,
    clock: AdjustableClock,
    stripe_api: StripeApi,
    readers: Readers,
    rules: Rules,
    cards: CardBook,
) -> ASGIApp:
    """The routes under `/simulator`; any other path is refused."""
    return Router(
        routes=[
            *health_routes(readers),
            *reader_routes(readers, cards),
            *rule_routes(rules, cards),
            *card_routes(cards),
            *smart_reader_routes(SmartReaders(stripe_api), cards),
            *smart_rule_routes(SmartRules(stripe_api), cards),
            *clock_routes(clock, settled=stripe_api.webhooks.settled),
            *stripe_routes(stripe_api),
        ],
        redirect_slashes=False,
        default=_refuse,
    )


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    unknown = RouteUnknown(f"there is no {request.method} {request.url.path}")
    answer: Response = problem(unknown)
    await answer(scope, receive, send)
