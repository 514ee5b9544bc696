"""The test clock as an object."""

from __future__ import annotations

from typing import Any, TypedDict

from simulator.stripe_api.engine.store import Kind


class TestClock(TypedDict):
    """Stripe's TestClock."""

    id: str
    object: str
    created: int
    deletes_after: int
    frozen_time: int
    livemode: bool
    name: str | None
    status: str
    status_details: dict[str, Any]


TEST_CLOCKS = Kind[TestClock](
    name="test_helpers.test_clock", prefix="clock", noun="test clock", shape=TestClock
)
