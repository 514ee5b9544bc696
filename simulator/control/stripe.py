"""Control of the simulated Stripe API: fault rules, logged requests and starting anew.

Routes under `/simulator`, with JSON bodies; no key is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from simulator.control.limits import limit_routes
from simulator.control.requests import request_routes
from simulator.control.state import state_routes
from simulator.control.webhooks import webhook_routes
from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.engine.faults import (
    ActiveRule,
    AnswerStatus,
    CutBody,
    Delay,
    DelayWebhook,
    DuplicateWebhook,
    Fault,
    FaultRule,
    HoldWebhook,
    LoseReply,
    ResetConnection,
    SlowBody,
    WebhookFault,
)


def stripe_routes(api: StripeApi) -> Sequence[BaseRoute]:
    """The routes that control `api`."""
    control = _Control(api)
    return [
        Route("/simulator/faults", control.list_faults, methods=["GET"]),
        Route("/simulator/faults", control.add_fault, methods=["POST"]),
        Route("/simulator/faults", control.clear_faults, methods=["DELETE"]),
        Route("/simulator/faults/{id}", control.remove_fault, methods=["DELETE"]),
        Route("/simulator/reset", control.reset, methods=["POST"]),
        *limit_routes(api),
        *request_routes(api.requests),
        *state_routes(api.state),
        *webhook_routes(api.webhooks),
    ]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _AnswerStatus(_Strict):
    kind: Literal["answer_status"]
    status: int = Field(ge=400, le=599)
    code: str | None = Field(default=None, pattern="^[a-z][a-z0-9_]*$")

    def fault(self) -> Fault:
        return AnswerStatus(self.status, self.code)


class _ResetConnection(_Strict):
    kind: Literal["reset_connection"]

    def fault(self) -> Fault:
        return ResetConnection()


class _Delay(_Strict):
    kind: Literal["delay"]
    seconds: float = Field(ge=0)

    def fault(self) -> Fault:
        return Delay(self.seconds)


class _LoseReply(_Strict):
    kind: Literal["lose_reply"]

    def fault(self) -> Fault:
        return LoseReply()


class _SlowBody(_Strict):
    kind: Literal["slow_body"]
    seconds: float = Field(ge=0)
    piece_bytes: int = Field(default=64, ge=1)

    def fault(self) -> Fault:
        return SlowBody(self.seconds, self.piece_bytes)


class _CutBody(_Strict):
    kind: Literal["cut_body"]
    after_bytes: int = Field(ge=0)

    def fault(self) -> Fault:
        return CutBody(self.after_bytes)


class _DuplicateWebhook(_Strict):
    kind: Literal["duplicate_webhook"]
    copies: int = Field(default=1, ge=1, le=100)
    seconds: float = Field(default=0, ge=0)

    def fault(self) -> WebhookFault:
        return DuplicateWebhook(self.copies, self.seconds)


class _DelayWebhook(_Strict):
    kind: Literal["delay_webhook"]
    seconds: float = Field(ge=0)

    def fault(self) -> WebhookFault:
        return DelayWebhook(self.seconds)


class _HoldWebhook(_Strict):
    kind: Literal["hold_webhook"]
    behind: int = Field(default=1, ge=1)

    def fault(self) -> WebhookFault:
        return HoldWebhook(self.behind)


_RequestFault = (
    _AnswerStatus | _ResetConnection | _Delay | _LoseReply | _SlowBody | _CutBody
)


class _NewRule(_Strict):
    """The body of `POST /simulator/faults`."""

    fault: Annotated[
        _RequestFault | _DuplicateWebhook | _DelayWebhook | _HoldWebhook,
        Field(discriminator="kind"),
    ]
    method: str = "*"
    path: str = "*"
    event: str = "*"
    times: int | None = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    probability: float = Field(default=1.0, gt=0, le=1)


class _Control:
    """The handlers, each about one route."""

    def __init__(self, api: StripeApi) -> None:
        self._api = api

    async def list_faults(self, request: Request) -> Response:
        return JSONResponse(
            {"data": [_shown(rule) for rule in self._api.faults.rules()]}
        )

    async def add_fault(self, request: Request) -> Response:
        try:
            sent = _NewRule.model_validate_json(await request.body())
        except ValidationError as error:
            return _problem(400, "fault_rule_invalid", _first_problem(error))
        rule = FaultRule(
            sent.fault.fault(),
            method=sent.method,
            path=sent.path,
            event=sent.event,
            times=sent.times,
            skip=sent.skip,
            probability=sent.probability,
        )
        return JSONResponse(_shown(self._api.faults.add(rule)), status_code=201)

    async def clear_faults(self, request: Request) -> Response:
        self._api.faults.clear()
        return Response(status_code=204)

    async def remove_fault(self, request: Request) -> Response:
        if not self._api.faults.remove(request.path_params["id"]):
            return _problem(404, "fault_rule_unknown", "There is no such fault rule.")
        return Response(status_code=204)

    async def reset(self, request: Request) -> Response:
        self._api.reset()
        return Response(status_code=204)


def _shown(active: ActiveRule) -> dict[str, Any]:
    rule = active.rule
    return {
        "id": active.id,
        "fault": {"kind": rule.fault.kind, **asdict(rule.fault)},
        "method": rule.method,
        "path": rule.path,
        "event": rule.event,
        "times": rule.times,
        "skip": rule.skip,
        "probability": rule.probability,
        "matched": active.matched,
        "struck": active.struck,
    }


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{place}: {first['msg']}"


def _problem(status: int, code: str, message: str) -> Response:
    return JSONResponse(
        {"error": {"code": code, "message": message}}, status_code=status
    )
