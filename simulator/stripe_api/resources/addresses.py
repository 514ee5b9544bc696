"""Postal addresses as parameters and as objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from simulator.stripe_api.engine.parameters import (
    Clearable,
    Fields,
    Parameter,
    Required,
    Text,
    Values,
)


class Address(TypedDict):
    """Stripe's Address."""

    city: str | None
    country: str | None
    line1: str | None
    line2: str | None
    postal_code: str | None
    state: str | None


PARTS = ("city", "country", "line1", "line2", "postal_code", "state")

ADDRESS = Fields({part: Clearable(Text()) for part in PARTS})

_RECIPIENT: Mapping[str, Parameter] = {
    "address": Required(ADDRESS),
    "name": Required(Text()),
    "phone": Clearable(Text()),
}
CUSTOMER_SHIPPING = Fields(_RECIPIENT)
SHIPPING = Fields(
    {
        **_RECIPIENT,
        "carrier": Clearable(Text()),
        "tracking_number": Clearable(Text()),
    }
)


def address(sent: Values) -> Address:
    """The object for an address as sent; parts left out are null."""
    return {
        "city": sent.get("city"),
        "country": sent.get("country"),
        "line1": sent.get("line1"),
        "line2": sent.get("line2"),
        "postal_code": sent.get("postal_code"),
        "state": sent.get("state"),
    }


def shipping(sent: Values) -> Values:
    """The shipping object for details as sent; parts left out are null."""
    return {
        "address": address(sent.get("address", {})),
        "carrier": sent.get("carrier"),
        "name": sent.get("name"),
        "phone": sent.get("phone"),
        "tracking_number": sent.get("tracking_number"),
    }
