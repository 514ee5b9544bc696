"""Refunds as a resource: what can be asked for."""

from __future__ import annotations

from simulator.stripe_api.engine.errors import InvalidRequest, ResourceMissing
from simulator.stripe_api.engine.lists import TimeRange, list_parameters, page, within
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Boolean,
    Choice,
    Fields,
    Integer,
    Text,
)
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.resources.charges import CHARGES
from simulator.stripe_api.resources.customers import CUSTOMERS
from simulator.stripe_api.resources.money import Currency
from simulator.stripe_api.resources.refunds.fields import REFUNDS, Refund
from simulator.stripe_api.resources.refunds.giving_back import (
    add_refund,
    refundable_charge,
)
from simulator.stripe_api.resources.refunds.outcomes import take_back, watch_refunds

_CREATE = Fields(
    {
        "amount": Integer(minimum=1),
        "charge": Text(),
        "currency": Currency(),
        "customer": Text(),
        "instructions_email": Text(),
        "metadata": Metadata(),
        "origin": Choice(("customer_balance",)),
        "payment_intent": Text(),
        "reason": Choice(("duplicate", "fraudulent", "requested_by_customer")),
        "refund_application_fee": Boolean(),
        "reverse_transfer": Boolean(),
    }
)
_UPDATE = Fields({"metadata": Metadata()})
_LIST = list_parameters(charge=Text(), created=TimeRange(), payment_intent=Text())
_PATH = "/v1/refunds"
_OF_CHARGE = "/v1/charges/{charge}/refunds"


def _create(call: Call) -> Refund:
    if "customer" in call.params:
        call.referred(CUSTOMERS, "customer")
        raise InvalidRequest(
            "This customer has no cash balance to refund from.", param="customer"
        )
    charge = refundable_charge(call)
    if charge["payment_method_details"]["type"] == "interac_present":
        raise InvalidRequest(
            "Interac payments can only be refunded in person: use a reader's "
            "refund_payment.",
            code="charge_not_refundable",
        )
    return add_refund(
        call,
        charge,
        call.params.get("amount"),
        metadata=call.params.get("metadata", {}),
        reason=call.params.get("reason"),
    )


def _retrieve(call: Call) -> Refund:
    return call.find(REFUNDS, "refund", param="id")


def _update(call: Call) -> Refund:
    before = call.find(REFUNDS, "refund", param="id")
    refund = before.copy()
    if "metadata" in call.params:
        refund["metadata"] = merged(refund["metadata"], call.params["metadata"])
    call.store.of(REFUNDS).put(refund)
    call.emit("refund.updated", refund, before=before)
    return refund


def _cancel(call: Call) -> Refund:
    before = call.find(REFUNDS, "refund", param="id")
    if before["status"] != "requires_action":
        raise InvalidRequest(
            f"This refund has a status of {before['status']}. Only refunds with a "
            "status of requires_action can be canceled.",
            code="refund_unexpected_state",
        )
    refund = take_back(call, before, reason="merchant_request", status="canceled")
    call.emit("refund.updated", refund, before=before)
    return refund


def _list(call: Call) -> Object:
    created = call.params.get("created")
    return page(
        call.store,
        REFUNDS,
        params=call.params,
        url=_PATH,
        equal=("charge", "payment_intent"),
        where=lambda refund: within(refund["created"], created),
    )


def _list_of_charge(call: Call) -> Object:
    charge = call.find(CHARGES, "charge", param="id")
    return page(
        call.store,
        REFUNDS,
        params={**call.params, "charge": charge["id"]},
        url=f"/v1/charges/{charge['id']}/refunds",
        equal=("charge",),
    )


def _retrieve_of_charge(call: Call) -> Refund:
    charge = call.find(CHARGES, "charge", param="id")
    refund = call.find(REFUNDS, "refund", param="id")
    if refund["charge"] != charge["id"]:
        raise ResourceMissing("refund", refund["id"], param="id", status=404)
    return refund


REFUND = Resource(
    kinds=(REFUNDS,),
    operations=(
        Operation("POST", _PATH, _CREATE, REFUNDS, _create),
        Operation("GET", _PATH, _LIST, REFUNDS, _list, is_list=True),
        Operation("GET", f"{_PATH}/{{refund}}", Fields({}), REFUNDS, _retrieve),
        Operation("POST", f"{_PATH}/{{refund}}", _UPDATE, REFUNDS, _update),
        Operation("POST", f"{_PATH}/{{refund}}/cancel", Fields({}), REFUNDS, _cancel),
        Operation(
            "GET",
            _OF_CHARGE,
            list_parameters(),
            REFUNDS,
            _list_of_charge,
            is_list=True,
        ),
        Operation(
            "GET", f"{_OF_CHARGE}/{{refund}}", Fields({}), REFUNDS, _retrieve_of_charge
        ),
    ),
    opening=watch_refunds,
)
