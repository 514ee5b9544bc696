"""Payment methods: those that a card leaves behind when a reader has read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from simulator.emv.authorization import PresentedCard
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.addresses import Address, address


class BillingDetails(TypedDict):
    """Who pays, as far as anyone said."""

    address: Address
    email: str | None
    name: str | None
    phone: str | None
    tax_id: str | None


class Networks(TypedDict):
    """The networks the card can use."""

    available: list[str]
    preferred: str | None


class CardPresent(TypedDict):
    """The card of a card_present payment method."""

    brand: str
    brand_product: str | None
    cardholder_name: str | None
    country: str | None
    description: str | None
    exp_month: int
    exp_year: int
    fingerprint: str
    funding: str
    iin: str | None
    issuer: str | None
    last4: str
    networks: Networks
    offline: Mapping[str, object] | None
    preferred_locales: list[str]
    read_method: str


class InteracPresent(TypedDict):
    """The card of an interac_present payment method."""

    brand: str
    cardholder_name: str | None
    country: str | None
    description: str | None
    exp_month: int
    exp_year: int
    fingerprint: str
    funding: str
    iin: str | None
    issuer: str | None
    last4: str
    networks: Networks
    preferred_locales: list[str]
    read_method: str


class PaymentMethod(TypedDict):
    """Stripe's PaymentMethod."""

    id: str
    object: str
    allow_redisplay: str
    billing_details: BillingDetails
    card: NotRequired[Mapping[str, Any]]
    card_present: NotRequired[CardPresent]
    created: int
    customer: str | None
    customer_account: str | None
    interac_present: NotRequired[InteracPresent]
    livemode: bool
    metadata: dict[str, str]
    type: str


PAYMENT_METHODS = Kind[PaymentMethod](
    name="payment_method",
    prefix="pm",
    noun="PaymentMethod",
    indexes=("customer",),
    expandable={"customer": "customer"},
    shape=PaymentMethod,
)


def no_billing_details() -> BillingDetails:
    """Details of which nothing is known, as for a card read by a terminal."""
    return {
        "address": address({}),
        "email": None,
        "name": None,
        "phone": None,
        "tax_id": None,
    }


def add_presented_card(
    call: Call,
    card: PresentedCard,
    *,
    type_: str,
    read_method: str,
    offline: Mapping[str, object] | None = None,
) -> PaymentMethod:
    """Store the payment method of a card that a reader has read.

    `type_` is `card_present` or `interac_present`; `offline` says when it was stored,
    where that was without network.
    """
    method = blank_payment_method(call, type_)
    if type_ == "interac_present":
        method["interac_present"] = _interac_present(card, read_method)
    else:
        method["card_present"] = _card_present(card, read_method, offline=offline)
    call.store.of(PAYMENT_METHODS).put(method)
    return method


def blank_payment_method(call: Call, type_: str) -> PaymentMethod:
    """A payment method, not yet stored, that says nothing of itself but its type."""
    return {
        "id": call.new_id(PAYMENT_METHODS),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": no_billing_details(),
        "created": call.now,
        "customer": None,
        "customer_account": None,
        "livemode": call.livemode,
        "metadata": {},
        "type": type_,
    }


def attach(call: Call, method: PaymentMethod, *, customer_id: str) -> PaymentMethod:
    """Give a payment method to a customer; raises InvalidRequest where it has one.

    A card that was present serves one payment only: its generated card is attached.
    """
    if method["type"] in ("card_present", "interac_present"):
        raise InvalidRequest(
            f"PaymentMethods of type {method['type']} cannot be attached to a customer.",
            code="payment_method_unexpected_state",
        )
    if method["customer"] is not None:
        raise InvalidRequest(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    attached = method.copy()
    attached["customer"] = customer_id
    call.store.of(PAYMENT_METHODS).put(attached)
    call.emit("payment_method.attached", attached)
    return attached


def detach(call: Call, method: PaymentMethod) -> PaymentMethod:
    """Take a payment method from its customer."""
    detached = method.copy()
    detached["customer"] = None
    call.store.of(PAYMENT_METHODS).put(detached)
    call.emit("payment_method.detached", detached, before=method)
    return detached


def _card_present(
    card: PresentedCard, read_method: str, *, offline: Mapping[str, object] | None
) -> CardPresent:
    return {
        **_interac_present(card, read_method),
        "brand_product": None,
        "offline": offline,
    }


def _interac_present(card: PresentedCard, read_method: str) -> InteracPresent:
    return {
        "brand": card.brand,
        "cardholder_name": card.cardholder_name,
        "country": card.country,
        "description": card.description,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "iin": card.iin,
        "issuer": card.issuer,
        "last4": card.last4,
        "networks": {"available": [card.network], "preferred": None},
        "preferred_locales": [],
        "read_method": read_method,
    }
