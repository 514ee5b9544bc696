"""Seeds, dumps and the state file, as register apps' tests use them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from control_client import JsonAnswer, ask

from simulator.app import Simulator, build_simulator
from simulator.clock import ManualClock
from simulator.errors import SeedInvalid, StateFileUnusable

KEY = {"authorization": "Bearer sk_test_simulator0123456789"}
LIVE_KEY = {"authorization": "Bearer sk_live_simulator0123456789"}
DAY_S = 24 * 60 * 60

CUSTOMER = {"id": "cus_ada", "object": "customer", "email": "ada@example.com"}
LOCATION = {
    "id": "tml_shop",
    "object": "terminal.location",
    "display_name": "Shop",
    "address": {
        "line1": "Unter den Linden 1",
        "city": "Berlin",
        "postal_code": "10117",
        "country": "DE",
    },
}
READER = {
    "id": "tmr_counter",
    "object": "terminal.reader",
    "device_type": "simulated_wisepos_e",
    "location": "tml_shop",
}
INTENT = {
    "id": "pi_coffee",
    "object": "payment_intent",
    "amount": 450,
    "currency": "usd",
    "customer": "cus_ada",
    "payment_method_types": ["card_present"],
}
SEEDS = [CUSTOMER, LOCATION, READER, INTENT]


class Run:
    """One simulator, asked over HTTP."""

    def __init__(self, simulator: Simulator, clock: ManualClock) -> None:
        self.simulator = simulator
        self.clock = clock

    async def get(self, path: str, *, headers: dict[str, str] = KEY) -> Any:
        """What Stripe's API answers."""
        answer = await ask(self.simulator.app, "GET", f"/v1/{path}", headers=headers)
        return answer.content

    async def post(self, path: str, form: str = "", *, key: str = "") -> Any:
        """A change that must succeed, under an idempotency key where there is one."""
        headers = KEY | ({"idempotency-key": key} if key else {})
        answer = await ask(
            self.simulator.app,
            "POST",
            f"/v1/{path}",
            body=form.encode(),
            headers=headers,
        )
        assert answer.status == 200, answer.content
        return answer.content

    async def control(self, method: str, path: str, body: object = None) -> JsonAnswer:
        """One request to the control routes."""
        return await ask(self.simulator.app, method, f"/simulator/{path}", body=body)

    async def pay(self, intent: str = "pi_coffee") -> Any:
        """A payment on the seeded reader."""
        await self.post(
            "terminal/readers/tmr_counter/process_payment_intent",
            f"payment_intent={intent}",
        )
        await self.post(
            "test_helpers/terminal/readers/tmr_counter/present_payment_method"
        )
        return await self.get(f"payment_intents/{intent}")


@contextlib.asynccontextmanager
async def running(
    *, seeds: Any = (), state: Path | None = None, clock: ManualClock | None = None
) -> AsyncIterator[Run]:
    clock = clock or ManualClock()
    simulator = build_simulator(clock=clock, seeds=seeds, state_file=state)
    async with simulator.stripe_api.running():
        yield Run(simulator, clock)


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


async def test_restored_dump_is_what_there_was(seeded: Run) -> None:
    await seeded.pay()
    await seeded.post("customers", "email=b@example.com", key="once")
    dump = (await seeded.control("GET", "dump")).content
    await seeded.control("POST", "reset")

    restored = await seeded.control("POST", "restore", dump)

    assert restored.status == 204
    assert (await seeded.control("GET", "dump")).content == dump
    repeated = await seeded.post("customers", "email=b@example.com", key="once")
    assert repeated["email"] == "b@example.com"
    assert len((await seeded.get("customers"))["data"]) == 2
    refund = await seeded.post("refunds", "payment_intent=pi_coffee")
    assert refund["status"] == "succeeded"


async def test_restored_objects_go_on_where_they_were(seeded: Run) -> None:
    form = (
        "amount=900&currency=usd&allowed_payment_method_types[]=card_present"
        "&capture_method=manual"
    )
    held = await seeded.post("payment_intents", form)
    await seeded.pay(held["id"])
    dump = (await seeded.control("GET", "dump")).content

    await seeded.control("POST", "restore", dump)
    seeded.clock.advance(3 * DAY_S)

    intent = await seeded.get(f"payment_intents/{held['id']}")
    assert (intent["status"], intent["cancellation_reason"]) == (
        "canceled",
        "automatic",
    )
    assert (await seeded.get("balance"))["available"][0]["amount"] == 0


