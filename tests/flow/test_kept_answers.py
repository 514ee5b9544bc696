"""What customers answer at a reader is personal: where it is kept, and for how long."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flow_agent import Stack, good, running_agent
from flow_world import running_world
from form_scenes import (
    BAG,
    MENU,
    PAD,
    PHONE,
    SIGNATURE,
    STROKES,
    collected,
    customer,
    shown,
    typed,
)

from agent.journal.backup import back_up
from simulator.reader.actions import Sign, Touch

NUMBER = "41791234567"
FORM = {
    "inputs[0][type]": "phone",
    "inputs[0][custom_text][title]": "Phone",
    "inputs[0][required]": "true",
}


def path_of(stack: Stack) -> str:
    return f"/v1/terminal/readers/{stack.reader}/collect_inputs"


def files_with(text: str, folder: Path) -> list[str]:
    """The files of the folder that hold this, in any form a search would find."""
    return [
        file.name
        for file in sorted(folder.rglob("*"))
        if file.is_file() and text.encode() in file.read_bytes()
    ]


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_answers_are_in_no_entry_event_or_log(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    customer(stack, {"Phone": typed(NUMBER)})

    action = await collected(stack, PHONE)

    assert action.collect_inputs.inputs[0].phone.value == f"+{NUMBER}"
    told = good(await stack.agent.rest.get("/v1/events?limit=100"))["data"]
    assert [one["type"] for one in told].count("terminal.reader.action_succeeded") == 1
    entries = good(await stack.agent.rest.get("/agent/journal?limit=100"))
    ours = [one for one in caplog.records if one.name.startswith("cardlane")]
    assert ours
    for kept in (told, entries, [vars(one) for one in ours]):
        assert NUMBER not in str(kept)


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_who_waits_for_the_end_gets_the_answers(stack: Stack) -> None:
    customer(stack, {"Phone": typed(NUMBER)})
    headers = {"prefer": "wait=60", "idempotency-key": "once"}

    answer = await stack.agent.rest.post(path_of(stack), FORM, headers)
    again = await stack.agent.rest.post(path_of(stack), FORM, headers)

    (asked,) = good(answer)["action"]["collect_inputs"]["inputs"]
    assert asked["phone"]["value"] == f"+{NUMBER}"
    # What is kept for a repeat is what was answered at first: nobody's number.
    assert again.headers["idempotent-replayed"] == "true"
    assert good(again)["action"]["status"] == "in_progress"
    assert NUMBER.encode() not in again.body
    assert (await shown(stack)).collect_inputs.inputs[0].phone.value == f"+{NUMBER}"


async def test_answers_survive_a_restart(tmp_path: Path) -> None:
    async with running_world({"counter": MENU}) as world:
        async with running_agent(world, tmp_path) as agent:
            reader = await agent.register(MENU.code("counter"))
            stack = Stack(world, agent, reader)
            customer(stack, {"Phone": typed(NUMBER)})
            await collected(stack, PHONE)
        async with running_agent(world, tmp_path) as agent:
            action = await shown(Stack(world, agent, reader))

    assert action.status == "succeeded"
    assert action.collect_inputs.inputs[0].phone.value == f"+{NUMBER}"


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_a_copy_of_the_journal_holds_no_answers(
    stack: Stack, tmp_path: Path
) -> None:
    customer(stack, {"Phone": typed(NUMBER)})
    await collected(stack, PHONE)
    journal, copy = stack.agent.journal.disk.path, tmp_path / "copy" / "copy.db"
    copy.parent.mkdir()

    await back_up(journal, copy, clock=stack.world.clock)

    assert files_with(NUMBER, copy.parent) == []


@pytest.mark.parametrize("hardware", [PAD], ids=str)
async def test_a_signature_of_somebody_else_is_not_found(stack: Stack) -> None:
    customer(stack, {"PLEASE SIGN": (Sign(STROKES),)})
    action = await collected(stack, SIGNATURE)
    own = action.collect_inputs.inputs[0].signature.value

    answer = await stack.agent.rest.get(f"/v1/files/{own}x/contents")

    assert (answer.status, answer.error["code"]) == (404, "resource_missing")


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_canceling_hides_the_answers(stack: Stack) -> None:
    customer(stack, {"A bag?": (Touch("No"),)})
    await collected(stack, BAG)

    good(await stack.agent.cancel(stack.reader))

    assert await shown(stack) is None
