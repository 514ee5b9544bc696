"""Whatever register apps do, the account stays consistent: random sequences of calls."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any, cast

import stripe
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from stripe_api_server import StripeApiServer, card_present, declined_data

from simulator.clock import ManualClock

pytest_plugins = ("stripe_api_fixtures",)

AMOUNTS = st.integers(min_value=50, max_value=9_999)
CURRENCIES = st.sampled_from(["usd", "eur", "jpy"])
TYPED_IN = st.sampled_from(
    [
        *("pm_card_visa", "pm_card_refundFail", "pm_card_pendingRefund"),
        "pm_card_chargeDeclined",
    ]
)
METADATA = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["", "1", "2"]))

LISTS = {
    "payment_intent": "/v1/payment_intents",
    "charge": "/v1/charges",
    "refund": "/v1/refunds",
    "balance_transaction": "/v1/balance_transactions",
    "event": "/v1/events",
}

Everything = dict[str, list[Any]]
"""All objects by kind, newest first."""


class Account(RuleBasedStateMachine):
    """An account in which anything may be asked for at any time."""

    intents = Bundle("intents")
    customers = Bundle("customers")

    def __init__(self, server: StripeApiServer) -> None:
        """An account without any objects."""
        super().__init__()
        server.api.reset()
        self._server = server
        self._v1 = server.client().v1
        self._keys = count()
        self._made: list[str] = []
        self._before: Everything = self._everything()
        self._is_refused = False

    @initialize(target=intents)
    def begin(self) -> str:
        return self._held(10_00)

    @rule(target=intents, amount=AMOUNTS, currency=CURRENCIES)
    def create_intent(self, amount: int, currency: str) -> str:
        return self._intent(amount, currency=currency)

    @rule(target=intents, amount=AMOUNTS)
    def take_payment(self, amount: int) -> str:
        intent = self._intent(amount, currency="usd")
        self._v1.payment_intents.confirm(intent, card_present())
        return intent

    @rule(target=intents, amount=AMOUNTS, means=TYPED_IN)
    def take_payment_online(self, amount: int, means: str) -> str:
        types = {"allowed_payment_method_types": ["card"]}
        intent = self._intent(amount, currency="usd", **types)
        confirm = self._v1.payment_intents.confirm
        self._attempt(confirm, intent, {"payment_method": means})
        return intent

    @rule(seconds=st.sampled_from([1, 6, 3 * 24 * 60 * 60]))
    def wait(self, seconds: int) -> None:
        cast("ManualClock", self._server.clock).advance(seconds)

    @rule(target=intents, amount=AMOUNTS)
    def hold_payment(self, amount: int) -> str:
        return self._held(amount)

    @rule(intent=intents, amount=AMOUNTS)
    def change_amount(self, intent: str, amount: int) -> None:
        self._attempt(self._v1.payment_intents.update, intent, {"amount": amount})

    @rule(intent=intents, metadata=METADATA)
    def describe(self, intent: str, metadata: dict[str, str]) -> None:
        self._attempt(self._v1.payment_intents.update, intent, {"metadata": metadata})

    @rule(intent=intents, is_good=st.booleans())
    def present_card(self, intent: str, is_good: bool) -> None:
        data = b"approve" if is_good else declined_data("lost_card")
        self._attempt(self._v1.payment_intents.confirm, intent, card_present(data))

    @rule(intent=intents, amount=AMOUNTS)
    def raise_authorization(self, intent: str, amount: int) -> None:
        raise_it = self._v1.payment_intents.increment_authorization
        self._attempt(raise_it, intent, {"amount": amount})

    @rule(intent=intents, amount=st.none() | AMOUNTS)
    def capture(self, intent: str, amount: int | None) -> None:
        params = {} if amount is None else {"amount_to_capture": amount}
        self._attempt(self._v1.payment_intents.capture, intent, params)

    @rule(intent=intents)
    def cancel(self, intent: str) -> None:
        self._attempt(self._v1.payment_intents.cancel, intent, {})

    @rule(intent=intents, amount=st.none() | AMOUNTS)
    def refund(self, intent: str, amount: int | None) -> None:
        params = {} if amount is None else {"amount": amount}
        self._attempt(self._v1.refunds.create, {"payment_intent": intent, **params})

    @rule(target=customers)
    def create_customer(self) -> str:
        return self._v1.customers.create({"name": "Jo"}).id

    @rule(intent=intents, customer=customers)
    def change_payer(self, intent: str, customer: str) -> None:
        self._attempt(self._v1.payment_intents.update, intent, {"customer": customer})

    @rule(customer=customers)
    def delete_customer(self, customer: str) -> None:
        with contextlib.suppress(stripe.InvalidRequestError):
            self._v1.customers.delete(customer)

    @invariant()
    def everything_agrees(self) -> None:
        after = self._everything()
        if self._is_refused:
            assert after == self._before
        self._before, self._is_refused = after, False
        check_intents(after)
        check_charges(after)
        check_events(after)
        check_balance(after, self._v1.balance.retrieve().to_dict())

    def teardown(self) -> None:
        """Every list is whole and newest first, however it is walked."""
        whole = self._everything()
        for kind, path in LISTS.items():
            assert list(self._walk(path, limit=3)) == whole[kind]
        intents = [intent["id"] for intent in whole["payment_intent"]]
        assert intents == self._made[::-1]
        # They are many and much the same; the conformance tests look at each kind.
        self._server.witness.seen.clear()

    def _held(self, amount: int) -> str:
        intent = self._intent(amount, currency="usd", capture_method="manual")
        self._v1.payment_intents.confirm(intent, card_present())
        return intent

    def _intent(self, amount: int, **params: Any) -> str:
        options = {"request_incremental_authorization_support": True}
        wanted: Any = {
            "amount": amount,
            "allowed_payment_method_types": ["card_present"],
            "payment_method_options": {"card_present": options},
            **params,
        }
        self._made.append(self._v1.payment_intents.create(wanted).id)
        return self._made[-1]

    def _attempt(self, operation: Any, *arguments: Any) -> None:
        """Call twice with one key: two equal answers, and one effect or none."""
        once = {"idempotency_key": f"key-{next(self._keys)}"}
        answer, self._is_refused = _outcome(operation, *arguments, once)
        event(f"{operation.__name__} {'refused' if self._is_refused else 'done'}")
        told = len(self._list("/v1/events")["data"])
        assert _outcome(operation, *arguments, once) == (answer, self._is_refused)
        assert len(self._list("/v1/events")["data"]) == told

    def _everything(self) -> Everything:
        return {kind: self._list(path)["data"] for kind, path in LISTS.items()}

    def _walk(self, path: str, *, limit: int) -> Iterator[Any]:
        after = ""
        while True:
            page = self._list(path, f"limit={limit}{after}")
            yield from page["data"]
            if not page["has_more"]:
                return
            assert len(page["data"]) == limit
            after = f"&starting_after={page['data'][-1]['id']}"

    def _list(self, path: str, query: str = "limit=100") -> Any:
        return self._server.request("GET", f"{path}?{query}").json


def check_intents(everything: Everything) -> None:
    """Statuses and amounts fit, and nobody pays twice."""
    charges = {charge["id"]: charge for charge in everything["charge"]}
    for intent in everything["payment_intent"]:
        paid = [
            charge
            for charge in everything["charge"]
            if charge["payment_intent"] == intent["id"] and charge["paid"]
        ]
        latest = charges.get(intent["latest_charge"])
        status = intent["status"]
        assert len(paid) <= 1
        assert (status in {"succeeded", "requires_capture"}) <= (paid == [latest])
        assert (intent["amount_received"] > 0) is (status == "succeeded")
        assert (intent["amount_capturable"] > 0) is (status == "requires_capture")
        if status == "succeeded":
            assert intent["amount_received"] == paid[0]["amount_captured"]
        if status == "requires_capture":
            assert intent["amount_capturable"] == intent["amount"] == paid[0]["amount"]
        if status == "canceled":
            assert all(charge["refunded"] for charge in paid)
        assert (intent["last_payment_error"] is not None) <= (
            latest is not None and latest["status"] == "failed"
        )


def check_charges(everything: Everything) -> None:
    """A charge's refunds are what it says, and never more than it took."""
    for charge in everything["charge"]:
        refunds = [
            refund["amount"]
            for refund in everything["refund"]
            if refund["charge"] == charge["id"] and refund["status"] != "failed"
        ]
        assert charge["captured"] is (charge["amount_captured"] > 0)
        assert charge["captured"] <= (charge["balance_transaction"] is not None)
        assert charge["paid"] is (charge["status"] == "succeeded")
        assert charge["amount_refunded"] == sum(refunds)
        assert charge["refunded"] is (sum(refunds) == charge["amount"])
        if charge["captured"]:
            # What was not captured was released, which counts as refunded.
            assert charge["amount"] - charge["amount_captured"] <= sum(refunds)
            assert sum(refunds) <= charge["amount"]
        else:
            assert sum(refunds) in {0, charge["amount"]}


