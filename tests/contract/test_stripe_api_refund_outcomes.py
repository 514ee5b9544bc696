"""Refunds that do not end at once: that fail, take their time, or are called off."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from stripe_api_server import (
    StripeApiServer,
    approved_data,
    card_present,
    new_intent,
    paid_intent,
)

from simulator.clock import ManualClock
from simulator.emv.presented_card import fingerprint_of

pytest_plugins = ("stripe_api_fixtures",)

REFUND_FAILS = approved_data(fingerprint_of("4000000000005126"))
REFUND_IS_PENDING = approved_data(fingerprint_of("4000000000007726"))
LATER_S = 5


def pass_time(server: StripeApiServer, seconds: float = LATER_S) -> None:
    """Let the simulator's clock go on."""
    assert isinstance(server.clock, ManualClock)
    server.clock.advance(seconds)


def refunded(
    client: stripe.StripeClient, data: bytes, amount: int = 10_00
) -> stripe.Refund:
    """A refund of all that was paid with such a card."""
    intent = new_intent(client, amount=amount)
    client.v1.payment_intents.confirm(intent.id, card_present(data))
    return client.v1.refunds.create({"payment_intent": intent.id})


def waiting(status: str, **changes: Any) -> dict[str, Any]:
    """A refund as it might come from elsewhere."""
    return {
        "id": "re_waiting",
        "object": "refund",
        "amount": 5_00,
        "currency": "usd",
        "status": status,
        **changes,
    }


def test_refund_that_will_fail_succeeds_at_first(server: StripeApiServer) -> None:
    client = server.client()

    refund = refunded(client, REFUND_FAILS)

    pass_time(server, LATER_S - 1)
    assert refund.status == "succeeded"
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_refund_fails_some_time_later(server: StripeApiServer) -> None:
    client = server.client()
    refund = refunded(client, REFUND_FAILS)

    pass_time(server)

    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == (
        "failed",
        "expired_or_canceled_card",
    )
    told = {event.type for event in client.v1.events.list({"limit": 5}).data}
    assert {"refund.failed", "refund.updated", "charge.refund.updated"} <= told


def test_failed_refund_gives_the_money_back_to_the_balance(
    server: StripeApiServer,
) -> None:
    client = server.client()
    refund = refunded(client, REFUND_FAILS)

    pass_time(server)

    failed = client.v1.refunds.retrieve(
        refund.id, {"expand": ["failure_balance_transaction"]}
    )
    reversal: Any = failed.failure_balance_transaction
    assert (reversal.type, reversal.amount) == ("refund_failure", 10_00)
    assert reversal.source == refund.id
    pending = client.v1.balance.retrieve().pending
    assert [funds.amount for funds in pending] == [10_00 - 32]


def test_what_came_back_can_be_refunded_again(server: StripeApiServer) -> None:
    client = server.client()
    refund = refunded(client, REFUND_FAILS)
    charge_id = str(refund.charge)
    assert client.v1.charges.retrieve(charge_id).refunded

    pass_time(server)

    charge = client.v1.charges.retrieve(charge_id)
    assert (charge.refunded, charge.amount_refunded) == (False, 0)
    assert client.v1.refunds.create({"charge": charge_id}).amount == 10_00


def test_pending_refund_succeeds_some_time_later(server: StripeApiServer) -> None:
    client = server.client()
    refund = refunded(client, REFUND_IS_PENDING)
    assert (refund.status, refund.pending_reason) == ("pending", "processing")

    pass_time(server)

    later = client.v1.refunds.retrieve(refund.id)
    assert later.status == "succeeded"
    assert "pending_reason" not in later
    updated = client.v1.events.list({"type": "refund.updated"}).data[0]
    before: Any = updated.data.previous_attributes
    assert before.to_dict() == {"pending_reason": "processing", "status": "pending"}


