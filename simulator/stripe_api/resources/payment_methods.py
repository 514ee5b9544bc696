"""Payment methods: the card_present ones that a read card leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from simulator.emv.authorization import PresentedCard
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import Fields
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


class PaymentMethod(TypedDict):
    """Stripe's PaymentMethod."""

    id: str
    object: str
    allow_redisplay: str
    billing_details: BillingDetails
    card_present: NotRequired[CardPresent]
    created: int
    customer: str | None
    customer_account: str | None
    livemode: bool
    metadata: dict[str, str]
    type: str


PAYMENT_METHODS = Kind[PaymentMethod](
    name="payment_method",
    prefix="pm",
    noun="PaymentMethod",
    indexes=("customer",),
    expandable={"customer": "customer"},
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


def add_card_present(
    call: Call, card: PresentedCard, *, read_method: str
) -> PaymentMethod:
    """Store the payment method of a card that a reader has just read."""
    method: PaymentMethod = {
        "id": call.new_id(PAYMENT_METHODS),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": no_billing_details(),
        "card_present": {
            "brand": card.brand,
            "brand_product": None,
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
            "offline": None,
            "preferred_locales": [],
            "read_method": read_method,
        },
        "created": call.now,
        "customer": None,
        "customer_account": None,
        "livemode": call.livemode,
        "metadata": {},
        "type": "card_present",
    }
    call.store.of(PAYMENT_METHODS).put(method)
    return method


def _retrieve(call: Call) -> PaymentMethod:
    return call.find(PAYMENT_METHODS, "payment_method")


PAYMENT_METHOD = Resource(
    kinds=(PAYMENT_METHODS,),
    operations=(
        Operation(
            "GET",
            "/v1/payment_methods/{payment_method}",
            Fields({}),
            PAYMENT_METHODS,
            _retrieve,
        ),
    ),
)
