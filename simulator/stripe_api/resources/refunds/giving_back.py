"""Giving money back, in whole or in parts, be it taken or only held."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.metadata import merged
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.balance_transactions import book_refund
from simulator.stripe_api.resources.charges import CHARGES, Charge, add_refunded
from simulator.stripe_api.resources.money import formatted
from simulator.stripe_api.resources.payment_intents.fields import PAYMENT_INTENTS
from simulator.stripe_api.resources.refunds.fields import REFUNDS, Refund
from simulator.stripe_api.resources.refunds.outcomes import expect_outcome


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
    refund = _new(call, charge, amount)
    refund["metadata"] = merged({}, metadata)
    refund["reason"] = reason
    refund["balance_transaction"] = book_refund(
        call, refund_id=refund["id"], amount=amount, currency=charge["currency"]
    )
    refund = expect_outcome(call, refund, charge)
    call.store.of(REFUNDS).put(refund)
    refunded = add_refunded(call, charge, amount)
    call.emit("refund.created", refund)
    call.emit("charge.refunded", refunded, before=charge)
    return refund


def release(
    call: Call, charge: Charge, *, amount: int, reason: str | None = None
) -> Charge:
    """Give up what is held and not taken; returns the charge after it.

    Stripe shows that as a refund too, though no money moves.
    """
    reversal = _new(call, charge, amount)
    reversal["reason"] = reason
    reversal["destination_details"] = {
        "card": {
            "reference_status": "pending",
            "reference_type": "system_trace_audit_number",
            "type": "reversal",
        },
        "type": "card",
    }
    call.store.of(REFUNDS).put(reversal)
    call.emit("refund.created", reversal)
    return add_refunded(call, charge, amount)


def refundable_amount(charge: Charge, amount: int | None) -> int:
    """`amount`, or all that is left where it is None; raises InvalidRequest."""
    if charge["disputed"]:
        raise InvalidRequest(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    # What was not captured counts as refunded from the moment of the capture.
    remaining = charge["amount"] - charge["amount_refunded"]
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


def _new(call: Call, charge: Charge, amount: int) -> Refund:
    """A refund that has succeeded, as yet neither stored nor booked."""
    return {
        "id": call.new_id(REFUNDS),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
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
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
