"""`collect_inputs`: a form of up to five inputs, shown one after the other."""

from __future__ import annotations

from typing import Any

from simulator.errors import ControlRefused
from simulator.stripe_api.engine.errors import ParameterInvalid, ParameterMissing
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.multipart import Upload
from simulator.stripe_api.engine.parameters import (
    Boolean,
    Choice,
    Fields,
    Items,
    Required,
    Text,
    Values,
)
from simulator.stripe_api.resources.files.fields import add_file
from simulator.stripe_api.resources.terminal_reader_actions.replacing import begin
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.forms import (
    SELECTION,
    SIGNATURE,
    TYPES,
    Input,
    Reply,
    new_input,
    replied,
    signature_drawing,
)
from simulator.stripe_api.smart_readers.phases import Phase, Step

TYPE = "collect_inputs"
IDLE_S = 120.0
THANKS = "Thank you"

_CUSTOM_TEXT = Fields(
    {
        "description": Text(500),
        "skip_button": Text(14),
        "submit_button": Text(30),
        "title": Required(Text(40)),
    }
)
_CHOICE = Fields(
    {
        "id": Required(Text(50)),
        "style": Choice(("primary", "secondary")),
        "text": Required(Text(30)),
    }
)
_TOGGLE = Fields(
    {
        "default_value": Choice(("disabled", "enabled")),
        "description": Text(50),
        "title": Text(50),
    }
)
_INPUT = Fields(
    {
        "custom_text": Required(_CUSTOM_TEXT),
        "required": Boolean(),
        "selection": Fields({"choices": Required(Items(_CHOICE, maximum=4))}),
        "toggles": Items(_TOGGLE, maximum=4),
        "type": Required(Choice(TYPES)),
    }
)
PARAMETERS = Fields(
    {"inputs": Required(Items(_INPUT, maximum=5)), "metadata": Metadata()}
)


def ask(turn: Turn) -> None:
    """Show the first input."""
    params = turn.call.params
    for position, sent in enumerate(params["inputs"]):
        _check(sent, f"inputs[{position}]")
    if not params["inputs"]:
        raise ParameterMissing("inputs")
    details: dict[str, Any] = {
        "inputs": [new_input(sent) for sent in params["inputs"]],
        "metadata": merged({}, params.get("metadata", {})),
    }
    begin(turn, TYPE, details, step=Step.ASK_INPUT)
    turn.change(host=turn.call.host)
    turn.end_in(IDLE_S, time_out)


def answer(turn: Turn, reply: Reply) -> None:
    """The customer is done with the input on the screen, and sees the next one.

    The value of a signature is any text: what is drawn is the simulator's own. Raises
    ControlRefused where no form is shown, ControlInvalid for an answer it refuses.
    """
    asked = shown_input(turn)
    if asked["type"] == SIGNATURE and reply.value is not None:
        reply = Reply(_signed(turn), reply.toggles)
    inputs = list(turn.details["inputs"])
    position = turn.state["form_index"]
    inputs[position] = replied(asked, reply)
    turn.amend(inputs=inputs)
    if position + 1 < len(inputs):
        turn.step(Step.ASK_INPUT)
        turn.change(form_index=position + 1)
        turn.end_in(IDLE_S, time_out)
    else:
        turn.step(Step.FINISH)
        turn.show(THANKS)
        turn.succeed()


def shown_input(turn: Turn) -> Input:
    """The input on the screen; raises ControlRefused where there is none."""
    if turn.phase is not Phase.FORM:
        raise ControlRefused("the reader shows no form")
    found: Input = turn.details["inputs"][turn.state["form_index"]]
    return found


def time_out(turn: Turn) -> None:
    """Nobody has touched the form for two minutes."""
    turn.step(Step.FINISH)
    turn.fail("collect_inputs_timeout", "collect inputs was timed out")


def _signed(turn: Turn) -> str:
    """The id of a new file with a signature."""
    turn.call.host = turn.state["host"]
    upload = Upload("signature.svg", signature_drawing())
    file = add_file(turn.call, upload, purpose="customer_signature", format_="svg")
    return file["id"]


def _check(sent: Values, name: str) -> None:
    if sent["type"] == SELECTION and not sent.get(SELECTION, {}).get("choices"):
        raise ParameterMissing(f"{name}[selection][choices]")
    if sent["type"] != SELECTION and SELECTION in sent:
        raise ParameterInvalid(
            "Choices belong to inputs of type selection.", param=f"{name}[selection]"
        )
    choices = [choice["id"] for choice in sent.get(SELECTION, {}).get("choices", [])]
    if len(choices) != len(set(choices)):
        raise ParameterInvalid(
            "The ids of choices must be unique.", param=f"{name}[selection][choices]"
        )
    for position, toggle in enumerate(sent.get("toggles", [])):
        if not toggle.get("title") and not toggle.get("description"):
            raise ParameterInvalid(
                "At least one of title or description must be provided.",
                param=f"{name}[toggles][{position}]",
            )
