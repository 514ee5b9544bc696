"""Customers: whom payments and saved cards belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast

from simulator.stripe_api.engine.lists import TimeRange, list_parameters, page, within
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Anything,
    Boolean,
    Choice,
    Clearable,
    Fields,
    Integer,
    Items,
    Parameter,
    Required,
    Text,
    Values,
)
from simulator.stripe_api.engine.search import FieldType
from simulator.stripe_api.engine.search_pages import search_operation
from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.resources.addresses import (
    ADDRESS,
    CUSTOMER_SHIPPING,
    Address,
    address,
    shipping,
)
from simulator.stripe_api.resources.online_cards.methods import referred_method
from simulator.stripe_api.resources.payment_methods import (
    PAYMENT_METHODS,
    attach,
    detach,
)
from simulator.stripe_api.resources.references import NoneExist
from simulator.stripe_api.resources.test_clocks.fields import TEST_CLOCKS


class Customer(TypedDict):
    """Stripe's Customer, as far as it matters to payments."""

    id: str
    object: str
    address: Address | None
    balance: int
    created: int
    currency: str | None
    default_source: None
    delinquent: bool
    description: str | None
    discount: None
    email: str | None
    invoice_prefix: str
    invoice_settings: Mapping[str, Any]
    livemode: bool
    metadata: dict[str, str]
    name: str | None
    next_invoice_sequence: int
    phone: str | None
    preferred_locales: list[str]
    shipping: Mapping[str, Any] | None
    tax_exempt: str
    test_clock: str | None


CUSTOMERS = Kind[Customer](
    name="customer",
    prefix="cus",
    noun="customer",
    indexes=("email", "test_clock"),
    expandable={
        "default_source": "source",
        "invoice_settings.default_payment_method": "payment_method",
        "test_clock": "test_helpers.test_clock",
    },
    shape=Customer,
)

_COPIED = (
    "balance",
    "description",
    "email",
    "invoice_prefix",
    "name",
    "next_invoice_sequence",
    "phone",
    "preferred_locales",
    "tax_exempt",
)
_CUSTOM_FIELD = Fields({"name": Required(Text(40)), "value": Required(Text(140))})
_RENDERING_OPTIONS = Fields(
    {
        "amount_tax_display": Clearable(
            Choice(("exclude_tax", "include_inclusive_tax"))
        ),
        "template": Text(),
    }
)
_INVOICE_SETTINGS = Fields(
    {
        "custom_fields": Clearable(Items(_CUSTOM_FIELD, maximum=4)),
        "default_payment_method": Clearable(Text()),
        "footer": Clearable(Text()),
        "rendering_options": Clearable(_RENDERING_OPTIONS),
    }
)
_CHANGE: Mapping[str, Parameter] = {
    "address": Clearable(ADDRESS),
    "balance": Integer(),
    "business_name": Clearable(Text(150)),
    "cash_balance": Anything(),
    "description": Clearable(Text()),
    "email": Clearable(Text(800)),
    "individual_name": Clearable(Text(150)),
    "invoice_prefix": Text(12),
    "invoice_settings": _INVOICE_SETTINGS,
    "metadata": Metadata(),
    "name": Clearable(Text(256)),
    "next_invoice_sequence": Integer(minimum=1),
    "phone": Clearable(Text(50)),
    "preferred_locales": Items(Text()),
    "shipping": Clearable(CUSTOMER_SHIPPING),
    "source": NoneExist("token"),
    "tax": Anything(),
    "tax_exempt": Choice(("exempt", "none", "reverse")),
    "validate": Boolean(),
}
_CREATE = Fields(
    {
        **_CHANGE,
        "payment_method": Text(),
        "tax_id_data": Anything(),
        "test_clock": Text(),
    }
)
_UPDATE = Fields({**_CHANGE, "default_source": NoneExist("source")})
_LIST = list_parameters(created=TimeRange(), email=Text(), test_clock=Text())
_SEARCHED = {
    "created": FieldType.NUMBER,
    "email": FieldType.TEXT,
    "metadata": FieldType.METADATA,
    "name": FieldType.TEXT,
    "phone": FieldType.TEXT,
}
_PATH = "/v1/customers"


def _create(call: Call) -> Customer:
    customer = _changed(call, _blank(call))
    call.emit("customer.created", customer)
    if "payment_method" in call.params:
        method = referred_method(call, "payment_method")
        attach(call, method, customer_id=customer["id"])
    return customer


def _retrieve(call: Call) -> Object:
    return call.found_or_deleted(CUSTOMERS, "customer", param="id")


def _update(call: Call) -> Customer:
    before = call.find(CUSTOMERS, "customer", param="id")
    customer = _changed(call, before)
    call.emit("customer.updated", customer, before=before)
    return customer


def _delete(call: Call) -> Object:
    return delete_customer(call, call.find(CUSTOMERS, "customer", param="id"))


def delete_customer(call: Call, customer: Customer) -> Object:
    """Take a customer away for good, with the saved cards; returns what is left."""
    for method in call.store.of(PAYMENT_METHODS).having("customer", customer["id"]):
        detach(call, method)
    tombstone = {"id": customer["id"], "object": customer["object"], "deleted": True}
    call.store.of(CUSTOMERS).delete(customer["id"], tombstone=tombstone)
    call.emit("customer.deleted", customer)
    return tombstone


def _list(call: Call) -> Object:
    created = call.params.get("created")
    return page(
        call.store,
        CUSTOMERS,
        params=call.params,
        url=_PATH,
        equal=("email", "test_clock"),
        where=lambda customer: within(customer["created"], created),
    )


def _changed(call: Call, before: Customer) -> Customer:
    """Store the customer with the parameters applied."""
    params = call.params
    fields: Values = {**before}
    for name in _COPIED:
        if name in params:
            fields[name] = params[name]
    if "address" in params:
        fields["address"] = params["address"] and address(params["address"])
    if "shipping" in params:
        fields["shipping"] = params["shipping"] and shipping(params["shipping"])
    if "metadata" in params:
        fields["metadata"] = merged(before["metadata"], params["metadata"])
    if "invoice_settings" in params:
        sent = params["invoice_settings"]
        fields["invoice_settings"] = {
            **before["invoice_settings"],
            **sent,
            **_rendering_options(sent),
        }
    customer = cast("Customer", fields)
    call.store.of(CUSTOMERS).put(customer)
    return customer


def _rendering_options(sent: Values) -> Values:
    """The rendering options where they were sent; parts left out are null."""
    options = sent.get("rendering_options")
    if options is None:
        return {}
    names = ("amount_tax_display", "template")
    return {"rendering_options": {name: options.get(name) for name in names}}


def _blank(call: Call) -> Customer:
    clock = None
    if "test_clock" in call.params:
        clock = call.referred(TEST_CLOCKS, "test_clock")["id"]
    return {
        "id": call.ids.new("cus", length=14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": call.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": call.ids.text(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": call.livemode,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": clock,
    }


CUSTOMER = Resource(
    kinds=(CUSTOMERS,),
    operations=(
        Operation("POST", _PATH, _CREATE, CUSTOMERS, _create),
        Operation("GET", _PATH, _LIST, CUSTOMERS, _list, is_list=True),
        Operation("GET", f"{_PATH}/{{customer}}", Fields({}), CUSTOMERS, _retrieve),
        Operation("POST", f"{_PATH}/{{customer}}", _UPDATE, CUSTOMERS, _update),
        Operation("DELETE", f"{_PATH}/{{customer}}", Fields({}), CUSTOMERS, _delete),
        search_operation(_PATH, CUSTOMERS, _SEARCHED),
    ),
)
