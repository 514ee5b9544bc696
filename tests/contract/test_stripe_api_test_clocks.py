"""Test clocks, through the official client."""

from __future__ import annotations

import pytest
import stripe
from stripe_api_server import LIVE_KEY, StripeApiServer, serving
from stripe_sdk_types import violations

from simulator.clock import ManualClock

pytest_plugins = ("stripe_api_fixtures",)

DAY = 24 * 60 * 60
START = 1_767_225_600


@pytest.fixture
def clock(client: stripe.StripeClient) -> stripe.test_helpers.TestClock:
    return client.v1.test_helpers.test_clocks.create(
        {"frozen_time": START, "name": "Year"}
    )


def test_clock_is_what_the_sdk_declares(
    client: stripe.StripeClient, clock: stripe.test_helpers.TestClock
) -> None:
    clocks = client.v1.test_helpers.test_clocks

    assert (clock.frozen_time, clock.name, clock.status) == (START, "Year", "ready")
    assert list(violations(clock.to_dict(), stripe.test_helpers.TestClock)) == []
    assert clocks.retrieve(clock.id) == clock
    assert clocks.list().data == [clock]


def test_advanced_clock_is_ready_at_the_next_look(
    client: stripe.StripeClient, clock: stripe.test_helpers.TestClock
) -> None:
    clocks = client.v1.test_helpers.test_clocks

    advancing = clocks.advance(clock.id, {"frozen_time": START + DAY})
    arrived = clocks.retrieve(clock.id)

    assert (advancing.status, advancing.frozen_time) == ("advancing", START)
    assert list(violations(advancing.to_dict(), stripe.test_helpers.TestClock)) == []
    assert (arrived.status, arrived.frozen_time) == ("ready", START + DAY)
    types = [event.type for event in client.v1.events.list().data]
    assert types == [
        "test_helpers.test_clock.ready",
        "test_helpers.test_clock.advancing",
        "test_helpers.test_clock.created",
    ]


@pytest.mark.parametrize("target", [START, START - DAY, START + 3 * 365 * DAY])
def test_clock_goes_neither_back_nor_too_far(
    client: stripe.StripeClient, clock: stripe.test_helpers.TestClock, target: int
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": target})

    assert caught.value.param == "frozen_time"


def test_deleted_clock_is_unknown(
    client: stripe.StripeClient, clock: stripe.test_helpers.TestClock
) -> None:
    clocks = client.v1.test_helpers.test_clocks

    deleted = clocks.delete(clock.id)

    assert deleted.deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="No such test clock"):
        clocks.retrieve(clock.id)


def test_customers_go_with_their_clock(
    client: stripe.StripeClient, clock: stripe.test_helpers.TestClock
) -> None:
    made = client.v1.customers.create({"test_clock": clock.id})
    other = client.v1.customers.create()
    joined = client.v1.test_helpers.test_clocks.create(
        {"frozen_time": START, "customer": other.id}
    )

    listed = client.v1.customers.list({"test_clock": clock.id})
    client.v1.test_helpers.test_clocks.delete(clock.id)

    assert made.test_clock == clock.id
    assert [customer.id for customer in listed.data] == [made.id]
    assert client.v1.customers.retrieve(made.id).deleted
    assert client.v1.customers.retrieve(other.id).test_clock == joined.id


def test_clock_is_deleted_after_thirty_days() -> None:
    with serving() as server:
        assert isinstance(server.clock, ManualClock)
        clocks = server.client().v1.test_helpers.test_clocks
        clocks.delete(clocks.create({"frozen_time": START}).id)
        clock = clocks.create({"frozen_time": START})

        server.clock.advance(clock.deletes_after - clock.created)

        assert clocks.list().data == []


def test_live_mode_has_no_test_clocks(server: StripeApiServer) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="test mode"):
        server.client(LIVE_KEY).v1.test_helpers.test_clocks.create(
            {"frozen_time": START}
        )
