"""collect_inputs at this machine's readers: what is asked there, and what is answered."""

from __future__ import annotations

from typing import Any

import pytest
from flow_agent import Stack
from form_scenes import (
    BAG,
    MENU,
    PAD,
    PHONE,
    SIGNATURE,
    STROKES,
    TABLE,
    asked_for,
    collected,
    customer,
    name_of,
    typed,
)
from sdk_in_process import sdk_on

from simulator.reader.actions import PressKey, Sign, Touch
from simulator.reader.screen import ReaderState


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_a_customer_chooses_types_and_skips(stack: Stack) -> None:
    guests = {"type": "numeric", "custom_text": {"title": "Guests"}}
    customer(
        stack,
        {"A bag?": (Touch("No"),), "Table": typed("12"), "Guests": (Touch("Skip"),)},
    )

    action = await collected(stack, BAG, TABLE, guests)

    assert (action.type, action.status) == ("collect_inputs", "succeeded")
    bag, table, skipped = action.collect_inputs.inputs
    assert (bag.selection.id, bag.selection.text, bag.skipped) == ("no", "No", False)
    assert (table.numeric.value, table.skipped) == ("12", False)
    assert (skipped.numeric.value, skipped.skipped) == (None, True)
    assert action.collect_inputs.metadata.to_dict() == {"order": "7"}


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_a_form_begins_without_answers(stack: Stack) -> None:
    begun = await asked_for(stack, BAG, {**TABLE, "toggles": [{"title": "Outside?"}]})

    action: Any = begun.action
    assert (action.type, action.status) == ("collect_inputs", "in_progress")
    bag, table = action.collect_inputs.inputs
    assert bag.to_dict() == {
        "custom_text": {
            "description": "Made of paper",
            "skip_button": None,
            "submit_button": None,
            "title": "A bag?",
        },
        "required": True,
        "selection": {
            "choices": [
                {"id": "yes", "style": "primary", "text": "Yes, please"},
                {"id": "no", "style": None, "text": "No"},
            ],
            "id": None,
            "text": None,
        },
        "skipped": None,
        "type": "selection",
    }
    (toggle,) = table.toggles
    assert (toggle.title, toggle.default_value, toggle.value) == (
        "Outside?",
        "disabled",
        None,
    )


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_title_description_and_buttons_are_on_the_screen(stack: Stack) -> None:
    text = {"title": "Bag?", "description": "word " * 60, "skip_button": "Later"}
    await asked_for(stack, {**BAG, "custom_text": text, "required": False})

    await stack.shown("Bag?")

    lines = stack.world.reader().screen.lines
    assert " ".join(lines[1:-3]).split() == ["word"] * 60
    assert lines[-3:] == ("Yes, please", "No", "Later")


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_a_phone_number_is_asked_for_until_it_has_its_country(
    stack: Stack,
) -> None:
    numbers = {"Phone": typed("079123"), "COUNTRY CODE": typed("0041791234567")}
    customer(stack, numbers)

    action = await collected(stack, PHONE)

    (phone,) = action.collect_inputs.inputs
    assert phone.phone.value == "+41791234567"


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_toggles_follow_their_input(stack: Stack) -> None:
    toggles = [
        {"title": "News?", "description": "By mail"},
        {"title": "Receipt?", "default_value": "enabled"},
        {"description": "Left as it is", "default_value": "enabled"},
    ]
    customer(
        stack,
        {
            "Table": typed("4"),
            "News?": (Touch("Yes"),),
            "Receipt?": (Touch("No"),),
            "Left as it is": (PressKey("cancel"),),
        },
    )

    action = await collected(stack, {**TABLE, "toggles": toggles})

    (table,) = action.collect_inputs.inputs
    assert table.numeric.value == "4"
    values = [toggle.value for toggle in table.toggles]
    assert values == ["enabled", "disabled", "enabled"]


@pytest.mark.parametrize("hardware", [PAD], ids=str)
async def test_a_signature_is_a_file_of_this_machine(stack: Stack) -> None:
    customer(stack, {"PLEASE SIGN": (Sign(STROKES),)})

    action = await collected(stack, SIGNATURE)

    (signature,) = action.collect_inputs.inputs
    file = await sdk_on(stack.agent.rest).v1.files.retrieve_async(
        signature.signature.value
    )
    assert (file.type, file.purpose) == ("svg", "customer_signature")
    assert file.expires_at is not None
    assert file.expires_at - file.created == 24 * 3600
    path = str(file.url).removeprefix("http://127.0.0.1:7345")
    content = await stack.agent.rest.get(path)
    assert content.headers["content-type"].startswith("image/svg+xml")
    assert content.body.startswith(b"<svg")
    assert len(content.body) == file.size
    assert content.body.count(b"<path") == len(STROKES)


@pytest.mark.parametrize("hardware", [PAD], ids=str)
async def test_what_is_signed_is_shown_before_it_is_signed(stack: Stack) -> None:
    await asked_for(stack, SIGNATURE)

    await stack.world.is_in(ReaderState.WAITING_FOR_CUSTOMER)

    pictures = [screen.picture for screen in stack.world.reader().history]
    assert "bitmap 320 by 240" in pictures


@pytest.mark.parametrize(
    ("hardware", "asked"),
    [(MENU, BAG), (MENU, TABLE), (PAD, {**SIGNATURE, "required": True})],
    ids=name_of,
)
async def test_a_required_input_that_is_canceled_ends_the_action(
    stack: Stack, asked: Any
) -> None:
    stack.world.when(ReaderState.WAITING_FOR_CUSTOMER, PressKey("cancel"))

    action = await collected(stack, asked)

    assert (action.status, action.failure_code) == ("failed", "customer_canceled")
    assert action.collect_inputs.inputs[0].skipped is None


@pytest.mark.parametrize(
    ("hardware", "asked"),
    [(MENU, {**BAG, "required": False}), (PAD, SIGNATURE)],
    ids=name_of,
)
async def test_the_cancel_key_skips_what_is_not_required(
    stack: Stack, asked: Any
) -> None:
    stack.world.when(ReaderState.WAITING_FOR_CUSTOMER, PressKey("cancel"))

    action = await collected(stack, asked)

    assert action.status == "succeeded"
    assert action.collect_inputs.inputs[0].skipped is True


@pytest.mark.parametrize(
    ("hardware", "asked"), [(MENU, BAG), (MENU, PHONE), (PAD, SIGNATURE)], ids=name_of
)
async def test_nobody_answers_for_two_minutes(stack: Stack, asked: Any) -> None:
    began_s = stack.world.clock.monotonic()

    action = await collected(stack, asked)

    assert (action.status, action.failure_code) == ("failed", "collect_inputs_timeout")
    assert 120 <= stack.world.clock.monotonic() - began_s < 150
    stack.world.customer("visa_approved")
    paid = await stack.agent.pay(stack.reader, await stack.agent.intent())
    assert paid["status"] == "succeeded"


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_each_answer_gives_two_minutes_more(stack: Stack) -> None:
    stack.world.when(
        ReaderState.WAITING_FOR_CUSTOMER, Touch("No"), after_s=100, times=None
    )

    action = await collected(stack, BAG, BAG, BAG)

    assert action.status == "succeeded"
