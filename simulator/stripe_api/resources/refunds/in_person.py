"""Refunds for which the card is asked: Interac gives money back to a present card only."""

from __future__ import annotations

from drivers.protocol import emv
from simulator.emv.authorization import AuthorizationRequest, Declined, Issuer
from simulator.errors import CardDataUnreadable
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.card_reads import local_card_read, unreadable
from simulator.stripe_api.resources.charges import Charge
from simulator.stripe_api.resources.declines import error_details
from simulator.stripe_api.resources.errors import CardError
from simulator.stripe_api.resources.refunds.fields import Refund
from simulator.stripe_api.resources.refunds.giving_back import (
    add_refund,
    refundable_amount,
)

DATA = "payment_method_data"


def refund_to_card(call: Call, charge: Charge, *, issuer: Issuer) -> Refund:
    """Give back to the card that a local reader has read for just this refund.

    Raises CardError where the issuer declines, InvalidRequest for another card than
    the one that paid, for data that open to no card, and for a charge of no Interac
    card.
    """
    read = local_card_read(
        call.params[DATA],
        allowed=("card_present", "interac_present"),
        intent="Refund",
        code="parameter_invalid",
    )
    check_refunded_in_person(charge)
    amount = refundable_amount(charge, call.params.get("amount"))
    try:
        decision = issuer.authorize(
            AuthorizationRequest(
                ciphertext=read.ciphertext,
                ksn=read.ksn,
                read_method=read.read_method,
                amount=amount,
                currency=charge["currency"],
                transaction_type=emv.REFUND,
            )
        )
    except CardDataUnreadable:
        raise unreadable() from None
    paid = charge["payment_method_details"].get("interac_present", {})
    if decision.card.fingerprint != paid.get("fingerprint"):
        raise not_the_card_that_paid()
    if isinstance(decision, Declined):
        raise CardError(error_details(decision, charge_id=charge["id"]))
    return add_refund(
        call,
        charge,
        amount,
        metadata=call.params.get("metadata"),
        reason=call.params.get("reason"),
    )


def check_refunded_in_person(charge: Charge) -> None:
    """Raise InvalidRequest unless the charge's card must be there for a refund."""
    if charge["payment_method_details"]["type"] != "interac_present":
        raise InvalidRequest(
            "Only Interac payments are refunded on a reader. Use the Refunds API to "
            "refund this charge.",
            code="charge_not_refundable",
        )


def not_the_card_that_paid() -> InvalidRequest:
    """The refusal of any other card."""
    return InvalidRequest(
        "The card presented is not the card of the original payment.",
        code="invalid_card_type",
    )
