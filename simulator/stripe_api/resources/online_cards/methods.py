"""Payment methods of typed-in cards, made on their own or along with a payment."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.stripe_api.engine.errors import (
    ParameterInvalid,
    ParameterMissing,
    ResourceMissing,
)
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Anything,
    Choice,
    Fields,
    Parameter,
    Required,
    Values,
)
from simulator.stripe_api.resources.billing import BILLING_DETAILS, billed
from simulator.stripe_api.resources.online_cards.published_cards import (
    METHOD_PREFIX,
    card_of_test_id,
)
from simulator.stripe_api.resources.online_cards.tokens import use_token
from simulator.stripe_api.resources.online_cards.typed_card import (
    CARD,
    TypedCard,
    card_of_test_ids,
    read_card,
    shown_in_method,
)
from simulator.stripe_api.resources.payment_method_types import (
    OPTION_NAMES,
    PaymentMethodType,
)
from simulator.stripe_api.resources.payment_methods import (
    PAYMENT_METHODS,
    PaymentMethod,
    blank_payment_method,
)
from simulator.stripe_api.resources.references import NoneExist

_DESCRIPTION: Mapping[str, Parameter] = {
    **{name: Anything() for name in OPTION_NAMES if name != "card_present"},
    "allow_redisplay": Choice(("always", "limited", "unspecified")),
    "billing_details": BILLING_DETAILS,
    "card": CARD,
    "metadata": Metadata(),
    "radar_options": Anything(),
}
METHOD_DATA = Fields({**_DESCRIPTION, "type": Required(PaymentMethodType())})
"""A payment method that is described along with what it is for."""

_CREATE = Fields(
    {
        **_DESCRIPTION,
        "custom": Anything(),
        "customer": NoneExist("customer"),
        "payment_method": NoneExist("PaymentMethod"),
        "type": PaymentMethodType(),
    }
)
_PATH = "/v1/payment_methods"


def named_method(call: Call, name: str) -> PaymentMethod:
    """The payment method the path names, a new one for a test id; may raise 404."""
    made = _of_test_id(call, call.names[name])
    return made or call.find(PAYMENT_METHODS, name)


def referred_method(call: Call, param: str) -> PaymentMethod:
    """The payment method a parameter names, a new one for a test id; may raise 400."""
    made = _of_test_id(call, call.params[param])
    return made or call.referred(PAYMENT_METHODS, param)


def method_of_data(call: Call, data: Values, *, name: str = "") -> PaymentMethod:
    """A new payment method of a card as sent; raises CardError, InvalidRequest.

    `name` is what the parameters are within, such as `payment_method_data`.
    """
    prefix = f"{name}[card]" if name else "card"
    if "type" not in data:
        raise ParameterMissing("type")
    if data["type"] != "card":
        raise ParameterInvalid(
            "This simulator makes payment methods of type card only; others come from "
            "readers.",
            param=f"{name}[type]" if name else "type",
        )
    if "card" not in data:
        raise ParameterMissing(prefix)
    card: Values = data["card"]
    if "token" in card:
        typed = use_token(call, card["token"], param=f"{prefix}[token]")
    else:
        typed = read_card(call, card, name=prefix)
    return _added(call, typed, data)


def _of_test_id(call: Call, method_id: str) -> PaymentMethod | None:
    card = card_of_test_id(method_id, METHOD_PREFIX)
    if card is None:
        return None
    if call.livemode:
        raise ResourceMissing(
            PAYMENT_METHODS.noun, method_id, param="payment_method", status=400
        )
    return _added(call, card_of_test_ids(card, now=call.now), {})


def _added(call: Call, typed: TypedCard, data: Values) -> PaymentMethod:
    method = blank_payment_method(call, "card")
    method["card"] = shown_in_method(typed)
    method["billing_details"] = billed(
        method["billing_details"], data.get("billing_details", {})
    )
    if "allow_redisplay" in data:
        method["allow_redisplay"] = data["allow_redisplay"]
    if "metadata" in data:
        method["metadata"] = merged({}, data["metadata"])
    call.store.of(PAYMENT_METHODS).put(method)
    return method


def _create(call: Call) -> PaymentMethod:
    return method_of_data(call, call.params)


def _retrieve(call: Call) -> PaymentMethod:
    return named_method(call, "payment_method")


PAYMENT_METHOD = Resource(
    kinds=(PAYMENT_METHODS,),
    operations=(
        Operation("POST", _PATH, _CREATE, PAYMENT_METHODS, _create),
        Operation(
            "GET",
            f"{_PATH}/{{payment_method}}",
            Fields({}),
            PAYMENT_METHODS,
            _retrieve,
        ),
    ),
)
