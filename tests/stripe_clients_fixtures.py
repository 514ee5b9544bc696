"""Stripe's official clients as fixtures.

A test module names this and stripe_api_fixtures in pytest_plugins.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from stripe_api_server import StripeApiServer
from stripe_clients import COMMAND_LINE, ApiClient, clients

LIBRARIES = ["python", "python-older", "node"]
ALL = [*LIBRARIES, "cli"]


class Clients:
    """The clients that tests have asked for so far, kept running."""

    def __init__(self, url: str, home: Path) -> None:
        """All call the API at `url`; the CLI keeps its settings in `home`."""
        self._makers = clients(url, home)
        self._running: dict[str, ApiClient] = {}
        self._stack = ExitStack()

    def named(self, name: str) -> ApiClient:
        """The client of that name, started when first asked for."""
        if name not in self._running:
            self._running[name] = self._stack.enter_context(self._makers[name]())
        return self._running[name]

    def close(self) -> None:
        """End them all."""
        self._stack.close()


@pytest.fixture(scope="session")
def running_clients(
    _running: StripeApiServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clients]:
    started = Clients(_running.url, tmp_path_factory.mktemp("stripe-cli"))
    yield started
    started.close()


@pytest.fixture(params=ALL)
def api(
    request: pytest.FixtureRequest, server: StripeApiServer, running_clients: Clients
) -> ApiClient:
    """Any official client, of an account without any objects."""
    if request.param == "cli" and not COMMAND_LINE.exists():
        pytest.skip("the lock file has no Stripe CLI for this machine")
    return running_clients.named(request.param)


@pytest.fixture(params=LIBRARIES)
def library(
    request: pytest.FixtureRequest, server: StripeApiServer, running_clients: Clients
) -> ApiClient:
    """Any official SDK: with headers, retries, pages followed and so on."""
    return running_clients.named(request.param)
