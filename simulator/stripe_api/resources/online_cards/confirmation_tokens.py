"""ConfirmationTokens: what a checkout page collected, to confirm one intent with."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterMissing
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Choice,
    Fields,
    Integer,
    Required,
    Text,
    Values,
)
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.addresses import CUSTOMER_SHIPPING, address
from simulator.stripe_api.resources.online_cards.methods import (
    METHOD_DATA,
    method_of_data,
    referred_method,
)
from simulator.stripe_api.resources.payment_methods import (
    PAYMENT_METHODS,
    PaymentMethod,
)

VALID_FOR_S = 12 * 60 * 60

_PARAM = "confirmation_token"
_NOT_IN_PREVIEW = ("id", "object", "created", "livemode", "metadata")


class ConfirmationToken(TypedDict):
    """Stripe's ConfirmationToken."""

    id: str
    object: str
    created: int
    expires_at: int | None
    livemode: bool
    mandate_data: None
    payment_intent: str | None
    payment_method_options: Values | None
    payment_method_preview: Values
    return_url: str | None
    setup_future_usage: NotRequired[str]
    setup_intent: str | None
    shipping: Values | None
    use_stripe_sdk: bool


class CollectedMethod(TypedDict):
    """The payment method a token stands for, under the token's id."""

    id: str
    payment_method: str


CONFIRMATION_TOKENS = Kind[ConfirmationToken](
    name="confirmation_token",
    prefix="ctoken",
    noun="confirmation_token",
    shape=ConfirmationToken,
)
COLLECTED_METHODS = Kind[CollectedMethod](
    name="simulator.collected_method", prefix="ctoken", noun="collected method"
)

_PLAN = Fields(
    {
        "count": Integer(minimum=1),
        "interval": Choice(("month",)),
        "type": Required(Choice(("bonus", "fixed_count", "revolving"))),
    }
)
_CARD_OPTIONS = Fields({"installments": Fields({"plan": Required(_PLAN)})})
_CREATE = Fields(
    {
        "payment_method": Text(),
        "payment_method_data": METHOD_DATA,
        "payment_method_options": Fields({"card": _CARD_OPTIONS}),
        "return_url": Text(),
        "setup_future_usage": Choice(("off_session", "on_session")),
        "shipping": CUSTOMER_SHIPPING,
    }
)


def use_confirmation_token(
    call: Call, intent_kind: Literal["payment_intent", "setup_intent"], intent_id: str
) -> tuple[ConfirmationToken, PaymentMethod]:
    """The token that was sent, now used for this intent, and its payment method.

    Raises InvalidRequest for one that is unknown, expired, or used for another.
    """
    token = call.referred(CONFIRMATION_TOKENS, _PARAM)
    collected = call.store.of(COLLECTED_METHODS).get(token["id"])
    method = collected and call.store.of(PAYMENT_METHODS).get(
        collected["payment_method"]
    )
    expires_at = token["expires_at"]
    if not method or (expires_at is not None and expires_at <= call.now):
        raise InvalidRequest("This ConfirmationToken has expired.", param=_PARAM)
    if {token["payment_intent"], token["setup_intent"]} - {None, intent_id}:
        raise InvalidRequest(
            "This ConfirmationToken has already been used to confirm another intent.",
            param=_PARAM,
        )
    used = token.copy()
    used[intent_kind] = intent_id
    used["expires_at"] = None
    call.store.of(CONFIRMATION_TOKENS).put(used)
    return used, method


def _options(sent: Values) -> Values | None:
    """The options as Stripe shows them; parts left out are null."""
    options = sent.get("payment_method_options")
    if not options:
        return None
    installments = options["card"].get("installments")
    if installments is not None:
        plan = installments["plan"]
        names = ("count", "interval", "type")
        installments = {"plan": {name: plan.get(name) for name in names}}
    return {"card": {"cvc_token": None, "installments": installments}}


def _create(call: Call) -> ConfirmationToken:
    params = call.params
    method = _method(call)
    token: ConfirmationToken = {
        "id": call.new_id(CONFIRMATION_TOKENS),
        "object": "confirmation_token",
        "created": call.now,
        "expires_at": call.now + VALID_FOR_S,
        "livemode": call.livemode,
        "mandate_data": None,
        "payment_intent": None,
        "payment_method_options": _options(params),
        "payment_method_preview": _preview(method),
        "return_url": params.get("return_url"),
        "setup_intent": None,
        "shipping": _shipping(params["shipping"]) if "shipping" in params else None,
        "use_stripe_sdk": True,
    }
    if "setup_future_usage" in params:
        token["setup_future_usage"] = params["setup_future_usage"]
    call.store.of(CONFIRMATION_TOKENS).put(token)
    call.store.of(COLLECTED_METHODS).put(
        {"id": token["id"], "payment_method": method["id"]}
    )
    return token


def _method(call: Call) -> PaymentMethod:
    if "payment_method" in call.params:
        return referred_method(call, "payment_method")
    if "payment_method_data" in call.params:
        data: Values = call.params["payment_method_data"]
        return method_of_data(call, data, name="payment_method_data")
    raise ParameterMissing("payment_method_data")


def _shipping(sent: Values) -> Values:
    return {
        "address": address(sent["address"]),
        "name": sent["name"],
        "phone": sent.get("phone"),
    }


def _preview(method: PaymentMethod) -> Values:
    fields: dict[str, Any] = {**method}
    return {k: v for k, v in fields.items() if k not in _NOT_IN_PREVIEW}


def _retrieve(call: Call) -> ConfirmationToken:
    return call.find(CONFIRMATION_TOKENS, "confirmation_token")


CONFIRMATION_TOKEN = Resource(
    kinds=(CONFIRMATION_TOKENS, COLLECTED_METHODS),
    operations=(
        Operation(
            "POST",
            "/v1/test_helpers/confirmation_tokens",
            _CREATE,
            CONFIRMATION_TOKENS,
            _create,
        ),
        Operation(
            "GET",
            "/v1/confirmation_tokens/{confirmation_token}",
            Fields({}),
            CONFIRMATION_TOKENS,
            _retrieve,
        ),
    ),
)