def check_events(everything: Everything) -> None:
    """Everything that happened was told, once, with the object as it then was."""
    told = Counter(
        (each["type"], each["data"]["object"]["id"]) for each in everything["event"]
    )
    expected: Counter[tuple[str, str]] = Counter()
    for intent in everything["payment_intent"]:
        expected["payment_intent.created", intent["id"]] = 1
        for status in ("succeeded", "canceled"):
            if intent["status"] == status:
                expected[f"payment_intent.{status}", intent["id"]] = 1
        failed = [
            charge
            for charge in everything["charge"]
            if charge["payment_intent"] == intent["id"] and charge["status"] == "failed"
        ]
        if failed:
            expected["payment_intent.payment_failed", intent["id"]] = len(failed)
    for charge in everything["charge"]:
        expected[f"charge.{charge['status']}", charge["id"]] = 1
    for refund in everything["refund"]:
        expected["refund.created", refund["id"]] = 1
    assert {name: told[name] for name in expected} == dict(expected)
    _check_snapshots(everything)


def _check_snapshots(everything: Everything) -> None:
    """The last event about a charge or a refund shows it as it is."""
    for kind in ("charge", "refund"):
        for item in everything[kind]:
            latest = next(
                told["data"]["object"]
                for told in everything["event"]
                if told["data"]["object"]["id"] == item["id"]
            )
            assert latest == item


