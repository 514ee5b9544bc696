"""By what an intent is to be paid or set up: what a request may say about that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.parameters import Values
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.card_reads import CardRead, local_card_read
from simulator.stripe_api.resources.online_cards.methods import (
    method_of_data,
    referred_method,
)
from simulator.stripe_api.resources.payment_methods import (
    PAYMENT_METHODS,
    PaymentMethod,
)

Means = CardRead | PaymentMethod
"""What a reader read, or a payment method of a card that was typed in."""

_DATA = "payment_method_data"
_EXCLUSIVE = ("confirmation_token", "payment_method", _DATA)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one intent takes."""

    noun: str
    """`PaymentIntent` or `SetupIntent`."""
    types: Sequence[str]
    """Of payment methods."""
    customer: str | None
    code: str
    """The error's code where a payment method is of another type."""


class Use(TypedDict):
    """That a payment method without a customer has served, under its id."""

    id: str


_USES = Kind[Use](
    name="simulator.used_payment_method", prefix="pm", noun="used PaymentMethod"
)


def sent_means(call: Call, wanted: Wanted) -> Means | None:
    """What the request itself says; raises InvalidRequest where it is of no use."""
    sent = [name for name in _EXCLUSIVE if name in call.params]
    if len(sent) > 1:
        raise ParameterInvalid(
            f"You may only specify one of these parameters: {', '.join(sent)}.",
            code="parameters_exclusive",
        )
    if _DATA in call.params:
        data: Values = call.params[_DATA]
        if data["type"] == "card" and "card" in wanted.types:
            return method_of_data(call, data, name=_DATA)
        return local_card_read(
            data, allowed=wanted.types, intent=wanted.noun, code=wanted.code
        )
    if "payment_method" in call.params:
        return _typed_in(referred_method(call, "payment_method"))
    return None


def chosen_method(call: Call, wanted: Wanted) -> PaymentMethod | None:
    """The payment method that was sent to be confirmed later, if any."""
    if call.params.get(_DATA, {"type": "card"})["type"] != "card":
        raise ParameterInvalid(
            "This simulator takes payment_method_data of readers only when confirming.",
            param=_DATA,
        )
    means = sent_means(call, wanted)
    if means is None or isinstance(means, CardRead):
        return None
    check_usable(call, means, wanted)
    return means


def kept_method(call: Call, method_id: str | None) -> PaymentMethod | None:
    """The payment method an intent was given before."""
    method = call.store.of(PAYMENT_METHODS).get(method_id or "")
    return None if method is None else _typed_in(method)


def check_usable(call: Call, method: PaymentMethod, wanted: Wanted) -> None:
    """Raise InvalidRequest where a payment method does not fit the intent."""
    if method["type"] not in wanted.types:
        raise InvalidRequest(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this "
            f"{wanted.noun}. Please attach a payment method of one of the following "
            f"types: {', '.join(wanted.types)}.",
            param="payment_method",
            code=wanted.code,
        )
    owner = method["customer"]
    if owner is None and call.store.of(_USES).get(method["id"]) is not None:
        raise _used_before()
    if owner is not None and owner != wanted.customer:
        raise InvalidRequest(
            "The customer does not have a payment method with the ID "
            f"{method['id']}. The payment method must be attached to the customer.",
            param="payment_method",
            code="resource_missing" if wanted.customer is not None else None,
        )


def check_redirects(
    automatic: Mapping[str, Any] | None, params: Mapping[str, Any]
) -> None:
    """Raise InvalidRequest where the customer might be sent away and not come back."""
    if (
        automatic is not None
        and automatic["allow_redirects"] == "always"
        and "return_url" not in params
        and "confirmation_token" not in params
    ):
        raise InvalidRequest(
            "This PaymentIntent is configured to accept payment methods enabled in "
            "your Dashboard. Because some of these payment methods might redirect your "
            "customer off of your page, you must provide a `return_url`. If you don't "
            "want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to `true` and "
            "`automatic_payment_methods[allow_redirects]` to `never` when creating "
            "Setup Intents and Payment Intents."
        )


def consume(call: Call, method: PaymentMethod) -> None:
    """Let a payment method that belongs to nobody have served."""
    call.store.of(_USES).put({"id": method["id"]})


def _typed_in(method: PaymentMethod) -> PaymentMethod:
    # A card that was present serves the one payment that it was read for.
    if method["type"] != "card":
        raise _used_before()
    return method


def _used_before() -> InvalidRequest:
    return InvalidRequest(
        "The provided PaymentMethod was previously used with a PaymentIntent without "
        "Customer attachment, shared with a connected account without Customer "
        "attachment, or was detached from a Customer. It may not be used again. To use "
        "a PaymentMethod multiple times, you must attach it to a Customer first.",
        param="payment_method",
    )
