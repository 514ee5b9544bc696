"""set_reader_display at this machine's readers: shown, replaced, cleared, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import stripe
from flow_agent import Stack, good, running_agent
from flow_cables import DYNAPROX, Hardware
from flow_world import running_world
from form_scenes import BAG, MENU, collected, customer, refusal_of
from sdk_in_process import sdk_on

from drivers.wires import WireKind
from simulator.faults import WireFaults
from simulator.reader.actions import Touch
from simulator.reader.screen import ReaderState

SCREENS = [DYNAPROX, Hardware("magtek_dynaflex", WireKind.HID), MENU]
NO_SCREENS = [
    Hardware("idtech_vp3300"),
    Hardware("idtech_kiosk_iii"),
    Hardware("magtek_dynaflex_ii_go", WireKind.BLE),
]
CART: Any = {
    "currency": "EUR",
    "line_items": [
        {"description": "Café crème", "amount": 350, "quantity": 1},
        {"description": "茶", "amount": 300, "quantity": 2},
    ],
    "tax": 50,
    "total": 700,
}


async def display(stack: Stack, cart: Any = CART) -> Any:
    """The reader's action once the cart is shown."""
    readers = sdk_on(stack.agent.rest).v1.terminal.readers
    await readers.set_reader_display_async(stack.reader, {"type": "cart", "cart": cart})
    await stack.agent.ended(stack.reader)
    return await shown(stack)


async def shown(stack: Stack) -> Any:
    readers = sdk_on(stack.agent.rest).v1.terminal.readers
    return (await readers.retrieve_async(stack.reader)).action


def shows_it(stack: Stack) -> bool:
    """Whether there is anything like a cart on the screen."""
    screen = stack.world.reader().screen
    return bool(screen.picture) or any("Total" in line for line in screen.lines)


@pytest.mark.parametrize("hardware", SCREENS, ids=str)
async def test_a_cart_is_shown_and_told_back(stack: Stack) -> None:
    action = await display(stack)

    assert (action.type, action.status) == ("set_reader_display", "succeeded")
    assert action.set_reader_display.type == "cart"
    assert action.set_reader_display.cart.to_dict() == {**CART, "currency": "eur"}
    assert shows_it(stack)
    assert stack.world.reader().screen.state is ReaderState.IDLE


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_a_cart_reads_as_it_was_sent(stack: Stack) -> None:
    await display(stack)

    words = [" ".join(line.split()) for line in stack.world.reader().screen.lines]
    assert words == ["1 Café crème 3.50", "2 ? 3.00", "Tax 0.50", "Total 7.00 EUR"]


@pytest.mark.parametrize("hardware", SCREENS, ids=str)
async def test_canceling_clears_the_screen(stack: Stack) -> None:
    await display(stack)

    canceled = good(await stack.agent.cancel(stack.reader))

    assert canceled["action"] is None
    assert not shows_it(stack)
    assert stack.world.reader().screen.lines == ("WELCOME",)


@pytest.mark.parametrize("hardware", SCREENS, ids=str)
async def test_the_next_payment_takes_the_screen(stack: Stack) -> None:
    await display(stack)
    stack.world.customer("visa_approved")

    paid = await stack.agent.pay(stack.reader, await stack.agent.intent())

    assert paid["status"] == "succeeded"
    assert not shows_it(stack)


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_a_longer_cart_takes_the_place_of_the_shorter(stack: Stack) -> None:
    item = {"description": "Tea", "amount": 100, "quantity": 1}
    await display(stack, {"currency": "usd", "line_items": [item], "total": 100})

    action = await display(
        stack, {"currency": "usd", "line_items": [item] * 3, "total": 300}
    )

    assert action.set_reader_display.cart.total == 300
    assert len(stack.world.reader().screen.lines) == 4


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_a_form_takes_the_place_of_a_cart(stack: Stack) -> None:
    await display(stack)
    customer(stack, {"A bag?": (Touch("No"),)})

    action = await collected(stack, BAG)

    assert action.status == "succeeded"
    assert not shows_it(stack)


@pytest.mark.parametrize("hardware", SCREENS, ids=str)
async def test_a_cart_takes_the_place_of_a_payment_that_waits_for_its_card(
    stack: Stack,
) -> None:
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)

    action = await display(stack)

    assert action.status == "succeeded"
    assert shows_it(stack)
    assert await stack.taken(intent) == []


async def test_no_event_tells_of_a_cart(stack: Stack) -> None:
    await display(stack)

    told = good(await stack.agent.rest.get("/v1/events?limit=100"))["data"]
    assert not [one for one in told if one["type"].startswith("terminal.reader.")]


@pytest.mark.parametrize("hardware", NO_SCREENS, ids=str)
async def test_a_reader_without_a_screen_says_so(stack: Stack) -> None:
    entries = stack.agent.journal.kinds()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await display(stack)

    error = refusal_of(refusal.value)
    assert error["code"] == "reader_feature_unsupported"
    model = stack.world.reader().model.name.rpartition("_")[2]
    assert model.lower() in error["remedy"].lower().replace(" ", "_")
    assert stack.agent.journal.kinds() == entries


async def test_a_cart_is_told_after_a_restart(tmp_path: Path) -> None:
    async with running_world() as world:
        async with running_agent(world, tmp_path) as agent:
            stack = Stack(world, agent, await agent.register())
            await display(stack)
        async with running_agent(world, tmp_path) as agent:
            stack = Stack(world, agent, stack.reader)
            action = await shown(stack)
            await agent.until_online(stack.reader)
            good(await agent.cancel(stack.reader))

            assert action.set_reader_display.cart.total == 700
            assert not shows_it(stack)


async def test_a_reader_that_does_not_answer_shows_no_cart(stack: Stack) -> None:
    stack.world.wire_faults(to_host=WireFaults(drop=1.0))

    action = await display(stack)

    assert (action.status, action.failure_code) == ("failed", "reader_timeout")
    stack.world.wire_faults()
    assert (await display(stack)).status == "succeeded"


async def test_canceling_a_cart_on_a_reader_that_is_away_is_harmless(
    stack: Stack,
) -> None:
    await display(stack)
    stack.world.reader().unplug()
    await stack.agent.until_offline(stack.reader)

    canceled = good(await stack.agent.cancel(stack.reader))

    assert canceled["action"] is None


async def test_canceling_a_cart_on_a_reader_that_is_silent_is_harmless(
    stack: Stack,
) -> None:
    await display(stack)
    stack.world.wire_faults(to_host=WireFaults(drop=1.0))

    canceled = good(await stack.agent.cancel(stack.reader))

    assert canceled["action"] is None
    stack.world.wire_faults()
    assert (await display(stack)).status == "succeeded"


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_the_list_of_payments_has_no_forms_and_carts(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await stack.agent.pay(stack.reader, intent)
    await display(stack)
    customer(stack, {"A bag?": (Touch("No"),)})
    await collected(stack, BAG)

    listed = good(await stack.agent.rest.get("/agent/payments"))

    assert [one["payment_intent"] for one in listed["payments"]] == [intent]


async def test_a_cart_is_no_payment(stack: Stack) -> None:
    await display(stack)
    payment = stack.payment().payment_id

    status = good(await stack.agent.rest.get(f"/agent/payments/{payment}"))
    receipt = await stack.agent.rest.get(f"/agent/payments/{payment}/receipt")

    assert (status["charged"], status["outcome"]) == ("no", "succeeded")
    assert (receipt.status, receipt.json()["code"]) == (404, "receipt_missing")