def check_balance(everything: Everything, balance: Any) -> None:
    """The balance is the sum of what was booked, and all that was taken was booked."""
    booked = everything["balance_transaction"]
    sums: Counter[str] = Counter()
    for transaction in booked:
        assert transaction["net"] == transaction["amount"] - transaction["fee"]
        sums[transaction["currency"]] += transaction["net"]
    shown: Counter[str] = Counter()
    for funds in [*balance["available"], *balance["pending"]]:
        shown[funds["currency"]] += funds["amount"]
    assert {k: v for k, v in shown.items() if v} == {k: v for k, v in sums.items() if v}

    taken = {
        c["id"]: c["amount_captured"] for c in everything["charge"] if c["captured"]
    }
    given = {
        refund["id"]: -refund["amount"]
        for refund in everything["refund"]
        if refund["balance_transaction"] is not None and refund["status"] != "failed"
    }
    moved: Counter[str] = Counter()
    for transaction in booked:
        moved[transaction["source"]] += transaction["amount"]
    assert {k: v for k, v in moved.items() if v} == taken | given


def _outcome(operation: Any, *arguments: Any) -> tuple[Any, bool]:
    """What an operation answered, and whether it was refused without any effect."""
    try:
        return operation(*arguments).to_dict(), False
    except stripe.CardError as error:
        return error.json_body, False
    except stripe.InvalidRequestError as error:
        return error.json_body, True


# One test may take two minutes at most, on a busy machine too.
MOST_EXAMPLES = 75


def test_random_sequences_of_calls_keep_the_account_consistent(
    server: StripeApiServer,
) -> None:
    examples = min(settings().max_examples // 4, MOST_EXAMPLES)

    run_state_machine_as_test(
        cast("type[Account]", partial(Account, server)),
        settings=settings(max_examples=examples, stateful_step_count=15),
    )
