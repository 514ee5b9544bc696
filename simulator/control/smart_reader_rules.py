"""Control of the smart readers' automation rules: add, list, remove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from simulator.cards.book import CardBook
from simulator.control.json_api import Body, listing, read_body, route
from simulator.control.smart_reader_deeds import AnyDeedBody, deed_of
from simulator.stripe_api.at_the_reader.rules import (
    ActiveRule,
    Condition,
    Rule,
    SmartRules,
)
from simulator.stripe_api.smart_readers.phases import Phase

SMART_RULES = "/simulator/smart_rules"


def smart_rule_routes(rules: SmartRules, cards: CardBook) -> Sequence[BaseRoute]:
    """The routes of all rules."""
    control = _Control(rules, cards)
    return [
        route("GET", SMART_RULES, control.list_rules),
        route("POST", SMART_RULES, control.add),
        route("DELETE", SMART_RULES, control.clear),
        route("DELETE", SMART_RULES + "/{id}", control.remove),
    ]


class ConditionBody(Body):
    """The screen that is waited for."""

    reader: str | None = None
    text: str | None = Field(default=None, min_length=1)
    phase: Phase | None = Field(default=None, strict=False)


class RuleBody(Body):
    """The body of `POST /simulator/smart_rules`."""

    when: ConditionBody
    then: list[AnyDeedBody]
    after_s: float = Field(default=0.0, ge=0, le=3600)
    times: int | None = Field(default=1, ge=1, le=1000)


class _Control:
    """The handlers, each about one route."""

    def __init__(self, rules: SmartRules, cards: CardBook) -> None:
        self._rules = rules
        self._cards = cards
        self._bodies: dict[str, RuleBody] = {}

    async def list_rules(self, request: Request) -> Response:
        return listing([self._shown(active) for active in self._rules])

    async def add(self, request: Request) -> Response:
        sent = await read_body(request, RuleBody)
        rule = Rule(
            when=Condition(**sent.when.model_dump()),
            then=tuple(deed_of(deed, self._cards) for deed in sent.then),
            after_s=sent.after_s,
            times=sent.times,
        )
        active = self._rules.add(rule)
        self._bodies[active.id] = sent
        return JSONResponse(self._shown(active), status_code=201)

    async def clear(self, request: Request) -> Response:
        self._rules.clear()
        self._bodies.clear()
        return Response(status_code=204)

    async def remove(self, request: Request) -> Response:
        self._rules.remove(request.path_params["id"])
        del self._bodies[request.path_params["id"]]
        return Response(status_code=204)

    def _shown(self, active: ActiveRule) -> dict[str, Any]:
        return {
            "id": active.id,
            **self._bodies[active.id].model_dump(mode="json"),
            "fired": active.fired,
            "failures": active.failures,
        }
