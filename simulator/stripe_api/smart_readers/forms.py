"""The inputs of a form on a reader's screen, and what customers answer. Pure.

An input is the member of `action.collect_inputs.inputs`; none is changed in place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import ControlInvalid

Input = Mapping[str, Any]

SELECTION, SIGNATURE = "selection", "signature"
TYPED = ("email", "numeric", "phone", "text")
"""Inputs that are answered on a keyboard."""
TYPES = (*TYPED, SELECTION, SIGNATURE)

_VALID: Mapping[str, re.Pattern[str]] = {
    "email": re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}"),
    "numeric": re.compile(r"\d{1,50}", re.ASCII),
    "phone": re.compile(r"\+[1-9]\d{6,14}", re.ASCII),
    "text": re.compile(r"[^\x00-\x1f]{1,500}"),
}
_USUAL: Mapping[str, str] = {
    "email": "someone@example.com",
    "numeric": "42",
    "phone": "+14155550123",
    "text": "Simulated text",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a customer does with one input."""

    value: str | None = None
    """Typed, or the id of a choice, or of the signature's file; None to skip."""
    toggles: Mapping[int, bool] = field(default_factory=dict)
    """Switches that are moved, by their position."""


def new_input(sent: Mapping[str, Any]) -> dict[str, Any]:
    """An input as it was ordered, without an answer."""
    type_: str = sent["type"]
    made: dict[str, Any] = {
        "custom_text": {
            name: sent["custom_text"].get(name)
            for name in ("description", "skip_button", "submit_button", "title")
        },
        "required": sent.get("required", False),
        "skipped": None,
        "type": type_,
        type_: {"value": None},
    }
    if type_ == SELECTION:
        made[SELECTION] = {
            "choices": [
                {
                    "id": choice["id"],
                    "style": choice.get("style"),
                    "text": choice["text"],
                }
                for choice in sent[SELECTION]["choices"]
            ],
            "id": None,
            "text": None,
        }
    if "toggles" in sent:
        made["toggles"] = [
            {
                "default_value": toggle.get("default_value", "disabled"),
                "description": toggle.get("description"),
                "title": toggle.get("title"),
                "value": None,
            }
            for toggle in sent["toggles"]
        ]
    return made


def replied(asked: Input, reply: Reply) -> dict[str, Any]:
    """The input with its answer; raises ControlInvalid for one it does not take."""
    type_: str = asked["type"]
    if reply.value is None:
        if asked["required"]:
            raise ControlInvalid("this input must not be skipped")
        return {**asked, "skipped": True}
    answered = {**asked, "skipped": False}
    if type_ == SELECTION:
        answered[SELECTION] = _chosen(asked[SELECTION], reply.value)
    elif type_ == SIGNATURE or _VALID[type_].fullmatch(reply.value):
        answered[type_] = {"value": reply.value}
    else:
        raise ControlInvalid(f"this is not a valid {type_} input")
    toggled = _toggled(asked.get("toggles", []), reply.toggles)
    if toggled:
        answered["toggles"] = toggled
    return answered


def usual_reply(asked: Input, *, skips: bool) -> Reply:
    """What a test helper answers; a signature's file must be given to it after."""
    if skips and not asked["required"]:
        return Reply()
    if asked["type"] == SELECTION:
        return Reply(asked[SELECTION]["choices"][0]["id"])
    return Reply(_USUAL.get(asked["type"], ""))


def signature_drawing() -> bytes:
    """A signature as an SVG image."""
    return (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100">'
        b'<path d="M20 70 C60 10 80 90 110 50 S170 30 190 60 S250 80 280 40" '
        b'fill="none" stroke="black" stroke-width="3"/></svg>'
    )


def _chosen(selection: Mapping[str, Any], choice_id: str) -> Mapping[str, Any]:
    for choice in selection["choices"]:
        if choice["id"] == choice_id:
            return {**selection, "id": choice["id"], "text": choice["text"]}
    raise ControlInvalid(f"there is no choice {choice_id!r}")


def _toggled(
    toggles: Sequence[Mapping[str, Any]], moved: Mapping[int, bool]
) -> list[Mapping[str, Any]]:
    if not set(moved) <= set(range(len(toggles))):
        raise ControlInvalid("there is no such toggle")
    return [
        {
            **toggle,
            "value": (
                ("enabled" if moved[position] else "disabled")
                if position in moved
                else toggle["default_value"]
            ),
        }
        for position, toggle in enumerate(toggles)
    ]
