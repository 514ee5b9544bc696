"""Charges: one attempt to take money, what the card told, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from simulator.stripe_api.engine.lists import TimeRange, list_parameters, page, within
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Choice,
    Clearable,
    Fields,
    Required,
    Text,
)
from simulator.stripe_api.engine.search import FieldType
from simulator.stripe_api.engine.search_pages import search_operation
from simulator.stripe_api.engine.store import Kind, Object, Sublist
from simulator.stripe_api.resources.addresses import SHIPPING, shipping
from simulator.stripe_api.resources.balance_transactions import book_charge
from simulator.stripe_api.resources.card_present import PaymentMethodDetails
from simulator.stripe_api.resources.customers import CUSTOMERS
from simulator.stripe_api.resources.payment_methods import BillingDetails


class Outcome(TypedDict):
    """What the network and the issuer made of the attempt."""

    advice_code: str | None
    network_advice_code: str | None
    network_decline_code: str | None
    network_status: str
    reason: str | None
    risk_level: str
    seller_message: str
    type: str


class Verdict(TypedDict):
    """The fields of a charge that say how the attempt went."""

    failure_code: str | None
    failure_message: str | None
    outcome: Outcome
    paid: bool
    status: str


class Unfilled(TypedDict):
    """The fields of a charge that have no meaning for a card that is present."""

    application: None
    application_fee: None
    failure_balance_transaction: None
    on_behalf_of: None
    receipt_number: None
    review: None
    source: None
    source_transfer: None
    transfer_data: None


class Charge(Verdict, Unfilled):
    """Stripe's Charge."""

    id: str
    object: str
    amount: int
    amount_captured: int
    amount_refunded: int
    application_fee_amount: int | None
    balance_transaction: str | None
    billing_details: BillingDetails
    calculated_statement_descriptor: str | None
    captured: bool
    created: int
    currency: str
    customer: str | None
    description: str | None
    disputed: bool
    fraud_details: Mapping[str, Any]
    livemode: bool
    metadata: dict[str, str]
    payment_intent: str
    payment_method: str
    payment_method_details: PaymentMethodDetails
    receipt_email: str | None
    receipt_url: str | None
    refunded: bool
    shipping: Mapping[str, Any] | None
    statement_descriptor: str | None
    statement_descriptor_suffix: str | None
    transfer_group: str | None


CHARGES = Kind[Charge](
    name="charge",
    prefix="ch",
    noun="charge",
    indexes=("payment_intent", "customer"),
    expandable={
        "application": "application",
        "application_fee": "application_fee",
        "balance_transaction": "balance_transaction",
        "customer": "customer",
        "failure_balance_transaction": "balance_transaction",
        "on_behalf_of": "account",
        "payment_intent": "payment_intent",
        "review": "review",
        "source_transfer": "transfer",
        "transfer": "transfer",
        "transfer_data.destination": "account",
    },
    sublists={
        "refunds": Sublist(of="refund", by="charge", url="/v1/charges/{id}/refunds")
    },
    shape=Charge,
)
_UPDATE = Fields(
    {
        "customer": Text(),
        "description": Clearable(Text()),
        "fraud_details": Fields(
            {"user_report": Required(Choice(("fraudulent", "safe")))}
        ),
        "metadata": Metadata(),
        "receipt_email": Clearable(Text()),
        "shipping": SHIPPING,
        "transfer_group": Text(),
    }
)
_LIST = list_parameters(
    created=TimeRange(),
    customer=Text(),
    payment_intent=Text(),
    transfer_group=Text(),
)
_CARD_DETAILS = ("brand", "exp_month", "exp_year", "fingerprint", "last4")
_SEARCHED = {
    "amount": FieldType.NUMBER,
    "billing_details.address.postal_code": FieldType.TOKEN,
    "created": FieldType.NUMBER,
    "currency": FieldType.TOKEN,
    "customer": FieldType.TOKEN,
    "disputed": FieldType.TOKEN,
    "metadata": FieldType.METADATA,
    "refunded": FieldType.TOKEN,
    "status": FieldType.TOKEN,
    **{
        f"payment_method_details.{type_}.{detail}": FieldType.TOKEN
        for type_ in ("card", "card_present", "interac_present")
        for detail in _CARD_DETAILS
    },
}
_PATH = "/v1/charges"


def capture(call: Call, charge: Charge, *, amount: int) -> Charge:
    """Take `amount` of an authorized charge, or more; it is still to be booked."""
    captured = charge.copy()
    captured["amount"] = max(amount, charge["amount"])
    captured["amount_captured"] = amount
    captured["captured"] = True
    call.store.of(CHARGES).put(captured)
    return captured


def book(call: Call, charge: Charge) -> Charge:
    """Enter what was captured in the account's balance."""
    booked = charge.copy()
    booked["balance_transaction"] = book_charge(
        call,
        charge_id=charge["id"],
        amount=charge["amount_captured"],
        currency=charge["currency"],
    )
    call.store.of(CHARGES).put(booked)
    return booked


def add_refunded(call: Call, charge: Charge, amount: int) -> Charge:
    """Count `amount` as given back; as no longer so where it is negative."""
    refunded = charge.copy()
    refunded["amount_refunded"] += amount
    refunded["refunded"] = refunded["amount_refunded"] == charge["amount"]
    call.store.of(CHARGES).put(refunded)
    return refunded


def _retrieve(call: Call) -> Charge:
    return call.find(CHARGES, "charge", param="id")


def _update(call: Call) -> Charge:
    before = call.find(CHARGES, "charge", param="id")
    charge = before.copy()
    params = call.params
    if "customer" in params:
        charge["customer"] = call.referred(CUSTOMERS, "customer")["id"]
    if "description" in params:
        charge["description"] = params["description"]
    if "fraud_details" in params:
        charge["fraud_details"] = params["fraud_details"]
    if "metadata" in params:
        charge["metadata"] = merged(charge["metadata"], params["metadata"])
    if "receipt_email" in params:
        charge["receipt_email"] = params["receipt_email"]
    if "shipping" in params:
        charge["shipping"] = shipping(params["shipping"])
    if "transfer_group" in params:
        charge["transfer_group"] = params["transfer_group"]
    call.store.of(CHARGES).put(charge)
    call.emit("charge.updated", charge, before=before)
    return charge


def _list(call: Call) -> Object:
    created = call.params.get("created")
    return page(
        call.store,
        CHARGES,
        params=call.params,
        url=_PATH,
        equal=("payment_intent", "customer", "transfer_group"),
        where=lambda charge: within(charge["created"], created),
    )


CHARGE = Resource(
    kinds=(CHARGES,),
    operations=(
        Operation("GET", _PATH, _LIST, CHARGES, _list, is_list=True),
        Operation("GET", f"{_PATH}/{{charge}}", Fields({}), CHARGES, _retrieve),
        Operation("POST", f"{_PATH}/{{charge}}", _UPDATE, CHARGES, _update),
        search_operation(_PATH, CHARGES, _SEARCHED),
    ),
)
