"""Refunds: money given back from a captured charge, in whole or in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from simulator.stripe_api.engine.errors import InvalidRequest
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
from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.resources.balance_transactions import book_refund
from simulator.stripe_api.resources.charges import CHARGES, Charge
from simulator.stripe_api.resources.money import Currency, formatted
from simulator.stripe_api.resources.payment_intents.fields import PAYMENT_INTENTS
from simulator.stripe_api.resources.references import NoneExist


class Refund(TypedDict):
    """Stripe's Refund."""

    id: str
    object: str
    amount: int
    balance_transaction: str | None
    charge: str
    created: int
    currency: str
    customer: str | None
    customer_account: None
    destination_details: dict[str, Any]
    metadata: dict[str, str]
    payment_intent: str
    payment_method: str
    reason: str | None
    receipt_number: None
    source_transfer_reversal: None
    status: str
    transfer_reversal: None


REFUNDS = Kind[Refund](
    name="refund",
    prefix="re",
    noun="refund",
    indexes=("charge", "payment_intent"),
    expandable={
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "customer": "customer",
        "failure_balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
        "source_transfer_reversal": "transfer_reversal",
        "transfer_reversal": "transfer_reversal",
    },
    shape=Refund,
)
_CREATE = Fields(
    {
        "amount": Integer(minimum=1),
        "charge": Text(),
        "currency": Currency(),
        "customer": NoneExist("customer"),
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


def _create(call: Call) -> Refund:
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


def add_refund(
    call: Call,
    charge: Charge,
    amount: int | None,
    *,
    metadata: Mapping[str, str] | None,
    reason: str | None,
) -> Refund:
    """Give back `amount`, or all that is left; raises InvalidRequest."""
    amount = refundable_amount(charge, amount)
    refund = _added(call, charge, amount, metadata=metadata, reason=reason)
    refunded = charge.copy()
    refunded["amount_refunded"] += amount
    refunded["refunded"] = refunded["amount_refunded"] == charge["amount_captured"]
    call.store.of(CHARGES).put(refunded)
    call.emit("refund.created", refund)
    call.emit("charge.refunded", refunded, before=charge)
    return refund


def refundable_amount(charge: Charge, amount: int | None) -> int:
    """`amount`, or all that is left where it is None; raises InvalidRequest."""
    remaining = charge["amount_captured"] - charge["amount_refunded"]
    if not remaining:
        raise InvalidRequest(
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
        )
    amount = remaining if amount is None else amount
    if amount > remaining:
        asked = formatted(amount, charge["currency"])
        left = formatted(remaining, charge["currency"])
        raise InvalidRequest(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge "
            f"({left})",
            param="amount",
        )
    return amount


def refundable_charge(call: Call) -> Charge:
    """The captured charge the parameters name; raises InvalidRequest."""
    if "charge" in call.params:
        charge = call.referred(CHARGES, "charge")
        intent_id = charge["payment_intent"]
        if call.params.get("payment_intent", intent_id) != intent_id:
            raise InvalidRequest(
                f"Charge {charge['id']} does not belong to PaymentIntent "
                f"{call.params['payment_intent']}.",
                param="payment_intent",
            )
    elif "payment_intent" in call.params:
        intent = call.referred(PAYMENT_INTENTS, "payment_intent")
        intent_id = intent["id"]
        latest = call.store.of(CHARGES).get(intent["latest_charge"] or "")
        if latest is None:
            raise _nothing_to_refund(intent_id)
        charge = latest
    else:
        raise InvalidRequest(
            "One of the following params should be provided for this request: "
            "payment_intent or charge.",
            code="parameter_missing",
        )
    if not charge["captured"]:
        raise _nothing_to_refund(intent_id)
    return charge


def _nothing_to_refund(intent_id: str) -> InvalidRequest:
    return InvalidRequest(
        f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
    )


def _added(
    call: Call,
    charge: Charge,
    amount: int,
    *,
    metadata: Mapping[str, str] | None,
    reason: str | None,
) -> Refund:
    refund_id = call.new_id(REFUNDS)
    refund: Refund = {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": book_refund(
            call, refund_id=refund_id, amount=amount, currency=charge["currency"]
        ),
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": merged({}, metadata),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    call.store.of(REFUNDS).put(refund)
    return refund


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


REFUND = Resource(
    kinds=(REFUNDS,),
    operations=(
        Operation("POST", _PATH, _CREATE, REFUNDS, _create),
        Operation("GET", _PATH, _LIST, REFUNDS, _list, is_list=True),
        Operation("GET", f"{_PATH}/{{refund}}", Fields({}), REFUNDS, _retrieve),
        Operation("POST", f"{_PATH}/{{refund}}", _UPDATE, REFUNDS, _update),
    ),
)