@pytest.mark.parametrize(
    "dump",
    [
        b"null",
        [],
        {"format": 2},
        {"format": 1, "test": {}},
        {"format": 1, "test": {"objects": {"customer": [{}]}}, "live": {}},
        {"format": 1, "test": {"answers": [{}]}, "live": {}},
        {
            "format": 1,
            "test": {"objects": {"payment_intent": [{**INTENT, "status": "paid"}]}},
            "live": {},
        },
    ],
)
async def test_what_is_no_dump_changes_nothing(seeded: Run, dump: Any) -> None:
    refused = await seeded.control("POST", "restore", dump)

    assert (refused.status, refused.content["error"]["code"]) == (400, "dump_invalid")
    assert (await seeded.get("customers/cus_ada"))["id"] == "cus_ada"


async def test_body_that_is_no_json_is_refused(seeded: Run) -> None:
    refused = await seeded.control("POST", "seed", b"[")
    no_list = await seeded.control("POST", "seed", {})

    assert refused.content["error"]["code"] == "control_invalid"
    assert no_list.content["error"]["code"] == "seed_invalid"


async def test_state_file_brings_everything_back(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    async with running(seeds=SEEDS, state=state) as run:
        await run.pay()
        made = await run.post("customers", "email=b@example.com", key="once")
        gone = await run.post("customers")
        await _delete(run, f"customers/{gone['id']}")
        before = (await run.control("GET", "dump")).content

    async with running(seeds=SEEDS, state=state) as run:
        after = (await run.control("GET", "dump")).content
        repeated = await run.post("customers", "email=b@example.com", key="once")
        deleted = await run.get(f"customers/{gone['id']}")

    assert _without_times(after) == _without_times(before)
    assert repeated == made
    assert deleted["deleted"] is True


async def test_state_file_follows_resets(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    async with running(state=state) as run:
        await run.post("customers")
        await run.control("POST", "reset")
        await run.post("customers", "name=Ada")

    async with running(state=state) as run:
        assert [each["name"] for each in (await run.get("customers"))["data"]] == [
            "Ada"
        ]


async def test_state_file_is_for_the_owner_only(tmp_path: Path) -> None:
    state = tmp_path / "state.db"

    async with running(state=state):
        assert _modes(tmp_path) == {0o600}


async def test_state_file_in_use_is_refused(tmp_path: Path) -> None:
    async with running(state=tmp_path / "state.db"):
        with pytest.raises(StateFileUnusable, match="locked"):
            async with running(state=tmp_path / "state.db"):
                pass


def _foreign_files(folder: Path) -> Iterator[Path]:
    text = folder / "text"
    text.write_text("not a database, and long enough to be looked at" * 50)
    yield text
    other = folder / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE till (id)")
    yield other
    newer = folder / "newer.db"
    with contextlib.closing(sqlite3.connect(newer)) as database:
        database.execute(f"PRAGMA application_id = {0x434C5354}")
        database.execute("PRAGMA user_version = 99")
    yield newer
    yield folder / "no" / "such" / "folder.db"


async def test_foreign_state_file_is_refused(tmp_path: Path) -> None:
    for path in _foreign_files(tmp_path):
        with pytest.raises(StateFileUnusable):
            async with running(state=path):
                pass


@pytest.mark.parametrize(
    "content", ["{", '[[false,"customer","cus_1",{},null]]', "[[false,{}]]", "[7]"]
)
async def test_damaged_state_file_is_refused(tmp_path: Path, content: str) -> None:
    state = tmp_path / "state.db"
    async with running(state=state, seeds=SEEDS):
        pass
    with contextlib.closing(sqlite3.connect(state)) as database:
        database.execute("UPDATE change SET content = ?", (content,))
        database.commit()

    with pytest.raises(StateFileUnusable, match="damaged"):
        async with running(state=state):
            pass


def _modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


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


async def _delete(run: Run, path: str) -> None:
    await ask(run.simulator.app, "DELETE", f"/v1/{path}", headers=KEY)


def _without_times(dump: Any) -> Any:
    """A dump but for when its answers were given, which another clock measures."""
    for mode in ("test", "live"):
        for answer in dump[mode]["answers"]:
            del answer["started_at"]
    return dump
