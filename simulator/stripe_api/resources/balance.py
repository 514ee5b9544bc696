"""The account's balance: what is available, and what is still on its way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import Fields
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.balance_transactions import settle


class Funds(TypedDict):
    """An amount of one currency."""

    amount: int
    currency: str
    source_types: Mapping[str, int]


class Balance(TypedDict):
    """Stripe's Balance; it has no id."""

    object: str
    available: list[Funds]
    livemode: bool
    pending: list[Funds]


BALANCES = Kind[Balance](name="balance", prefix="bal", noun="balance")


def _retrieve(call: Call) -> Balance:
    sums = settle(call)
    return {
        "object": "balance",
        "available": _funds(sums["available"]),
        "livemode": call.livemode,
        "pending": _funds(sums["pending"]),
    }


def _funds(amounts: Mapping[str, int]) -> list[Funds]:
    # An account that never took money still shows its own currency.
    shown = amounts or {"usd": 0}
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(shown.items())
    ]


BALANCE = Resource(
    kinds=(BALANCES,),
    operations=(Operation("GET", "/v1/balance", Fields({}), BALANCES, _retrieve),),
)
