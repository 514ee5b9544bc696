"""Parameters of collect_inputs and set_reader_display, refused in Stripe's words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from rest_fakes import Agent, running_agent

from agent.payments.cart import Cart, LineItem
from agent.payments.forms import Choice, CustomText, Form, FormKind, Toggle
from agent.payments.wanted import CollectInputs, SetReaderDisplay
from agent.stripe_api.form import encode

READER = "/v1/terminal/readers/tmr_1"
TEXT: Any = {"title": "A bag?"}
CHOICES: Any = {"choices": [{"id": "yes", "text": "Yes"}, {"id": "no", "text": "No"}]}
SELECTION: Any = {"type": "selection", "custom_text": TEXT, "selection": CHOICES}
NUMERIC: Any = {"type": "numeric", "custom_text": TEXT}
ITEM: Any = {"amount": 300, "description": "Tea", "quantity": 1}
CART: Any = {"currency": "USD", "line_items": [ITEM], "total": 300}


@pytest_asyncio.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as running:
        running.fleet.add("tmr_1")
        yield running


async def posted(agent: Agent, action: str, params: Any) -> Any:
    """The answer to a form such as Stripe's libraries send."""
    return await agent.client.request(
        "POST",
        f"{READER}/{action}",
        headers={"content-type": "application/x-www-form-urlencoded"},
        chunks=[encode(params).encode()],
    )


async def test_every_parameter_of_a_form_is_understood(agent: Agent) -> None:
    text = {**TEXT, "description": "Paper", "submit_button": "Go", "skip_button": "No"}
    toggle = {"title": "News", "default_value": "enabled"}
    choices = {"choices": [{"id": "yes", "text": "Yes", "style": "primary"}]}
    asked = {
        "type": "selection",
        "custom_text": text,
        "required": True,
        "selection": choices,
        "toggles": [toggle],
    }

    answer = await posted(
        agent, "collect_inputs", {"inputs": [asked], "metadata": {"order": "7"}}
    )

    assert answer.status == 200
    form = Form(
        FormKind.SELECTION,
        CustomText("A bag?", "Paper", submit_button="Go", skip_button="No"),
        is_required=True,
        choices=(Choice("yes", "Yes", "primary"),),
        toggles=(Toggle("News", None, is_on_by_default=True),),
    )
    assert agent.actions.requests == [CollectInputs((form,), {"order": "7"})]


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({}, "parameter_missing", "inputs"),
        ({"inputs": [NUMERIC] * 6}, "parameter_invalid", "inputs"),
        ({"inputs": [{**NUMERIC, "type": "date"}]}, "parameter_invalid", None),
        ({"inputs": [{"type": "numeric"}]}, "parameter_missing", None),
        (
            {"inputs": [{**NUMERIC, "custom_text": {"title": "x" * 41}}]},
            "parameter_invalid",
            "inputs[0][custom_text][title]",
        ),
        (
            {"inputs": [NUMERIC, {**NUMERIC, "selection": CHOICES}]},
            "parameter_invalid",
            "inputs[1][selection]",
        ),
        (
            {"inputs": [{"type": "selection", "custom_text": TEXT}]},
            "parameter_missing",
            "inputs[0][selection][choices]",
        ),
        (
            {"inputs": [{**SELECTION, "selection": {"choices": [*[ITEM] * 5]}}]},
            "parameter_invalid",
            "inputs[0][selection][choices]",
        ),
        (
            {
                "inputs": [
                    {
                        **SELECTION,
                        "selection": {"choices": [{"id": "a", "text": "A"}] * 2},
                    }
                ]
            },
            "parameter_invalid",
            "inputs[0][selection][choices]",
        ),
        (
            {"inputs": [{**NUMERIC, "toggles": [{"default_value": "enabled"}]}]},
            "parameter_invalid",
            "inputs[0][toggles][0]",
        ),
        ({"inputs": [NUMERIC], "colour": "red"}, "parameter_unknown", "colour"),
    ],
)
async def test_a_form_that_is_none_is_refused(
    agent: Agent, params: Any, code: str, param: str | None
) -> None:
    answer = await posted(agent, "collect_inputs", params)

    assert (answer.status, answer.error["code"]) == (400, code)
    assert param in (None, answer.error["param"])
    assert agent.actions.requests == []


async def test_every_parameter_of_a_cart_is_understood(agent: Agent) -> None:
    cart = {**CART, "tax": 24}

    answer = await posted(agent, "set_reader_display", {"type": "cart", "cart": cart})

    assert answer.status == 200
    wanted = SetReaderDisplay(Cart("usd", (LineItem(300, "Tea", 1),), 300, tax=24))
    assert agent.actions.requests == [wanted]
    shown = answer.json()["action"]["set_reader_display"]["cart"]
    assert shown == {**cart, "currency": "usd"}


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"cart": CART}, "parameter_missing", "type"),
        ({"type": "video", "cart": CART}, "parameter_invalid", "type"),
        ({"type": "cart"}, "parameter_missing", "cart"),
        (
            {"type": "cart", "cart": {**CART, "currency": "dollars"}},
            "parameter_invalid",
            "cart[currency]",
        ),
        (
            {"type": "cart", "cart": {**CART, "total": -1}},
            "parameter_invalid",
            "cart[total]",
        ),
        (
            {"type": "cart", "cart": {**CART, "line_items": [{**ITEM, "quantity": 0}]}},
            "parameter_invalid",
            "cart[line_items][0][quantity]",
        ),
    ],
)
async def test_a_cart_that_is_none_is_refused(
    agent: Agent, params: Any, code: str, param: str
) -> None:
    answer = await posted(agent, "set_reader_display", params)

    assert (answer.status, answer.error["code"]) == (400, code)
    assert answer.error["param"] == param
    assert agent.actions.requests == []


async def test_a_file_of_stripes_is_asked_for_at_stripe(agent: Agent) -> None:
    await agent.client.get("/v1/files/file_123")

    assert [path for _, path, _, _ in agent.stripe.asked] == ["/v1/files/file_123"]
