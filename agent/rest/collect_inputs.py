"""`POST /v1/terminal/readers/:id/collect_inputs`: forms for the customer at a reader."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from agent.errors import ParameterInvalid, ParameterMissing
from agent.payments.forms import (
    MOST_CHOICES,
    MOST_FORMS,
    MOST_TOGGLES,
    Choice,
    CustomText,
    Form,
    FormKind,
    Toggle,
)
from agent.payments.wanted import CollectInputs, Wanted
from agent.rest.parameters import (
    Boolean,
    Metadata,
    Parameters,
    Text,
    at_most,
    described_text,
    items,
)
from agent.rest.reader_actions import Action, begin_action

Words14 = Annotated[Text, AfterValidator(at_most(14)), described_text(14)]
Words30 = Annotated[Text, AfterValidator(at_most(30)), described_text(30)]
Words40 = Annotated[Text, AfterValidator(at_most(40)), described_text(40)]
Words50 = Annotated[Text, AfterValidator(at_most(50)), described_text(50)]
Words500 = Annotated[Text, AfterValidator(at_most(500)), described_text(500)]


class CustomTextParameters(Parameters):
    """`custom_text`."""

    title: Words40
    description: Words500 | None = None
    submit_button: Words30 | None = None
    skip_button: Words14 | None = None


class ChoiceParameters(Parameters):
    """One of `selection[choices]`."""

    id: Words50
    text: Words30
    style: Literal["primary", "secondary"] | None = None


class SelectionParameters(Parameters):
    """`selection`."""

    choices: Annotated[
        tuple[ChoiceParameters, ...],
        BeforeValidator(items(most=MOST_CHOICES)),
        Field(json_schema_extra={"maxItems": MOST_CHOICES}),
    ]


class ToggleParameters(Parameters):
    """One of `toggles`."""

    title: Words50 | None = None
    description: Words50 | None = None
    default_value: Literal["disabled", "enabled"] = "disabled"


class InputParameters(Parameters):
    """One of `inputs`."""

    type: Literal["email", "numeric", "phone", "selection", "signature", "text"]
    custom_text: CustomTextParameters
    required: Boolean = False
    selection: SelectionParameters | None = None
    toggles: Annotated[
        tuple[ToggleParameters, ...],
        BeforeValidator(items(most=MOST_TOGGLES)),
        Field(json_schema_extra={"maxItems": MOST_TOGGLES}),
    ] = ()


class CollectInputsParameters(Action):
    """`POST …/collect_inputs`."""

    inputs: Annotated[
        tuple[InputParameters, ...],
        BeforeValidator(items(most=MOST_FORMS)),
        Field(json_schema_extra={"maxItems": MOST_FORMS}),
    ]
    metadata: Metadata | None = None


async def collect_inputs(request: Request) -> Response:
    """Ask the customer; answers at once, or after `Prefer: wait=N`."""
    return await begin_action(request, CollectInputsParameters, _wanted)


def _wanted(asked: CollectInputsParameters) -> Wanted:
    if not asked.inputs:
        raise ParameterMissing("Missing required param: inputs.", param="inputs")
    for position, each in enumerate(asked.inputs):
        _check(each, f"inputs[{position}]")
    sent = asked.metadata or {}
    metadata = {key: value for key, value in sent.items() if value}
    return CollectInputs(tuple(map(_form, asked.inputs)), metadata)


def _form(asked: InputParameters) -> Form:
    text = asked.custom_text
    choices = () if asked.selection is None else asked.selection.choices
    return Form(
        FormKind(asked.type),
        CustomText(
            text.title,
            description=text.description,
            submit_button=text.submit_button,
            skip_button=text.skip_button,
        ),
        is_required=asked.required,
        choices=tuple(Choice(each.id, each.text, each.style) for each in choices),
        toggles=tuple(
            Toggle(
                each.title,
                each.description,
                is_on_by_default=each.default_value == "enabled",
            )
            for each in asked.toggles
        ),
    )


def _check(asked: InputParameters, name: str) -> None:
    """What Stripe refuses beyond types and lengths."""
    is_selection = asked.type == "selection"
    choices = () if asked.selection is None else asked.selection.choices
    if is_selection and not choices:
        missing = f"{name}[selection][choices]"
        raise ParameterMissing(f"Missing required param: {missing}.", param=missing)
    if asked.selection is not None and not is_selection:
        raise ParameterInvalid(
            "Choices belong to inputs of type selection.", param=f"{name}[selection]"
        )
    if len({choice.id for choice in choices}) < len(choices):
        raise ParameterInvalid(
            "The ids of choices must be unique.", param=f"{name}[selection][choices]"
        )
    for position, toggle in enumerate(asked.toggles):
        if toggle.title is None and toggle.description is None:
            raise ParameterInvalid(
                "At least one of title or description must be provided.",
                param=f"{name}[toggles][{position}]",
            )
