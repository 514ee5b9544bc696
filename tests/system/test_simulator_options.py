"""What `cardlane-simulator serve` begins with, and whom it tells, as options say."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import stripe
from stripe_wire import StripeWire

from examples.launch import call, expect, running

pytestmark = pytest.mark.slow

SERVE = (sys.executable, "-m", "simulator", "serve", "--port", "0")
CUSTOMER = {"id": "cus_ada", "object": "customer", "email": "ada@example.com"}


@contextmanager
def served(folder: Path, *options: str | Path) -> Iterator[str]:
    """The URL of a simulator that has said it is ready; its log goes to `folder`."""
    with running([*SERVE, *options], log=folder / "simulator.log") as process:
        yield process.line_with("ready").split()[2]


def refused(*options: str | Path) -> str:
    """What a start that fails says on standard error."""
    ended = subprocess.run(
        [*SERVE, *options], capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    return ended.stderr


def client_of(url: str) -> stripe.StripeClient:
    return stripe.StripeClient("sk_test_anything", base_addresses={"api": url})


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    path = tmp_path / "seeds.json"
    path.write_text(json.dumps([CUSTOMER]))
    return path


def test_state_goes_on_where_it_was_and_seeds_begin_it(
    tmp_path: Path, seeds: Path
) -> None:
    options = ("--seed", seeds, "--state", tmp_path / "state.db")
    with served(tmp_path, *options) as url:
        client_of(url).v1.customers.update("cus_ada", {"email": "b@example.com"})

    with served(tmp_path, *options) as url:
        customer = client_of(url).v1.customers.retrieve("cus_ada")

    assert customer.email == "b@example.com"


def test_seed_of_an_unknown_type_is_refused_by_its_index(seeds: Path) -> None:
    unknown = {"id": "sub_1", "object": "subscription"}
    seeds.write_text(json.dumps([CUSTOMER, unknown]))

    assert refused("--seed", seeds) == (
        "cardlane-simulator: seed 1: objects of type 'subscription' are not simulated\n"
    )


def test_foreign_state_file_is_left_alone(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("not a database" * 100)

    assert "notes.txt" in refused("--state", notes)
    assert notes.read_text() == "not a database" * 100


async def test_webhooks_go_to_this_machine(tmp_path: Path) -> None:
    async with StripeWire().open() as hook:
        with served(tmp_path) as url:
            endpoint: Any = {"url": hook.url, "enabled_events": ["*"]}
            client = client_of(url).v1
            # The official client blocks, and the receiver is in this loop.
            made = await asyncio.to_thread(client.webhook_endpoints.create, endpoint)
            await asyncio.to_thread(client.customers.create)
            log = f"{url}/simulator/webhooks?settled=true"
            expect(await asyncio.to_thread(call, log))

    (received,) = hook.received
    event = stripe.Webhook.construct_event(
        received.body, received.headers["stripe-signature"], made.secret
    )
    assert event.type == "customer.created"
