"""The list of virtual cards; a number is never told, only its last four digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from simulator.cards.book import CardBook
from simulator.cards.card import Card
from simulator.control.json_api import listing, route

CARDS = "/simulator/cards"


def card_routes(cards: CardBook) -> Sequence[BaseRoute]:
    """The route that lists `cards`."""

    async def list_cards(request: Request) -> Response:
        return listing([_shown(card) for card in cards])

    return [route("GET", CARDS, list_cards)]


def _shown(card: Card) -> dict[str, Any]:
    account = card.account
    return {
        "name": card.name,
        "about": card.about,
        "brand": account.brand,
        "funding": account.funding,
        "country": account.country,
        "last4": account.last4,
        "exp_month": account.exp_month,
        "exp_year": account.exp_year,
        "entries": sorted(card.entries),
        "behaviour": card.behaviour,
        "verification": card.verification,
        "decision": account.decision,
    }
