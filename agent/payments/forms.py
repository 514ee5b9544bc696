"""What `collect_inputs` asks of a customer, and what the customer answers. Pure.

The objects are those that Stripe shows under `action.collect_inputs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from agent.stripe_api.objects import Json, JsonObject

MOST_FORMS = 5
MOST_CHOICES = 4
MOST_TOGGLES = 4


class FormKind(StrEnum):
    """Stripe's types of inputs."""

    EMAIL = "email"
    NUMERIC = "numeric"
    PHONE = "phone"
    SELECTION = "selection"
    SIGNATURE = "signature"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class CustomText:
    """What a form says."""

    title: str
    description: str | None = None
    submit_button: str | None = None
    skip_button: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a selection."""

    id: str
    text: str
    style: str | None = None
    """`primary` or `secondary`."""


@dataclass(frozen=True, slots=True)
class Toggle:
    """A yes or no beside the answer."""

    title: str | None
    description: str | None
    is_on_by_default: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """One input to be collected."""

    kind: FormKind
    text: CustomText
    is_required: bool = False
    choices: tuple[Choice, ...] = ()
    toggles: tuple[Toggle, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the customer did with one form. Personal: see agent.journal.details."""

    value: str | None = field(default=None, repr=False)
    """Typed, or the id of a choice or of a file; None where the form was skipped."""
    toggles: tuple[bool, ...] = field(default=(), repr=False)


def inputs_object(
    forms: Sequence[Form],
    replies: Sequence[Reply] | None = None,
    *,
    metadata: dict[str, str],
) -> JsonObject:
    """The action's object; without `replies` the forms are not answered yet."""
    if replies is None:
        inputs = [_asked(form) for form in forms]
    else:
        inputs = [
            _answered(form, reply) for form, reply in zip(forms, replies, strict=True)
        ]
    return {"inputs": list(inputs), "metadata": dict(metadata)}


def _asked(form: Form) -> JsonObject:
    asked: JsonObject = {
        "custom_text": {
            "description": form.text.description,
            "skip_button": form.text.skip_button,
            "submit_button": form.text.submit_button,
            "title": form.text.title,
        },
        "required": form.is_required,
        "skipped": None,
        "type": form.kind.value,
        form.kind.value: _value(form, None),
    }
    if form.toggles:
        asked["toggles"] = _toggles(form, ())
    return asked


def _answered(form: Form, reply: Reply) -> JsonObject:
    asked = _asked(form)
    if reply.value is None:
        return {**asked, "skipped": True}
    answered: JsonObject = {
        **asked,
        "skipped": False,
        form.kind.value: _value(form, reply.value),
    }
    if form.toggles:
        answered["toggles"] = _toggles(form, reply.toggles)
    return answered


def _value(form: Form, value: str | None) -> JsonObject:
    if form.kind is not FormKind.SELECTION:
        return {"value": value}
    chosen = next((each for each in form.choices if each.id == value), None)
    return {
        "choices": [
            {"id": choice.id, "style": choice.style, "text": choice.text}
            for choice in form.choices
        ],
        "id": None if chosen is None else chosen.id,
        "text": None if chosen is None else chosen.text,
    }


def _toggles(form: Form, values: Sequence[bool]) -> list[Json]:
    known: list[str | None] = [_word(value) for value in values]
    return [
        {
            "default_value": _word(toggle.is_on_by_default),
            "description": toggle.description,
            "title": toggle.title,
            "value": value,
        }
        for toggle, value in zip(
            form.toggles, known or [None] * len(form.toggles), strict=True
        )
    ]


def _word(is_on: bool) -> str:
    return "enabled" if is_on else "disabled"
