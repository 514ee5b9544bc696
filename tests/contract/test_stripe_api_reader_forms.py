"""collect_inputs and set_reader_display on a smart reader."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from smart_reader_shop import (
    SmartReaderShop,
    action_of,
    do,
    event_types,
    look,
    new_reader,
)

pytest_plugins = ("smart_reader_fixtures",)

TITLE: Any = {"title": "Please tell us"}
CHOICES: Any = {
    "choices": [
        {"id": "yes", "text": "Yes, please", "style": "primary"},
        {"id": "no", "text": "No"},
    ]
}
EMAIL: Any = {"type": "email", "custom_text": TITLE, "required": True}
TEXT: Any = {"type": "text", "custom_text": TITLE}
SELECTION: Any = {"type": "selection", "custom_text": TITLE, "selection": CHOICES}
SIGNATURE: Any = {"type": "signature", "custom_text": TITLE}


def asking(till: stripe.StripeClient, *inputs: Any) -> stripe.terminal.Reader:
    """A reader that shows a form."""
    return till.v1.terminal.readers.collect_inputs(
        new_reader(till).id, {"inputs": list(inputs), "metadata": {"order": "7"}}
    )


def action(till: stripe.StripeClient, reader: stripe.terminal.Reader) -> Any:
    """The reader's action as the API knows it."""
    return action_of(till.v1.terminal.readers.retrieve(reader.id))


def inputs_of(till: stripe.StripeClient, reader: stripe.terminal.Reader) -> Any:
    """The inputs of the reader's form."""
    return action(till, reader).collect_inputs.inputs


def test_inputs_have_no_values_at_first(till: stripe.StripeClient) -> None:
    reader = asking(till, EMAIL, SELECTION)

    email, selection = inputs_of(till, reader)
    assert email.to_dict() == {
        "custom_text": {
            "description": None,
            "skip_button": None,
            "submit_button": None,
            "title": "Please tell us",
        },
        "email": {"value": None},
        "required": True,
        "skipped": None,
        "type": "email",
    }
    assert selection.selection.id is None
    assert [choice.id for choice in selection.selection.choices] == ["yes", "no"]
    assert action(till, reader).collect_inputs.metadata.to_dict() == {"order": "7"}


def test_screen_shows_one_input_after_the_other(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    text = {"title": "Email", "description": "For the receipt", "submit_button": "Go"}
    reader = asking(till, {"type": "email", "custom_text": text}, SELECTION)
    first = look(shop, reader)

    second = do(shop, reader, "answer_input", value="jo@example.com")

    assert first["screen"] == ["Email", "For the receipt"]
    assert first["buttons"] == ["Go", "Skip"]
    assert second["buttons"] == ["Yes, please", "No", "Skip"]


def test_customer_answers(till: stripe.StripeClient, shop: SmartReaderShop) -> None:
    reader = asking(till, EMAIL, SELECTION, TEXT)
    do(shop, reader, "answer_input", value="jo@example.com")
    do(shop, reader, "answer_input", value="no")

    shown = do(shop, reader, "answer_input")

    email, selection, text = inputs_of(till, reader)
    assert (email.email.value, email.skipped) == ("jo@example.com", False)
    assert (selection.selection.id, selection.selection.text) == ("no", "No")
    assert (text.text.value, text.skipped) == (None, True)
    assert shown["screen"] == ["Thank you"]
    assert event_types(till)[-1] == "terminal.reader.action_succeeded"


def test_signature_is_a_drawing_in_a_file(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = asking(till, SIGNATURE)

    do(shop, reader, "answer_input", value="signed")

    (signature,) = inputs_of(till, reader)
    file = till.v1.files.retrieve(signature.signature.value)
    assert (file.type, file.purpose) == ("svg", "customer_signature")
    assert str(file.url).startswith(shop.url)


def test_toggles_can_be_moved(till: stripe.StripeClient, shop: SmartReaderShop) -> None:
    toggles = [
        {"title": "News", "default_value": "disabled"},
        {"title": "Receipt", "default_value": "enabled"},
    ]
    reader = asking(till, {**TEXT, "toggles": toggles})
    shown = look(shop, reader)

    do(shop, reader, "answer_input", value="Hi", toggles={"0": True})

    (answered,) = inputs_of(till, reader)
    assert shown["screen"] == ["Please tell us", "News", "Receipt"]
    assert [toggle.value for toggle in answered.toggles] == ["enabled", "enabled"]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (EMAIL, {}),
        (EMAIL, {"value": "nobody"}),
        (SELECTION, {"value": "maybe"}),
        ({"type": "phone", "custom_text": TITLE}, {"value": "555"}),
        ({"type": "numeric", "custom_text": TITLE}, {"value": "seven"}),
        (TEXT, {"value": "Hi", "toggles": {"0": True}}),
        (
            {**TEXT, "toggles": [{"title": "News"}]},
            {"value": "Hi", "toggles": {"1": True}},
        ),
    ],
)
def test_reader_refuses_an_answer_that_is_none(
    till: stripe.StripeClient, shop: SmartReaderShop, asked: Any, answer: Any
) -> None:
    reader = asking(till, asked)

    refusal = do(shop, reader, "answer_input", **answer)

    assert refusal["error"]["code"] == "control_invalid"
    assert action(till, reader).status == "in_progress"


