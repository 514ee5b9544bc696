"""Accounts are added, changed and taken out of service while others take payments."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from captured_log import captured_log
from code_scenes import code_of
from flow_accounts import OTHER_KEY, Hall, running_hall
from flow_agent import Agent, good
from flow_cables import DYNAPROX
from flow_world import World, running_world

from agent.payments.states import Phase
from simulator.cards.card import Entry
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import LoseReply

FIRST, SECOND = "serial:/dev/first", "serial:/dev/second"
NEW_KEY = "rk_test_" + "renewed" * 4


@pytest_asyncio.fixture
async def worlds() -> AsyncIterator[tuple[World, World]]:
    """The machine with two readers, and the Stripe of another merchant."""
    async with AsyncExitStack() as stack:
        readers = {"first": DYNAPROX, "second": DYNAPROX}
        world = await stack.enter_async_context(running_world(readers))
        yield world, await stack.enter_async_context(running_world(seed=2))


@pytest_asyncio.fixture
async def hall(worlds: tuple[World, World], tmp_path: Path) -> AsyncIterator[Hall]:
    async with running_hall(worlds[0], tmp_path) as running:
        yield running


async def waiting_for_card(agent: Agent, hall: Hall, reader: str, name: str) -> str:
    """An intent whose payment waits for a card at the reader."""
    intent = await agent.intent()
    await agent.begin(reader, intent)
    await hall.world.is_in(ReaderState.WAITING_FOR_CARD, reader=name)
    return intent


async def test_accounts_come_and_go_while_another_takes_a_payment(
    hall: Hall, worlds: tuple[World, World]
) -> None:
    first = await hall.own.register(FIRST)
    hall.world.nobody()
    intent = await waiting_for_card(hall.own, hall, first, "first")

    other = await hall.add("stall-2", stripe=worlds[1])
    second = await other.register(SECOND)
    (hall.files / "stall-2.toml").unlink()
    await hall.accounts.reload()

    card = hall.world.simulator.cards.named("visa_approved")
    hall.world.reader("first").present_card(card, Entry.CONTACT)
    assert (await hall.own.ended(first))["status"] == "succeeded"
    assert await hall.world.taken(intent) == [12_00]
    assert hall.names() == []
    gone = await other.rest.get(f"/v1/terminal/readers/{second}")
    assert (gone.status, code_of(gone)) == (401, "local_key_invalid")
    assert await hall.own.register(SECOND)


async def test_an_account_that_goes_lets_its_charge_end_first(
    hall: Hall, worlds: tuple[World, World]
) -> None:
    other = await hall.add("stall-2", stripe=worlds[1])
    reader = await other.register(SECOND)
    worlds[0].customer(reader="second")
    intent = await other.intent()
    await other.begin(reader, intent)
    await other.until(reader, Phase.CONFIRMING)
    (hall.files / "stall-2.toml").unlink()

    await hall.accounts.reload()

    assert hall.names() == []
    assert await worlds[1].taken(intent) == [12_00]
    hall.write("stall-2", stripe=worlds[1])
    await hall.accounts.reload()
    back = await hall.agent("stall-2")
    (paid,) = good(await back.rest.get("/agent/payments"))["payments"]
    assert paid["outcome"] == "succeeded"


async def test_nobody_is_charged_by_an_account_that_goes_before_the_card(
    hall: Hall, worlds: tuple[World, World]
) -> None:
    other = await hall.add("stall-2", stripe=worlds[1])
    reader = await other.register(SECOND)
    intent = await waiting_for_card(other, hall, reader, "second")
    (hall.files / "stall-2.toml").unlink()

    await hall.accounts.reload()

    assert hall.names() == []
    assert await worlds[1].taken(intent) == []
    await worlds[0].is_in(ReaderState.IDLE, reader="second")


async def test_an_account_stays_while_nobody_knows_what_was_charged(
    hall: Hall, worlds: tuple[World, World]
) -> None:
    other = await hall.add("stall-2", stripe=worlds[1])
    reader = await other.register(SECOND)
    worlds[0].customer(reader="second")
    intent = await other.intent()
    worlds[1].stripe_fault(LoseReply(), times=None)
    await other.begin(reader, intent)
    await other.until(reader, Phase.UNKNOWN)
    (hall.files / "stall-2.toml").unlink()

    await hall.accounts.reload()
    refused = hall.problem("stall-2")
    worlds[1].mend_stripe()
    await other.ended(reader)
    await hall.accounts.reload()

    assert refused == "account_unsettled"
    assert hall.names() == []


async def test_a_closing_account_answers_questions_and_begins_nothing(
    hall: Hall, worlds: tuple[World, World]
) -> None:
    other = await hall.add("stall-2", stripe=worlds[1])
    reader = await other.register(SECOND)
    worlds[0].customer(reader="second")
    intent, next_intent = await other.intent(), await other.intent()
    await other.begin(reader, intent)
    await other.until(reader, Phase.CONFIRMING)
    (hall.files / "stall-2.toml").unlink()
    reloading = asyncio.create_task(hall.accounts.reload())
    await other.until_true(lambda: hall.status("stall-2") == "closing")

    refused = await other.process(reader, next_intent)
    seen = await other.rest.get(f"/v1/terminal/readers/{reader}")

    assert (refused.status, code_of(refused)) == (503, "account_closing")
    assert seen.status == 200
    await reloading


async def test_a_bad_file_is_told_of_and_others_work_on(hall: Hall) -> None:
    good_file = hall.write("stall-2")
    (hall.files / "bad.toml").write_text('mode = "tset"\n')
    (hall.files / "whose.toml").write_text('mode = "test"\n[rest]\nport = 1\n')

    shown = await hall.operators(action="reload")

    problems = {one["name"]: one["problem"] for one in shown}
    assert hall.names() == ["stall-2"]
    assert problems[None] is problems["stall-2"] is None
    assert problems["bad"]["code"] == problems["whose"]["code"] == "settings_invalid"
    assert "bad.toml: mode" in problems["bad"]["message"]
    assert "rest is of the whole agent" in problems["whose"]["message"]
    health = (await hall.own.rest.get("/agent/health/ready")).json()
    assert {one.get("account") for one in health["causes"]} >= {"bad", "whose"}
    good_file.write_text("mode = ")
    await hall.accounts.reload()
    assert hall.names() == ["stall-2"]
    assert hall.problem("stall-2") == "settings_invalid"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"mode": "live"}, "its Stripe key is of test mode, its settings say live"),
        ({"key": "sk_test_" + "simulated" * 4}, "the very Stripe key of"),
        ({"key": "nothing"}, "not a Stripe key"),
        ({"more": "[fleet]\nbroker = 'mqtt://localhost'\n"}, "fleet.machine"),
    ],
)
async def test_an_account_that_is_mixed_up_does_not_begin(
    hall: Hall, written: dict[str, Any], told: str
) -> None:
    hall.write("mixed", **written)

    (_, shown) = await hall.operators(action="reload")

    assert told in shown["problem"]["message"]
    assert shown["problem"]["remedy"]
    assert hall.names() == []


async def test_a_copied_journal_is_not_taken_for_an_account(hall: Hall) -> None:
    await hall.add("stall-2")
    state = hall.folder / "accounts"
    (hall.files / "stall-2.toml").unlink()
    await hall.accounts.reload()
    hall.write("stall-3", key=NEW_KEY)
    (state / "stall-2" / "journal.db").rename(state / "stall-3" / "journal.db")
    await hall.accounts.reload()
    (state / "stall-2" / "journal.db").write_bytes(
        (state / "stall-3" / "journal.db").read_bytes()
    )

    await hall.add("stall-4", key="rk_test_" + "third" * 6)
    hall.write("stall-2")
    await hall.accounts.reload()

    assert hall.problem("stall-2") == "settings_invalid"
    assert hall.names() == ["stall-3", "stall-4"]


async def test_a_failed_account_is_tried_again_without_being_told(hall: Hall) -> None:
    file = hall.write("stall-2", key="nothing")
    await hall.accounts.reload()
    failed = hall.names()

    (hall.folder / "accounts" / "stall-2" / "stripe_api_key").write_text(OTHER_KEY)
    await hall.world.passed(31)

    assert (failed, hall.names()) == ([], ["stall-2"])
    assert file.exists()
    assert hall.problem("stall-2") is None


async def test_listeners_of_an_account_that_goes_hear_the_end(hall: Hall) -> None:
    other = await hall.add("stall-2")
    listening = asyncio.create_task(other.rest.get("/agent/events"))
    await hall.world.passed(1)
    (hall.files / "stall-2.toml").unlink()

    await hall.accounts.reload()

    assert (await listening).status == 200


async def test_new_settings_of_an_account_are_taken_up(hall: Hall) -> None:
    other = await hall.add("stall-2")
    reader = await other.register(SECOND)
    hall.write("stall-2", more="[payments]\ncard_timeout_s = 7\n")

    await hall.accounts.reload()

    services = hall.accounts.others["stall-2"]
    assert services.settings.payments.card_timeout_s == 7
    back = await hall.agent("stall-2")
    await back.until_online(reader)


async def test_an_account_keeps_its_mode(hall: Hall) -> None:
    await hall.add("stall-2")
    hall.write("stall-2", mode="live", key="rk_live_" + "elsewhere" * 4)

    await hall.accounts.reload()

    assert hall.problem("stall-2") == "settings_invalid"
    assert hall.names() == ["stall-2"]


async def test_a_folder_that_vanishes_takes_nobody_out_of_service(hall: Hall) -> None:
    await hall.add("stall-2")
    hall.files.rename(hall.folder / "elsewhere")

    await hall.accounts.reload()

    assert hall.names() == ["stall-2"]
    assert hall.problem(None) == "settings_invalid"


async def test_the_log_names_the_account(hall: Hall) -> None:
    with captured_log() as lines:
        other = await hall.add("stall-2")
        await other.register(SECOND)
        await hall.own.register(FIRST)

    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    online = [line for line in logged if line["event"] == "reader.status"]
    assert [line.get("account") for line in online] == ["stall-2", None]
