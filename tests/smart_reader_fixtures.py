"""The shop with smart readers as fixtures; a test module names this in pytest_plugins.

Fixtures of plugins are everyone's, so these have names of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe
from smart_reader_shop import SmartReaderShop, open_shop


@pytest.fixture(scope="session")
def _open_shop() -> Iterator[SmartReaderShop]:
    with open_shop() as shop:
        yield shop


@pytest.fixture
def shop(_open_shop: SmartReaderShop) -> Iterator[SmartReaderShop]:
    """A running API without any objects; its answers are what the SDK declares."""
    _open_shop.api.reset()
    _open_shop.witness.seen.clear()
    yield _open_shop
    assert list(_open_shop.witness.problems()) == []


@pytest.fixture
def till(shop: SmartReaderShop) -> stripe.StripeClient:
    """The official client of that API, in test mode."""
    return shop.client()
