"""collect_inputs at this machine's readers: what can be asked there, and the answers."""

from __future__ import annotations

from typing import Any

import pytest
from flow_agent import Stack
from flow_cables import Hardware
from sdk_in_process import sdk_on

from drivers.wires import WireKind
from simulator.reader.actions import Action, PressKey, Touch
from simulator.reader.screen import ReaderState

MENU = Hardware("idtech_vp6800")
PAD = Hardware("magtek_dynaflex", WireKind.HID)
TITLE: Any = {"title": "Please tell us"}
BAG: Any = {
    "type": "selection",
    "custom_text": {"title": "A bag?", "description": "Made of paper"},
    "selection": {
        "choices": [
            {"id": "yes", "text": "Yes, please", "style": "primary"},
            {"id": "no", "text": "No"},
        ]
    },
    "required": True,
}
TABLE: Any = {"type": "numeric", "custom_text": {"title": "Table"}, "required": True}
PHONE: Any = {"type": "phone", "custom_text": {"title": "Phone"}, "required": True}
SIGNATURE: Any = {"type": "signature", "custom_text": {"title": "Please sign"}}
STROKES = (((20, 120), (160, 60)), ((200, 60), (300, 120)))


def typed(digits: str) -> tuple[Action, ...]:
    return (*map(PressKey, digits), PressKey("enter"))


def customer(stack: Stack, *deeds: tuple[Action, ...]) -> None:
    """What the customer does, one after the other, whenever the reader asks."""
    for actions in deeds:
        stack.world.when(ReaderState.WAITING_FOR_CUSTOMER, *actions, after_s=0.5)


async def collected(stack: Stack, *inputs: Any) -> Any:
    """The action at its end."""
    sdk = sdk_on(stack.agent.rest)
    await sdk.v1.terminal.readers.collect_inputs_async(
        stack.reader, {"inputs": list(inputs), "metadata": {"order": "7"}}
    )
    await stack.agent.ended(stack.reader)
    return await shown(stack)


async def shown(stack: Stack) -> Any:
    """The reader's action, as the SDK reads it."""
    reader = await sdk_on(stack.agent.rest).v1.terminal.readers.retrieve_async(
        stack.reader
    )
    return reader.action


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_a_customer_chooses_types_and_skips(stack: Stack) -> None:
    optional = {**TABLE, "required": False}
    customer(stack, (Touch("No"),), typed("12"), (Touch("Skip"),))

    action = await collected(stack, BAG, TABLE, optional)

    assert (action.type, action.status) == ("collect_inputs", "succeeded")
    bag, table, skipped = action.collect_inputs.inputs
    assert (bag.selection.id, bag.selection.text, bag.skipped) == ("no", "No", False)
    assert (table.numeric.value, table.skipped) == ("12", False)
    assert (skipped.numeric.value, skipped.skipped) == (None, True)
    assert action.collect_inputs.metadata.to_dict() == {"order": "7"}
