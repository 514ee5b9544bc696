"""Parameters are refused in Stripe's words, and never echo a card number."""

from __future__ import annotations

from typing import Literal

import pytest

from agent.errors import (
    ParameterInvalid,
    ParameterMissing,
    ParameterUnknown,
    RequestInvalid,
)
from agent.rest.forms import Value
from agent.rest.parameters import (
    Boolean,
    Integer,
    Limit,
    Metadata,
    NotNegative,
    Parameters,
    Text,
    TextList,
    read,
)


class Inner(Parameters):
    flag: Boolean | None = None


class Outer(Parameters):
    name: Text
    inner: Inner = Inner()
    number: Integer | None = None
    count: NotNegative = 0
    limit: Limit = 10
    tags: TextList = ()
    metadata: Metadata | None = None
    mode: Literal["always", "limited"] | None = None


def refusal(**values: Value) -> RequestInvalid:
    with pytest.raises(RequestInvalid) as refused:
        read(Outer, {"name": "a", **values})
    return refused.value


def test_strings_of_a_form_become_typed() -> None:
    parameters = read(
        Outer,
        {
            "name": "a",
            "inner": {"flag": "false"},
            "number": "-12",
            "tags": {"1": "y", "0": "x"},
            "metadata": {"order": "7", "gone": None},
            "mode": "always",
        },
    )

    assert parameters.inner.flag is False
    assert parameters.number == -12
    assert parameters.tags == ("x", "y")
    assert parameters.metadata == {"order": "7", "gone": ""}


def test_types_of_json_are_taken_as_they_are() -> None:
    parameters = read(
        Outer, {"name": "a", "inner": {"flag": True}, "number": 3, "tags": ["x"]}
    )

    assert (parameters.inner.flag, parameters.number) == (True, 3)


def test_empty_metadata_have_no_keys() -> None:
    assert read(Outer, {"name": "a", "metadata": ""}).metadata == {}


def test_an_unknown_parameter_is_named() -> None:
    error = refusal(colour="red")

    assert isinstance(error, ParameterUnknown)
    assert error.message == "Received unknown parameter: colour"
    assert error.param == "colour"


def test_several_unknown_parameters_are_all_named() -> None:
    error = refusal(colour="red", inner={"shade": "dark"})

    assert error.message == "Received unknown parameters: inner[shade], colour"


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(ParameterMissing) as refused:
        read(Outer, {})

    assert refused.value.message == "Missing required param: name."
    assert refused.value.param == "name"


@pytest.mark.parametrize(
    ("values", "param", "message"),
    [
        (
            {"inner": {"flag": "maybe"}},
            "inner[flag]",
            "Invalid boolean: maybe",
        ),
        ({"number": "ten"}, "number", "Invalid integer: ten"),
        ({"number": True}, "number", "Invalid integer: True"),
        ({"number": "4242424242424242"}, "number", "Invalid integer: (hidden)"),
        ({"number": "1" * 16}, "number", "Invalid integer: (hidden)"),
        (
            {"count": "-1"},
            "count",
            "This value must be greater than or equal to 0.",
        ),
        ({"limit": "0"}, "limit", "This value must be greater than or equal to 1."),
        ({"limit": "101"}, "limit", "This value must be less than or equal to 100."),
        ({"name": ["a"]}, "name", "Invalid string: send text."),
        (
            {"name": "a" * 5001},
            "name",
            "Invalid string: must be at most 5000 characters.",
        ),
        ({"tags": "x"}, "tags", "Invalid array."),
        ({"tags": {"a": "x"}}, "tags", "Invalid array."),
        ({"inner": "x"}, "inner", "Invalid object: inner"),
        (
            {"mode": "never"},
            "mode",
            "Invalid mode: must be one of always or limited",
        ),
        (
            {"metadata": "x"},
            "metadata",
            "Invalid object: metadata must be key-value pairs.",
        ),
        (
            {"metadata": {str(n): "x" for n in range(51)}},
            "metadata",
            "Metadata can have at most 50 keys.",
        ),
        (
            {"metadata": {"k" * 41: "x"}},
            "metadata",
            "Metadata keys must be at most 40 characters.",
        ),
        (
            {"metadata": {"k": "x" * 501}},
            "metadata",
            "Metadata values must be text of at most 500 characters.",
        ),
        (
            {"metadata": {"k": 7}},
            "metadata",
            "Metadata values must be text of at most 500 characters.",
        ),
    ],
)
def test_a_value_of_the_wrong_form_is_refused(
    values: dict[str, Value], param: str, message: str
) -> None:
    error = refusal(**values)

    assert isinstance(error, ParameterInvalid)
    assert (error.param, error.message) == (param, message)


def test_an_empty_string_does_not_unset_what_cannot_be_unset() -> None:
    error = refusal(name="")

    assert "empty string" in error.message