@pytest.mark.parametrize(
    ("data", "status"), [(REFUND_FAILS, "failed"), (REFUND_IS_PENDING, "succeeded")]
)
def test_outcome_comes_after_a_restore_too(
    server: StripeApiServer, data: bytes, status: str
) -> None:
    client = server.client()
    refund = refunded(client, data)
    dump = server.api.state.dump()
    server.api.reset()

    server.api.state.restore(dump)
    pass_time(server)

    assert client.v1.refunds.retrieve(refund.id).status == status


@pytest.mark.parametrize("data", [REFUND_FAILS, REFUND_IS_PENDING])
def test_forgotten_refund_has_no_outcome(server: StripeApiServer, data: bytes) -> None:
    refunded(server.client(), data)
    dump = server.api.state.dump()
    dump["test"]["objects"]["refund"] = []

    server.api.state.restore(dump)
    pass_time(server)

    assert server.client().v1.refunds.list().data == []


def test_refund_that_waits_for_the_customer_can_be_canceled(
    server: StripeApiServer,
) -> None:
    client = server.client()
    charge = str(paid_intent(client, amount=10_00).latest_charge)
    refund = client.v1.refunds.create({"charge": charge, "amount": 4_00})
    seed = waiting(
        "requires_action",
        charge=charge,
        balance_transaction=str(refund.balance_transaction),
    )
    server.api.state.seed([seed])

    canceled = client.v1.refunds.cancel("re_waiting")

    assert (canceled.status, canceled.failure_reason) == (
        "canceled",
        "merchant_request",
    )
    assert canceled.failure_balance_transaction is not None
    assert client.v1.events.list().data[0].type == "refund.updated"


@pytest.mark.parametrize("status", ["succeeded", "pending", "failed", "canceled"])
def test_refund_in_any_other_state_cannot_be_canceled(
    server: StripeApiServer, status: str
) -> None:
    server.api.state.seed([waiting(status)])

    with pytest.raises(stripe.InvalidRequestError, match=status):
        server.client().v1.refunds.cancel("re_waiting")


def test_no_customer_has_a_balance_to_refund_from(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})

    with pytest.raises(stripe.InvalidRequestError, match="cash balance") as caught:
        client.v1.refunds.create(
            {"origin": "customer_balance", "customer": customer.id, "currency": "usd"}
        )

    assert caught.value.param == "customer"


def test_canceled_hold_is_refunded_without_money(client: stripe.StripeClient) -> None:
    held = paid_intent(client, capture_method="manual")

    client.v1.payment_intents.cancel(held.id)

    (refund,) = client.v1.refunds.list({"payment_intent": held.id}).data
    assert (refund.amount, refund.status, refund.reason) == (10_50, "succeeded", None)
    assert refund.balance_transaction is None
    assert client.v1.balance_transactions.list().data == []


def test_refund_of_a_hold_that_ended_says_so(server: StripeApiServer) -> None:
    client = server.client()
    held = paid_intent(client, capture_method="manual")

    pass_time(server, 2 * 24 * 60 * 60)

    (refund,) = client.v1.refunds.list({"payment_intent": held.id}).data
    assert refund.reason == "expired_uncaptured_charge"


@given(
    taken=st.integers(min_value=50, max_value=10_000),
    parts=st.lists(st.integers(min_value=1, max_value=10_000), max_size=6),
)
def test_parts_are_refunded_until_nothing_is_left(
    any_server: StripeApiServer, taken: int, parts: list[int]
) -> None:
    client = any_server.client()
    charge_id = str(paid_intent(client, amount=taken).latest_charge)
    left = taken

    for part in parts:
        if part <= left:
            client.v1.refunds.create({"charge": charge_id, "amount": part})
            left -= part
        else:
            with pytest.raises(stripe.InvalidRequestError):
                client.v1.refunds.create({"charge": charge_id, "amount": part})

    charge = client.v1.charges.retrieve(charge_id)
    assert charge.amount_refunded == taken - left
    assert charge.refunded is (left == 0)


@pytest.fixture(scope="module")
def any_server(_running: StripeApiServer) -> StripeApiServer:
    """A running API with whatever objects there are."""
    return _running
