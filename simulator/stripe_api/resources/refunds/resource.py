"""Refunds as a resource: what can be asked for."""

from __future__ import annotations

from functools import partial

from simulator.emv.authorization import Issuer
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
from simulator.stripe_api.resources.card_reads import PAYMENT_METHOD_DATA
from simulator.stripe_api.resources.charges import CHARGES
from simulator.stripe_api.resources.customers import CUSTOMERS
from simulator.stripe_api.resources.money import Currency
from simulator.stripe_api.resources.refunds.fields import REFUNDS, Refund
from simulator.stripe_api.resources.refunds.giving_back import (
    add_refund,
    refundable_charge,
)
from simulator.stripe_api.resources.refunds.in_person import DATA, refund_to_card
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
        DATA: PAYMENT_METHOD_DATA,
        "reason": Choice(("duplicate", "fraudulent", "requested_by_customer")),
        "refund_application_fee": Boolean(),
        "reverse_transfer": Boolean(),
    }
)
_UPDATE = Fields({"metadata": Metadata()})
_LIST = list_parameters(charge=Text(), created=TimeRange(), payment_intent=Text())
_PATH = "/v1/refunds"
_OF_CHARGE = "/v1/charges/{charge}/refunds"


def refunds(issuer: Issuer) -> Resource:
    """Refunds; those for which a card is asked are decided by this issuer."""
    kind = REFUNDS
    one, of_charge = f"{_PATH}/{{refund}}", f"{_OF_CHARGE}/{{refund}}"
    create = partial(_create, issuer=issuer)
    return Resource(
        kinds=(kind,),
        operations=(
            Operation("POST", _PATH, _CREATE, kind, create),
            Operation("GET", _PATH, _LIST, kind, _list, is_list=True),
            Operation("GET", one, Fields({}), kind, _retrieve),
            Operation("POST", one, _UPDATE, kind, _update),
            Operation("POST", f"{one}/cancel", Fields({}), kind, _cancel),
            Operation(
                "GET",
                _OF_CHARGE,
                list_parameters(),
                kind,
                _list_of_charge,
                is_list=True,
            ),
            Operation("GET", of_charge, Fields({}), kind, _retrieve_of_charge),
        ),
        opening=watch_refunds,
    )


def _create(call: Call, *, issuer: Issuer) -> Refund:
    if "customer" in call.params:
        call.referred(CUSTOMERS, "customer")
        raise InvalidRequest(
            "This customer has no cash balance to refund from.", param="customer"
        )
    charge = refundable_charge(call)
    if DATA in call.params:
        return refund_to_card(call, charge, issuer=issuer)
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
