"""Billing details as parameters, and what they make of those there were."""

from __future__ import annotations

from simulator.stripe_api.engine.parameters import Clearable, Fields, Text, Values
from simulator.stripe_api.resources.addresses import ADDRESS, address
from simulator.stripe_api.resources.payment_methods import BillingDetails

BILLING_DETAILS = Fields(
    {
        "address": Clearable(ADDRESS),
        "email": Clearable(Text()),
        "name": Clearable(Text()),
        "phone": Clearable(Text()),
        "tax_id": Text(),
    }
)


def billed(before: BillingDetails, sent: Values) -> BillingDetails:
    """The details with what was sent in its place."""
    details = before.copy()
    if "address" in sent:
        details["address"] = address(sent["address"] or {})
    if "email" in sent:
        details["email"] = sent["email"]
    if "name" in sent:
        details["name"] = sent["name"]
    if "phone" in sent:
        details["phone"] = sent["phone"]
    if "tax_id" in sent:
        details["tax_id"] = sent["tax_id"]
    return details
