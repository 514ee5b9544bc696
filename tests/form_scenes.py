"""Forms on readers: what is asked, what customers do, and what a register sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import stripe
from flow_agent import Stack
from flow_cables import Hardware
from sdk_in_process import sdk_on

from drivers.wires import WireKind
from simulator.reader.actions import Action, PressKey
from simulator.reader.rules import Condition, Rule
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


def name_of(parameter: Any) -> str:
    """What a test's parameter is called: an input by its type."""
    return str(parameter["type"] if isinstance(parameter, dict) else parameter)


def customer(stack: Stack, deeds: Mapping[str, tuple[Action, ...]]) -> None:
    """What the customer does once, when the reader asks this."""
    for text, actions in deeds.items():
        condition = Condition("counter", text, ReaderState.WAITING_FOR_CUSTOMER)
        stack.world.simulator.rules.add(Rule(condition, actions, after_s=0.5))


async def asked_for(stack: Stack, *inputs: Any) -> Any:
    """The reader, which begins to ask; raises what the SDK makes of a refusal."""
    readers = sdk_on(stack.agent.rest).v1.terminal.readers
    params: Any = {"inputs": list(inputs), "metadata": {"order": "7"}}
    return await readers.collect_inputs_async(stack.reader, params)


def refusal_of(error: stripe.StripeError) -> Any:
    """Stripe's error object in an answer."""
    body: Any = error.json_body
    return body["error"]


async def collected(stack: Stack, *inputs: Any) -> Any:
    """The action at its end."""
    await asked_for(stack, *inputs)
    await stack.agent.ended(stack.reader)
    return await shown(stack)


async def shown(stack: Stack) -> Any:
    """The reader's action, as the SDK reads it."""
    reader = await sdk_on(stack.agent.rest).v1.terminal.readers.retrieve_async(
        stack.reader
    )
    return reader.action
