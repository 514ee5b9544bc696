"""The simulated Stripe API as fixtures; a test module names this in pytest_plugins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe
from stripe_api_server import StripeApiServer, serving


@pytest.fixture(scope="session")
def _running() -> Iterator[StripeApiServer]:
    with serving() as running:
        yield running


@pytest.fixture
def server(_running: StripeApiServer) -> Iterator[StripeApiServer]:
    """A running API without any objects; all its answers must be as the SDK says."""
    _running.api.reset()
    _running.issuer.asked.clear()
    _running.issuer.decline_code = ""
    _running.witness.seen.clear()
    yield _running
    assert list(_running.witness.problems()) == []


@pytest.fixture
def client(server: StripeApiServer) -> stripe.StripeClient:
    """The official client of that API, in test mode."""
    return server.client()
