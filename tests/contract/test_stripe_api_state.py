"""Dumps and the state file, as register apps' tests use them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from control_client import ask
from simulator_run import INTENT, KEY, SEEDS, Run, running

from simulator.errors import StateFileUnusable

DAY_S = 24 * 60 * 60


@pytest.fixture
async def seeded() -> AsyncIterator[Run]:
    async with running(seeds=SEEDS) as run:
        yield run


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


async def _delete(run: Run, path: str) -> None:
    await ask(run.simulator.app, "DELETE", f"/v1/{path}", headers=KEY)


def _without_times(dump: Any) -> Any:
    """A dump but for when its answers were given, which another clock measures."""
    for mode in ("test", "live"):
        for answer in dump[mode]["answers"]:
            del answer["started_at"]
    return dump
