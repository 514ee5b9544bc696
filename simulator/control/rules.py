"""Control of the automation rules: add, list, remove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from simulator.cards.book import CardBook
from simulator.control.actions import AnyActionBody, action_of, body_of
from simulator.control.json_api import Body, listing, read_body, route
from simulator.reader.rules import ActiveRule, Condition, Rule, Rules
from simulator.reader.screen import ReaderState

RULES = "/simulator/rules"


def rule_routes(rules: Rules, cards: CardBook) -> Sequence[BaseRoute]:
    """The routes of all rules."""
    control = _Control(rules, cards)
    return [
        route("GET", RULES, control.list_rules),
        route("POST", RULES, control.add),
        route("DELETE", RULES, control.clear),
        route("DELETE", RULES + "/{id}", control.remove),
    ]


class ConditionBody(Body):
    """The screen that is waited for."""

    reader: str | None = None
    text: str | None = Field(default=None, min_length=1)
    state: ReaderState | None = Field(default=None, strict=False)


class RuleBody(Body):
    """The body of `POST /simulator/rules`."""

    when: ConditionBody
    then: list[AnyActionBody]
    after_s: float = Field(default=0.0, ge=0, le=3600)
    times: int | None = Field(default=1, ge=1, le=1000)


class _Control:
    """The handlers, each about one route."""

    def __init__(self, rules: Rules, cards: CardBook) -> None:
        self._rules = rules
        self._cards = cards

    async def list_rules(self, request: Request) -> Response:
        return listing([_shown(active) for active in self._rules])

    async def add(self, request: Request) -> Response:
        sent = await read_body(request, RuleBody)
        rule = Rule(
            when=Condition(**sent.when.model_dump()),
            then=tuple(action_of(action, self._cards) for action in sent.then),
            after_s=sent.after_s,
            times=sent.times,
        )
        return JSONResponse(_shown(self._rules.add(rule)), status_code=201)

    async def clear(self, request: Request) -> Response:
        self._rules.clear()
        return Response(status_code=204)

    async def remove(self, request: Request) -> Response:
        self._rules.remove(request.path_params["id"])
        return Response(status_code=204)


def _shown(active: ActiveRule) -> dict[str, Any]:
    rule = active.rule
    return {
        "id": active.id,
        "when": {
            "reader": rule.when.reader,
            "text": rule.when.text,
            "state": rule.when.state,
        },
        "then": [body_of(action).model_dump(mode="json") for action in rule.then],
        "after_s": rule.after_s,
        "times": rule.times,
        "fired": active.fired,
        "failures": active.failures,
    }
