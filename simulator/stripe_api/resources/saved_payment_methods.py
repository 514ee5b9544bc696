"""Payment methods of customers: listing, changing, attaching and detaching them."""

from __future__ import annotations

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.lists import list_parameters, page
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Anything,
    Choice,
    Fields,
    Required,
    Text,
    Values,
)
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.resources.billing import BILLING_DETAILS, billed
from simulator.stripe_api.resources.customers import CUSTOMERS
from simulator.stripe_api.resources.online_cards.methods import named_method
from simulator.stripe_api.resources.payment_method_types import PaymentMethodType
from simulator.stripe_api.resources.payment_methods import (
    PAYMENT_METHODS,
    PaymentMethod,
    attach,
    detach,
)
from simulator.stripe_api.resources.references import NoneExist

_ALLOW_REDISPLAY = Choice(("always", "limited", "unspecified"))
_UPDATE = Fields(
    {
        "allow_redisplay": _ALLOW_REDISPLAY,
        "billing_details": BILLING_DETAILS,
        "card": Anything(),
        "metadata": Metadata(),
        "us_bank_account": Anything(),
    }
)
_LIST = list_parameters(
    allow_redisplay=_ALLOW_REDISPLAY,
    customer=Text(),
    customer_account=NoneExist("account"),
    type=PaymentMethodType(),
)
_OF_CUSTOMER = list_parameters(
    allow_redisplay=_ALLOW_REDISPLAY, type=PaymentMethodType()
)
_ATTACH = Fields(
    {"customer": Required(Text()), "customer_account": NoneExist("account")}
)
_PATH = "/v1/payment_methods"
_ONE = f"{_PATH}/{{payment_method}}"
_OF_CUSTOMER_PATH = "/v1/customers/{customer}/payment_methods"


def _list(call: Call) -> Object:
    if "customer" in call.params:
        call.referred(CUSTOMERS, "customer")
    return _page(call, call.params, url=_PATH)


def _list_of_customer(call: Call) -> Object:
    customer = call.find(CUSTOMERS, "customer")
    params = {**call.params, "customer": customer["id"]}
    return _page(call, params, url=_OF_CUSTOMER_PATH.format(customer=customer["id"]))


def _page(call: Call, params: Values, *, url: str) -> Object:
    return page(
        call.store,
        PAYMENT_METHODS,
        params=params,
        url=url,
        equal=("customer", "type", "allow_redisplay"),
    )


def _retrieve_of_customer(call: Call) -> PaymentMethod:
    customer = call.find(CUSTOMERS, "customer")
    method = call.find(PAYMENT_METHODS, "payment_method")
    if method["customer"] != customer["id"]:
        raise InvalidRequest(
            f"No such PaymentMethod: '{method['id']}'; it is not attached to this "
            "customer.",
            param="payment_method",
            code="resource_missing",
        )
    return method


def _update(call: Call) -> PaymentMethod:
    before = call.find(PAYMENT_METHODS, "payment_method")
    method = before.copy()
    params = call.params
    if "allow_redisplay" in params:
        method["allow_redisplay"] = params["allow_redisplay"]
    if "billing_details" in params:
        method["billing_details"] = billed(
            before["billing_details"], params["billing_details"]
        )
    if "metadata" in params:
        method["metadata"] = merged(before["metadata"], params["metadata"])
    call.store.of(PAYMENT_METHODS).put(method)
    call.emit("payment_method.updated", method, before=before)
    return method


def _attach(call: Call) -> PaymentMethod:
    method = named_method(call, "payment_method")
    return attach(call, method, customer_id=call.referred(CUSTOMERS, "customer")["id"])


def _detach(call: Call) -> PaymentMethod:
    method = call.find(PAYMENT_METHODS, "payment_method")
    if method["customer"] is None:
        raise InvalidRequest(
            "The payment method you provided is not attached to a customer so "
            "detachment is impossible."
        )
    return detach(call, method)


SAVED_PAYMENT_METHODS = Resource(
    kinds=(),
    operations=(
        Operation("GET", _PATH, _LIST, PAYMENT_METHODS, _list, is_list=True),
        Operation("POST", _ONE, _UPDATE, PAYMENT_METHODS, _update),
        Operation("POST", f"{_ONE}/attach", _ATTACH, PAYMENT_METHODS, _attach),
        Operation("POST", f"{_ONE}/detach", Fields({}), PAYMENT_METHODS, _detach),
        Operation(
            "GET",
            _OF_CUSTOMER_PATH,
            _OF_CUSTOMER,
            PAYMENT_METHODS,
            _list_of_customer,
            is_list=True,
        ),
        Operation(
            "GET",
            f"{_OF_CUSTOMER_PATH}/{{payment_method}}",
            Fields({}),
            PAYMENT_METHODS,
            _retrieve_of_customer,
        ),
    ),
)
