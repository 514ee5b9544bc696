"""Forms and carts before a payment, for the crash matrix."""

from __future__ import annotations

from crash_register import Register
from flow_cables import Hardware
from flow_world import World

from simulator.reader.actions import Action, PressKey, Sign, Touch
from simulator.reader.rules import Condition, Rule
from simulator.reader.screen import ReaderState

MENU = Hardware("idtech_vp6800")
PAD = Hardware("magtek_dynaflex")
"""On a stream, where a picture is one write and no packet of it is a point of death."""

QUESTIONS = {
    "inputs[0][type]": "selection",
    "inputs[0][custom_text][title]": "A bag?",
    "inputs[0][selection][choices][0][id]": "yes",
    "inputs[0][selection][choices][0][text]": "Yes",
    "inputs[1][type]": "phone",
    "inputs[1][custom_text][title]": "Phone",
    "inputs[1][required]": "true",
}
SIGNATURE = {
    "inputs[0][type]": "signature",
    "inputs[0][custom_text][title]": "Please sign",
}
CART = {
    "type": "cart",
    "cart[currency]": "usd",
    "cart[line_items][0][description]": "Tea",
    "cart[line_items][0][amount]": "1200",
    "cart[line_items][0][quantity]": "1",
    "cart[total]": "1200",
}


def answers(world: World) -> None:
    """The customer answers every question, and has a good card."""
    world.customer("visa_approved")
    _deed(world, "A bag?", Touch("Yes"))
    _deed(world, "Phone", *map(PressKey, "41791234567"), PressKey("enter"))


def signs(world: World) -> None:
    """The customer signs, and has a good card."""
    world.customer("visa_approved")
    _deed(world, "PLEASE SIGN", Sign((((20, 120), (160, 60)),)))


async def answers_and_pays(register: Register, intent: str) -> None:
    """Asks for a choice and a number, and is paid then."""
    await register.act("collect_inputs", QUESTIONS)
    await _ended_and_pays(register, intent)


async def signs_and_pays(register: Register, intent: str) -> None:
    """Has the customer sign, and is paid then."""
    await register.act("collect_inputs", SIGNATURE)
    await _ended_and_pays(register, intent)


async def shows_a_cart_and_is_paid(register: Register, intent: str) -> None:
    """Shows a cart that is replaced by a longer one, and is paid then."""
    await register.act("set_reader_display", CART)
    await register.ended()
    await register.act("set_reader_display", CART)
    await _ended_and_pays(register, intent)


async def _ended_and_pays(register: Register, intent: str) -> None:
    await register.ended()
    await register.process(intent)
    await register.ended()


def _deed(world: World, text: str, *actions: Action) -> None:
    condition = Condition("counter", text, ReaderState.WAITING_FOR_CUSTOMER)
    rule = Rule(condition, actions, after_s=0.5, times=None)
    world.simulator.rules.add(rule)
