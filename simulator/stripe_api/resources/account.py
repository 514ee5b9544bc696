"""The one account that every key belongs to; it is what clients check a key with."""

from __future__ import annotations

from typing import Any, TypedDict

from simulator.stripe_api.engine.keys import ACCOUNT_ID
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import Fields
from simulator.stripe_api.engine.store import Kind


class Account(TypedDict):
    """Stripe's Account, as far as the simulator fills it in."""

    id: str
    object: str
    business_type: str | None
    charges_enabled: bool
    country: str
    default_currency: str
    details_submitted: bool
    email: str | None
    metadata: dict[str, str]
    payouts_enabled: bool
    settings: dict[str, Any]
    type: str


_SETTINGS: dict[str, Any] = {
    "branding": {
        "icon": None,
        "logo": None,
        "primary_color": None,
        "secondary_color": None,
    },
    "card_payments": {
        "statement_descriptor_prefix": None,
        "statement_descriptor_prefix_kana": None,
        "statement_descriptor_prefix_kanji": None,
    },
    "dashboard": {"display_name": "Cardlane simulator", "timezone": "Etc/UTC"},
    "payments": {
        "statement_descriptor": "CARDLANE",
        "statement_descriptor_kana": None,
        "statement_descriptor_kanji": None,
    },
}

ACCOUNTS = Kind[Account](name="account", prefix="acct", noun="account")


def _retrieve(call: Call) -> Account:
    return {
        "id": ACCOUNT_ID,
        "object": "account",
        "business_type": "company",
        "charges_enabled": True,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": "simulator@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": _SETTINGS,
        "type": "standard",
    }


ACCOUNT = Resource(
    kinds=(ACCOUNTS,),
    operations=(Operation("GET", "/v1/account", Fields({}), ACCOUNTS, _retrieve),),
)
