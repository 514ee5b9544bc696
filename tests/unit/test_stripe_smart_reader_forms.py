"""Forms on a smart reader: inputs as they are ordered and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import ControlInvalid
from simulator.stripe_api.smart_readers.forms import (
    SELECTION,
    TYPES,
    Reply,
    new_input,
    replied,
    signature_drawing,
    usual_reply,
)

texts = st.text(min_size=1, max_size=20)
choices = st.lists(
    st.fixed_dictionaries({"id": texts, "text": texts}),
    min_size=1,
    max_size=4,
    unique_by=lambda choice: choice["id"],
)
toggles = st.lists(
    st.fixed_dictionaries(
        {"title": texts, "default_value": st.sampled_from(["enabled", "disabled"])}
    ),
    max_size=4,
)


@st.composite
def orders(draw: st.DrawFn) -> Mapping[str, Any]:
    """An input as `collect_inputs` has read it."""
    type_ = draw(st.sampled_from(TYPES))
    sent: dict[str, Any] = {
        "type": type_,
        "custom_text": {"title": draw(texts)},
        "required": draw(st.booleans()),
        "toggles": draw(toggles),
    }
    if type_ == SELECTION:
        sent[SELECTION] = {"choices": draw(choices)}
    return sent


@given(orders())
def test_new_input_is_as_ordered_and_unanswered(sent: Mapping[str, Any]) -> None:
    made = new_input(sent)

    assert (made["type"], made["required"]) == (sent["type"], sent["required"])
    assert made["skipped"] is None
    assert not any(made[sent["type"]].get(name) for name in ("value", "id", "text"))
    assert all(toggle["value"] is None for toggle in made["toggles"])


@given(orders(), st.booleans())
def test_usual_reply_is_always_taken(sent: Mapping[str, Any], skips: bool) -> None:
    asked = new_input(sent)

    answered = replied(asked, usual_reply(asked, skips=skips))

    assert answered["skipped"] is (skips and not sent["required"])
    if not answered["skipped"]:
        for toggle, value in zip(asked["toggles"], answered["toggles"], strict=True):
            assert value["value"] == toggle["default_value"]


@given(orders(), st.text())
def test_any_answer_is_kept_or_refused_and_nothing_is_changed_in_place(
    sent: Mapping[str, Any], value: str
) -> None:
    asked, before = new_input(sent), new_input(sent)

    try:
        answered = replied(asked, Reply(value))
    except ControlInvalid:
        answered = {}

    assert asked == before
    if answered and sent["type"] != SELECTION:
        assert answered[sent["type"]] == {"value": value}


@pytest.mark.parametrize(
    ("type_", "value", "is_valid"),
    [
        ("email", "jo@example.com", True),
        ("email", "jo@", False),
        ("phone", "+4930123456", True),
        ("phone", "030123456", False),
        ("numeric", "007", True),
        ("numeric", "-7", False),
        ("text", "Grüße", True),
        ("text", "two\nlines", False),
    ],
)
def test_typed_answers_have_a_form(type_: str, value: str, is_valid: bool) -> None:
    asked = new_input({"type": type_, "custom_text": {"title": "?"}})

    try:
        replied(asked, Reply(value))
    except ControlInvalid:
        accepted = False
    else:
        accepted = True

    assert accepted is is_valid


def test_signature_is_a_vector_drawing() -> None:
    assert signature_drawing().startswith(b"<svg ")
