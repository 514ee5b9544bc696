"""Forms that a reader cannot show, and those that are canceled, replaced or cut off."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from flow_agent import Stack, good
from flow_cables import EACH_FAMILY_ON_EACH_KIND
from form_scenes import (
    BAG,
    MENU,
    PAD,
    PHONE,
    SIGNATURE,
    TABLE,
    TITLE,
    asked_for,
    collected,
    customer,
    refusal_of,
)
from sdk_in_process import sdk_on

from agent.payments.forms import Choice, CustomText, Form, FormKind
from agent.payments.showing import problem_of
from agent.payments.states import Phase
from drivers.profile import profile_named
from simulator.faults import WireFaults
from simulator.reader.actions import Touch, Unplug
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import Delay, ResetConnection


def form_of(asked: Any) -> Form:
    """The input as the agent understands it."""
    sent = asked.get("selection", {}).get("choices", [])
    text = asked["custom_text"]
    return Form(
        FormKind(asked["type"]),
        CustomText(text["title"], text.get("description")),
        is_required=asked.get("required", False),
        choices=tuple(Choice(each["id"], each["text"]) for each in sent),
    )


FORMS: dict[str, Any] = {
    "selection": BAG,
    "numeric": TABLE,
    "phone": PHONE,
    "signature": SIGNATURE,
    "text": {"type": "text", "custom_text": TITLE},
    "email": {"type": "email", "custom_text": TITLE},
}


@pytest.mark.parametrize("hardware", [*EACH_FAMILY_ON_EACH_KIND, MENU], ids=str)
async def test_what_a_reader_cannot_show_is_refused_before_anything_begins(
    stack: Stack,
) -> None:
    profile = profile_named(stack.world.reader().model.name)
    entries = stack.agent.journal.kinds()
    refused: list[str] = []
    for kind, form in FORMS.items():
        if problem_of(form_of(form), profile.capabilities.features) is None:
            continue
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            await asked_for(stack, form)
        error = refusal_of(refusal.value)
        assert error["code"] == "collect_inputs_unsupported"
        assert error["param"] == "inputs[0]"
        assert kind in error["message"]
        assert kind in error["remedy"]
        assert profile.model in error["message"]
        assert profile.model in error["remedy"]
        refused.append(kind)

    assert {"text", "email"} <= set(refused)
    assert stack.agent.journal.kinds() == entries
    assert stack.world.reader().screen.state is ReaderState.IDLE


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_one_form_that_cannot_be_shown_is_enough(stack: Stack) -> None:

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await asked_for(stack, BAG, SIGNATURE)

    assert refusal.value.param == "inputs[1]"
    assert "no pad to sign on" in str(refusal.value.user_message)
    assert stack.world.reader().screen.state is ReaderState.IDLE


@pytest.mark.parametrize(
    ("hardware", "text"),
    [
        (MENU, {"title": "はい"}),
        (MENU, {"title": "Bag?", "description": f"{'x' * 33} " * 14}),
        (PAD, {"title": "Sign", "description": "too long for the pad " * 23}),
        (PAD, {"title": "署名"}),
    ],
    ids=["letters_of_a_menu", "lines_of_a_menu", "lines_of_a_pad", "letters_of_a_pad"],
)
async def test_a_text_that_does_not_fit_the_screen_is_refused(
    stack: Stack, text: Any
) -> None:
    is_menu = stack.world.reader().model.name == MENU.model
    many = {
        "choices": [{"id": str(n), "text": f"Choice {n}"} for n in range(4)],
    }
    asked = {**(BAG if is_menu else SIGNATURE), "custom_text": text}
    if is_menu:
        asked |= {"selection": many, "required": False}

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await asked_for(stack, asked)

    assert refusal.value.code == "collect_inputs_unsupported"


@pytest.mark.parametrize("hardware", [MENU, PAD], ids=str)
async def test_a_form_is_canceled_by_the_register(stack: Stack) -> None:
    sdk = sdk_on(stack.agent.rest)
    asked = BAG if stack.world.reader().model.name == MENU.model else SIGNATURE
    await asked_for(stack, asked)
    await stack.world.is_in(ReaderState.WAITING_FOR_CUSTOMER)

    canceled = await sdk.v1.terminal.readers.cancel_action_async(stack.reader)

    assert canceled.action is None
    assert stack.world.reader().screen.state is ReaderState.IDLE
    stack.world.customer("visa_approved")
    paid = await stack.agent.pay(stack.reader, await stack.agent.intent())
    assert paid["status"] == "succeeded"


@pytest.mark.parametrize("hardware", [PAD], ids=str)
async def test_what_was_to_be_signed_is_gone_once_it_is_canceled(stack: Stack) -> None:
    await asked_for(stack, SIGNATURE)
    await stack.world.passed(1.0)
    shown = stack.world.reader().screen.picture

    good(await stack.agent.cancel(stack.reader))

    assert shown
    assert stack.world.reader().screen.lines == ("WELCOME",)
    assert stack.world.reader().screen.state is ReaderState.IDLE


@pytest.mark.parametrize("hardware", [MENU, PAD], ids=str)
async def test_a_payment_takes_the_place_of_a_form(stack: Stack) -> None:
    asked = BAG if stack.world.reader().model.name == MENU.model else SIGNATURE
    await asked_for(stack, asked)
    await stack.world.is_in(ReaderState.WAITING_FOR_CUSTOMER)
    stack.world.customer("visa_approved")

    paid = await stack.agent.pay(stack.reader, await stack.agent.intent())

    assert paid["status"] == "succeeded"


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_a_form_takes_the_place_of_a_payment_that_waits_for_its_card(
    stack: Stack,
) -> None:
    intent = await stack.agent.intent()
    await stack.agent.begin(stack.reader, intent)
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)
    customer(stack, {"A bag?": (Touch("No"),)})

    action = await collected(stack, BAG)

    assert action.status == "succeeded"
    assert await stack.taken(intent) == []


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_no_form_is_shown_while_a_card_is_authorised(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(Delay(5.0))
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.agent.until(stack.reader, Phase.CONFIRMING)

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await asked_for(stack, BAG)

    assert refusal.value.code == "terminal_reader_busy"
    assert (await stack.agent.ended(stack.reader))["status"] == "succeeded"


@pytest.mark.parametrize("hardware", [MENU, PAD], ids=str)
async def test_a_cable_that_is_pulled_ends_the_form(stack: Stack) -> None:
    asked = BAG if stack.world.reader().model.name == MENU.model else SIGNATURE
    stack.world.when(ReaderState.WAITING_FOR_CUSTOMER, Unplug())

    action = await collected(stack, asked)

    assert (action.status, action.failure_code) == ("failed", "reader_disconnected")


@pytest.mark.parametrize("hardware", [MENU, PAD], ids=str)
async def test_a_reader_that_falls_silent_under_a_form_is_given_up(
    stack: Stack,
) -> None:
    asked = BAG if stack.world.reader().model.name == MENU.model else SIGNATURE
    await asked_for(stack, asked)
    await stack.world.is_in(ReaderState.WAITING_FOR_CUSTOMER)
    stack.world.wire_faults(to_host=WireFaults(drop=1.0))
    began_s = stack.world.clock.monotonic()

    canceled = good(await stack.agent.cancel(stack.reader))

    assert canceled["action"] is None
    assert stack.world.clock.monotonic() - began_s < 30
    stack.world.wire_faults()
    stack.world.customer("visa_approved")
    paid = await stack.agent.pay(stack.reader, await stack.agent.intent())
    assert paid["status"] == "succeeded"


@pytest.mark.parametrize("hardware", [MENU, PAD], ids=str)
async def test_a_silent_reader_ends_its_form_some_time(stack: Stack) -> None:
    asked = BAG if stack.world.reader().model.name == MENU.model else SIGNATURE
    await asked_for(stack, asked)
    await stack.world.is_in(ReaderState.WAITING_FOR_CUSTOMER)
    stack.world.wire_faults(to_host=WireFaults(drop=1.0))
    began_s = stack.world.clock.monotonic()

    action = await stack.agent.ended(stack.reader)

    assert action["status"] == "failed"
    assert action["failure_code"] in {"collect_inputs_timeout", "reader_timeout"}
    assert stack.world.clock.monotonic() - began_s < 300


@pytest.mark.parametrize("hardware", [MENU], ids=str)
async def test_forms_need_no_network(stack: Stack) -> None:
    for method in ("GET", "POST"):
        stack.world.stripe_fault(
            ResetConnection(), method=method, path="/v1/*", times=None
        )
    customer(stack, {"A bag?": (Touch("No"),)})

    action = await collected(stack, BAG)

    assert action.status == "succeeded"
