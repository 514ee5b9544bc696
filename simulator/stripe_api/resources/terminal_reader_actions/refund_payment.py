"""`refund_payment`: give back an Interac payment to the card that made it."""

from __future__ import annotations

from typing import Any

from drivers.protocol import emv
from simulator.emv.authorization import AuthorizationRequest, Declined
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.metadata import Metadata
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.parameters import Boolean, Fields, Integer, Text
from simulator.stripe_api.resources.charges import CHARGES, Charge
from simulator.stripe_api.resources.declines import error_details
from simulator.stripe_api.resources.errors import CardError
from simulator.stripe_api.resources.refunds.giving_back import (
    add_refund,
    refundable_amount,
    refundable_charge,
)
from simulator.stripe_api.resources.refunds.in_person import (
    check_refunded_in_person,
    not_the_card_that_paid,
)
from simulator.stripe_api.resources.terminal_reader_actions.card_in_hand import read
from simulator.stripe_api.resources.terminal_reader_actions.intents import intent_of
from simulator.stripe_api.resources.terminal_reader_actions.paying import (
    conclude,
    wait,
)
from simulator.stripe_api.resources.terminal_reader_actions.replacing import begin
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Step

TYPE = "refund_payment"

_TOLD = (
    *("charge", "metadata", "payment_intent", "refund_application_fee"),
    *("refund_payment_config", "reverse_transfer"),
)

PARAMETERS = Fields(
    {
        "amount": Integer(minimum=1),
        "charge": Text(),
        "metadata": Metadata(),
        "payment_intent": Text(),
        "refund_application_fee": Boolean(),
        "refund_payment_config": Fields({"enable_customer_cancellation": Boolean()}),
        "reverse_transfer": Boolean(),
    }
)


def refund(turn: Turn) -> None:
    """Ask for the card that paid."""
    params = turn.call.params
    charge = refundable_charge(turn.call)
    check_refunded_in_person(charge)
    details: dict[str, Any] = {
        "amount": refundable_amount(charge, params.get("amount")),
        **{name: params[name] for name in _TOLD if name in params},
    }
    begin(turn, TYPE, details, step=Step.ASK_CARD)


def pay_back(turn: Turn) -> None:
    """The card in hand gets the money back."""
    turn.step(Step.AUTHORIZE)
    wait(turn, settle)


def charge_of(call: Call, details: dict[str, Any]) -> Charge:
    """The charge of a refund action; charges are never deleted."""
    charge_id = details.get("charge") or intent_of(call, details)["latest_charge"]
    charge = call.store.of(CHARGES).get(charge_id or "")
    if charge is None:
        raise LookupError("the charge of a reader's action is gone")
    return charge


def settle(turn: Turn) -> None:
    """The issuer has had its time: end the action as it decides."""
    try:
        refund_id = _give_back(turn)
    except (CardError, InvalidRequest) as error:
        conclude(turn, error)
    else:
        turn.amend(refund=refund_id)
        conclude(turn)


def _give_back(turn: Turn) -> str:
    details = turn.details
    charge = charge_of(turn.call, details)
    amount = refundable_amount(charge, details["amount"])
    slot_read = read(
        turn,
        amount=amount,
        currency=charge["currency"],
        transaction_type=emv.REFUND,
    )
    paid = charge["payment_method_details"].get("interac_present", {})
    if slot_read.shown.fingerprint != paid.get("fingerprint"):
        raise not_the_card_that_paid()
    # Stripe's test amounts decide over partial refunds only.
    if amount != charge["amount_captured"]:
        decision = turn.shop.issuer.authorize(
            AuthorizationRequest(
                ciphertext=slot_read.ciphertext,
                ksn=slot_read.ksn,
                read_method=slot_read.read_method,
                amount=amount,
                currency=charge["currency"],
                transaction_type=emv.REFUND,
            )
        )
        if isinstance(decision, Declined):
            raise CardError(error_details(decision, charge_id=charge["id"]))
    made = add_refund(
        turn.call,
        charge,
        amount,
        metadata=details.get("metadata"),
        reason=None,
    )
    return made["id"]