@pytest.mark.parametrize(
    ("skips", "is_skipped"), [("all", True), ("none", False), (None, False)]
)
def test_helper_fills_in_the_form(
    till: stripe.StripeClient, skips: Any, is_skipped: bool
) -> None:
    kinds: Any = ("numeric", "phone", "text")
    reader = asking(
        till,
        EMAIL,
        SELECTION,
        *({"type": kind, "custom_text": TITLE} for kind in kinds),
    )

    params: Any = {} if skips is None else {"skip_non_required_inputs": skips}
    done = till.v1.test_helpers.terminal.readers.succeed_input_collection(
        reader.id, params
    )

    email, selection, *others = inputs_of(till, reader)
    assert action_of(done).status == "succeeded"
    assert (email.email.value, email.skipped) == ("someone@example.com", False)
    assert selection.selection.id == (None if is_skipped else "yes")
    assert [each.skipped for each in others] == [is_skipped] * 3


def test_helper_lets_the_form_time_out(till: stripe.StripeClient) -> None:
    reader = asking(till, EMAIL)

    done = action_of(
        till.v1.test_helpers.terminal.readers.timeout_input_collection(reader.id)
    )

    assert (done.status, done.failure_code, done.failure_message) == (
        "failed",
        "collect_inputs_timeout",
        "collect inputs was timed out",
    )
    assert event_types(till)[-1] == "terminal.reader.action_failed"


def test_form_times_out_after_two_idle_minutes(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = asking(till, EMAIL, TEXT)
    shop.clock.advance(119)
    do(shop, reader, "answer_input", value="jo@example.com")
    shop.clock.advance(119)
    before = action(till, reader).status

    shop.clock.advance(1)

    assert before == "in_progress"
    assert action(till, reader).failure_code == "collect_inputs_timeout"
    assert look(shop, reader)["screen"] == ["Welcome"]


def test_helpers_are_refused_where_there_is_no_form(till: stripe.StripeClient) -> None:
    reader = new_reader(till)

    with pytest.raises(stripe.InvalidRequestError, match="input collection"):
        till.v1.test_helpers.terminal.readers.succeed_input_collection(reader.id)
    with pytest.raises(stripe.InvalidRequestError, match="input collection"):
        till.v1.test_helpers.terminal.readers.timeout_input_collection(reader.id)


@pytest.mark.parametrize(
    ("inputs", "param"),
    [
        ([], "inputs"),
        ([TEXT] * 6, "inputs"),
        ([{"type": "text"}], "inputs[0][custom_text]"),
        (
            [{"type": "text", "custom_text": {"title": "x" * 41}}],
            "inputs[0][custom_text][title]",
        ),
        (
            [{"type": "selection", "custom_text": TITLE}],
            "inputs[0][selection][choices]",
        ),
        ([{**TEXT, "selection": CHOICES}], "inputs[0][selection]"),
        (
            [
                {
                    **SELECTION,
                    "selection": {"choices": [CHOICES["choices"][1]] * 2},
                }
            ],
            "inputs[0][selection][choices]",
        ),
        ([{**TEXT, "toggles": [{"title": "a"}] * 5}], "inputs[0][toggles]"),
        (
            [{**TEXT, "toggles": [{"default_value": "enabled"}]}],
            "inputs[0][toggles][0]",
        ),
    ],
)
def test_malformed_form_is_refused(
    till: stripe.StripeClient, inputs: Any, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.v1.terminal.readers.collect_inputs(new_reader(till).id, {"inputs": inputs})

    assert caught.value.param == param


def test_cart_is_displayed(till: stripe.StripeClient, shop: SmartReaderShop) -> None:
    reader = new_reader(till)
    before = event_types(till)

    ordered = till.v1.terminal.readers.set_reader_display(
        reader.id,
        {
            "type": "cart",
            "cart": {
                "currency": "usd",
                "line_items": [
                    {"amount": 51_00, "description": "Red t-shirt", "quantity": 2}
                ],
                "tax": 1_00,
                "total": 103_00,
            },
        },
    )

    shown = look(shop, reader)
    assert action_of(ordered).status == "in_progress"
    assert action(till, reader).status == "succeeded"
    assert shown["screen"] == ["2 Red t-shirt $51.00", "Tax $1.00", "Total $103.00"]
    assert event_types(till) == before


def test_cart_goes_when_the_action_is_canceled(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    item: Any = {"amount": 1_00, "description": "Tea", "quantity": 1}
    till.v1.terminal.readers.set_reader_display(
        reader.id,
        {
            "type": "cart",
            "cart": {"currency": "usd", "line_items": [item], "total": 1_00},
        },
    )

    till.v1.terminal.readers.cancel_action(reader.id)

    assert look(shop, reader)["screen"] == ["Welcome"]


def test_display_without_a_cart_is_refused(till: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.v1.terminal.readers.set_reader_display(
            new_reader(till).id, {"type": "cart"}
        )

    assert caught.value.param == "cart"
