"""Seeds: objects that are there from the beginning, with ids of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from simulator_run import (
    CUSTOMER,
    INTENT,
    LIVE_KEY,
    LOCATION,
    SEEDS,
    Run,
    running,
)

from simulator.clock import ManualClock
from simulator.errors import SeedInvalid

DAY_S = 24 * 60 * 60


@pytest.fixture
async def seeded() -> AsyncIterator[Run]:
    async with running(seeds=SEEDS) as run:
        yield run


async def test_seeds_have_the_ids_they_carry(seeded: Run) -> None:
    customer = await seeded.get("customers/cus_ada")
    intent = await seeded.get("payment_intents/pi_coffee?expand[]=customer")

    assert customer["email"] == "ada@example.com"
    assert (customer["metadata"], customer["tax_exempt"]) == ({}, "none")
    assert intent["customer"] == customer
    assert intent["status"] == "requires_payment_method"


async def test_seeded_reader_takes_a_payment(seeded: Run) -> None:
    intent = await seeded.pay()

    assert (intent["status"], intent["amount_received"]) == ("succeeded", 450)


async def test_seeds_are_found_by_their_references(seeded: Run) -> None:
    readers = await seeded.get("terminal/readers?location=tml_shop")
    intents = await seeded.get("payment_intents?customer=cus_ada")

    assert [each["id"] for each in readers["data"]] == ["tmr_counter"]
    assert [each["id"] for each in intents["data"]] == ["pi_coffee"]


async def test_seeds_are_listed_in_order_of_their_creation() -> None:
    seeds = [
        {**CUSTOMER, "id": "cus_new", "created": 300},
        {**CUSTOMER, "id": "cus_old", "created": 100},
        {**CUSTOMER, "id": "cus_middle", "created": 200},
    ]
    async with running(seeds=seeds) as run:
        listed = await run.get("customers")

    assert [each["id"] for each in listed["data"]] == [
        "cus_new",
        "cus_middle",
        "cus_old",
    ]


async def test_expanded_seeds_become_objects_of_their_own() -> None:
    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": 100,
        "currency": "usd",
        "charge": "ch_1",
        "payment_intent": "pi_coffee",
        "status": "succeeded",
    }
    async with running(seeds=[{**INTENT, "customer": CUSTOMER}]) as run:
        dumped = (await run.control("GET", "dump")).content["test"]["objects"]
        intent = await run.get("payment_intents/pi_coffee")
        charge = {**_any_charge(), "refunds": {"object": "list", "data": [refund]}}
        added = await run.control("POST", "seed", [charge])
        refunds = await run.get("refunds?charge=ch_1")

    assert added.status == 204, added.content
    assert intent["customer"] == "cus_ada"
    assert [each["id"] for each in dumped["customer"]] == ["cus_ada"]
    assert [each["id"] for each in refunds["data"]] == ["re_1"]


async def test_seeded_hold_ends_by_itself() -> None:
    held = {
        **INTENT,
        "status": "requires_capture",
        "latest_charge": "ch_1",
        "amount_capturable": 450,
    }
    clock = ManualClock()
    before = int(clock.now().timestamp()) + DAY_S
    async with running(seeds=[held, _any_charge(before)], clock=clock) as run:
        clock.advance(DAY_S)

        intent = await run.get("payment_intents/pi_coffee")

    assert (intent["status"], intent["cancellation_reason"]) == (
        "canceled",
        "automatic",
    )


async def test_seeded_hold_without_an_end_is_over() -> None:
    held = {**INTENT, "status": "requires_capture", "latest_charge": "ch_1"}
    charge = {**_any_charge(), "payment_method_details": {"type": "card"}}
    clock = ManualClock()
    async with running(seeds=[held, charge], clock=clock) as run:
        clock.advance(1)

        intent = await run.get("payment_intents/pi_coffee")

    assert intent["status"] == "canceled"


async def test_live_seeds_are_in_live_mode() -> None:
    async with running(seeds=[{**CUSTOMER, "livemode": True}]) as run:
        live = await run.get("customers/cus_ada", headers=LIVE_KEY)
        test = await run.get("customers/cus_ada")

    assert live["id"] == "cus_ada"
    assert test["error"]["code"] == "resource_missing"


async def test_deleted_seed_is_known_to_be_deleted() -> None:
    gone = {"id": "cus_gone", "object": "customer", "deleted": True}
    async with running(seeds=[gone]) as run:
        assert await run.get("customers/cus_gone") == gone
        assert (await run.get("customers"))["data"] == []


async def test_secret_of_a_seeded_endpoint_is_not_shown() -> None:
    endpoint = {
        "id": "we_shop",
        "object": "webhook_endpoint",
        "url": "http://127.0.0.1:1/",
        "secret": "whsec_seeded",
    }
    async with running(seeds=[endpoint]) as run:
        shown = await run.get("webhook_endpoints/we_shop")
        dumped = (await run.control("GET", "dump")).content["test"]["objects"]

    assert "secret" not in shown
    assert dumped["simulator.webhook_secret"][0]["secret"] == "whsec_seeded"  # noqa: S105 - made up


async def test_seeded_account_default_is_the_only_one() -> None:
    default = {
        "id": "tmc_mine",
        "object": "terminal.configuration",
        "is_account_default": True,
    }
    async with running(seeds=[default]) as run:
        listed = await run.get("terminal/configurations?is_account_default=true")

    assert [each["id"] for each in listed["data"]] == ["tmc_mine"]


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        (
            [CUSTOMER, {"id": "sub_1", "object": "subscription"}],
            "seed 1: .*subscription",
        ),
        ([CUSTOMER, "cus_2"], "seed 1 is no JSON object"),
        ([{"id": "cus_1"}], "seed 0 has no 'object'"),
        ([{"object": "customer"}], "seed 0 .*customer.* has no id"),
        ([CUSTOMER, INTENT, CUSTOMER], "seed 2: cus_ada was there before, in seed 0"),
        ([{"id": "pi_1", "object": "payment_intent"}], "seed 0 .*lacks 'amount'"),
        ([{"id": "tmr_1", "object": "terminal.reader"}], "lacks 'device_type'"),
        ([{**INTENT, "status": "paid"}], "payment_intent.*paid"),
        ([{**INTENT, "amount": "450"}], "seed 0 .*has a wrong 'amount'"),
        ([{**INTENT, "amount": None}], "seed 0 .*has a wrong 'amount'"),
        ([{**INTENT, "customer": ["cus_ada"]}], "has a wrong 'customer'"),
        (
            [{**LOCATION, "address": {"city": 7}}],
            "has a wrong 'address.city'",
        ),
        ([{"id": "x", "object": "simulator.webhook_secret"}], "not simulated"),
    ],
)
async def test_seed_that_makes_no_sense_is_refused_by_its_place(
    seeds: Any, message: str
) -> None:
    with pytest.raises(SeedInvalid, match=message):
        async with running(seeds=seeds):
            pass


async def test_seeds_are_added_while_running(seeded: Run) -> None:
    await seeded.pay()

    added = await seeded.control("POST", "seed", [{**INTENT, "id": "pi_tea"}])
    again = await seeded.control("POST", "seed", [{**INTENT, "id": "pi_tea"}])

    assert added.status == 204
    assert (again.status, again.content["error"]["code"]) == (400, "seed_invalid")
    assert (await seeded.pay("pi_tea"))["status"] == "succeeded"
    assert (await seeded.get("payment_intents/pi_coffee"))["status"] == "succeeded"


async def test_reset_goes_back_to_the_seeds(seeded: Run) -> None:
    await seeded.pay()
    await seeded.post("customers", "email=b@example.com")

    await seeded.control("POST", "reset")

    assert len((await seeded.get("customers"))["data"]) == 1
    intent = await seeded.get("payment_intents/pi_coffee")
    assert intent["status"] == "requires_payment_method"


def _any_charge(capture_before: int = 0) -> dict[str, Any]:
    """A charge as the API returns it, in short."""
    return {
        "id": "ch_1",
        "object": "charge",
        "amount": 450,
        "amount_captured": 0,
        "amount_refunded": 0,
        "currency": "usd",
        "outcome": None,
        "payment_intent": "pi_coffee",
        "payment_method": "pm_1",
        "payment_method_details": {
            "type": "card_present",
            "card_present": {"capture_before": capture_before},
        },
        "status": "succeeded",
    }
