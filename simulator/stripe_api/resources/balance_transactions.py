"""Balance transactions: what charges and refunds do to the account's balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from simulator.stripe_api.engine.lists import TimeRange, list_parameters, page, within
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import Fields, Text
from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.resources.money import Currency

AVAILABLE_AFTER_S = 2 * 24 * 60 * 60

# Stripe's published price for Terminal in the US: 2.7 % and 5 cents.
_FEE_PER_MILLE = 27
_FEE_FIXED = 5


class FeeDetail(TypedDict):
    """One part of the fee."""

    amount: int
    application: str | None
    currency: str
    description: str | None
    type: str


class BalanceTransaction(TypedDict):
    """Stripe's BalanceTransaction."""

    id: str
    object: str
    amount: int
    available_on: int
    balance_type: str
    created: int
    currency: str
    description: str | None
    exchange_rate: float | None
    fee: int
    fee_details: list[FeeDetail]
    net: int
    reporting_category: str
    source: str
    status: str
    type: str


BALANCE_TRANSACTIONS = Kind[BalanceTransaction](
    name="balance_transaction",
    prefix="txn",
    noun="balance transaction",
    indexes=("source", "type"),
    expandable={"source": ("charge", "refund")},
    shape=BalanceTransaction,
)


class Sums(TypedDict):
    """What the transactions add up to, by currency."""

    id: str
    available: Mapping[str, int]
    pending: Mapping[str, int]
    settled: str | None
    """The last transaction that counts as available; None before the first."""


# Kept as it grows, so that a balance costs the same however much was booked.
_SUMS = Kind[Sums](name="balance_sums", prefix="sums", noun="balance")
_NOTHING: Sums = {"id": "sums", "available": {}, "pending": {}, "settled": None}

_LIST = list_parameters(
    created=TimeRange(),
    currency=Currency(),
    payout=Text(),
    source=Text(),
    type=Text(),
)
_PATH = "/v1/balance_transactions"


def book_charge(call: Call, *, charge_id: str, amount: int, currency: str) -> str:
    """Book a captured amount less Stripe's fee; returns the transaction's id."""
    fee = (amount * _FEE_PER_MILLE + 500) // 1000 + _FEE_FIXED
    return _book(
        call,
        source=charge_id,
        amount=amount,
        currency=currency,
        fee=fee,
        type_="charge",
    )


def book_refund(call: Call, *, refund_id: str, amount: int, currency: str) -> str:
    """Book a refunded amount; Stripe keeps its fee. Returns the transaction's id."""
    return _book(
        call, source=refund_id, amount=-amount, currency=currency, fee=0, type_="refund"
    )


def book_refund_failure(
    call: Call, *, refund_id: str, amount: int, currency: str
) -> str:
    """Book a refunded amount that came back; returns the transaction's id."""
    return _book(
        call,
        source=refund_id,
        amount=amount,
        currency=currency,
        fee=0,
        type_="refund_failure",
    )


def _book(
    call: Call, *, source: str, amount: int, currency: str, fee: int, type_: str
) -> str:
    transaction: BalanceTransaction = {
        "id": call.new_id(BALANCE_TRANSACTIONS),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": call.now + AVAILABLE_AFTER_S,
        "balance_type": "payments",
        "created": call.now,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [_stripe_fee(fee, currency)] if fee else [],
        "net": amount - fee,
        "reporting_category": type_,
        "source": source,
        "status": "pending",
        "type": type_,
    }
    call.store.of(BALANCE_TRANSACTIONS).put(transaction)
    sums = call.store.of(_SUMS).get("sums") or _NOTHING
    pending = _added(sums["pending"], currency, transaction["net"])
    call.store.of(_SUMS).put({**sums, "pending": pending})
    return transaction["id"]


def recount(call: Call) -> None:
    """Add up the transactions there are, which may come from elsewhere."""
    pending: Mapping[str, int] = {}
    for transaction in call.store.of(BALANCE_TRANSACTIONS).newest_first():
        pending = _added(pending, transaction["currency"], transaction["net"])
    if pending:
        call.store.of(_SUMS).put({**_NOTHING, "pending": pending})
        settle(call)


def settle(call: Call) -> Sums:
    """Make available what is due by now; returns what there is."""
    transactions = call.store.of(BALANCE_TRANSACTIONS)
    sums = (call.store.of(_SUMS).get("sums") or _NOTHING).copy()
    # Transactions become available in the order in which they were booked.
    for transaction in transactions.oldest_first(after=sums["settled"]):
        if transaction["available_on"] > call.now:
            break
        currency, net = transaction["currency"], transaction["net"]
        sums["available"] = _added(sums["available"], currency, net)
        sums["pending"] = _added(sums["pending"], currency, -net)
        sums["settled"] = transaction["id"]
        transactions.put({**transaction, "status": "available"})
    call.store.of(_SUMS).put(sums)
    return sums


def _added(amounts: Mapping[str, int], currency: str, amount: int) -> dict[str, int]:
    return {**amounts, currency: amounts.get(currency, 0) + amount}


def _stripe_fee(fee: int, currency: str) -> FeeDetail:
    return {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }


def _retrieve(call: Call) -> BalanceTransaction:
    settle(call)
    return call.find(BALANCE_TRANSACTIONS, "id")


def _list(call: Call) -> Object:
    settle(call)
    created = call.params.get("created")
    return page(
        call.store,
        BALANCE_TRANSACTIONS,
        params=call.params,
        url=_PATH,
        equal=("source", "type", "currency"),
        # Payouts are not simulated, so no transaction belongs to one.
        where=lambda found: (
            "payout" not in call.params and within(found["created"], created)
        ),
    )


BALANCE_TRANSACTION = Resource(
    kinds=(BALANCE_TRANSACTIONS,),
    operations=(
        Operation("GET", _PATH, _LIST, BALANCE_TRANSACTIONS, _list, is_list=True),
        Operation(
            "GET", f"{_PATH}/{{id}}", Fields({}), BALANCE_TRANSACTIONS, _retrieve
        ),
    ),
    opening=recount,
)
