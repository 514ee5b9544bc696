"""Declared parameters: what each kind takes, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.stripe_api.engine.errors import ApiError, ParameterMissing
from simulator.stripe_api.engine.parameters import (
    Boolean,
    Choice,
    Clearable,
    Fields,
    Hexadecimal,
    Integer,
    Items,
    Parameter,
    Required,
    Since,
    Text,
    Until,
)
from simulator.stripe_api.engine.versions import LATEST, ApiVersion

OLD = ApiVersion("2025-01-01.acacia")
ADDRESS = Fields({"country": Required(Text()), "line1": Text()})


def read(parameter: Parameter, raw: Any, version: ApiVersion = LATEST) -> Any:
    """The parameter's reading of a value called `p`."""
    return parameter.read(raw, "p", version)


@pytest.mark.parametrize(
    ("parameter", "raw", "value"),
    [
        (Text(), "text", "text"),
        (Text(), 7, "7"),
        (Integer(), "7", 7),
        (Integer(), "-7", -7),
        (Integer(), 7, 7),
        (Boolean(), "true", True),
        (Boolean(), False, False),
        (Choice(("a", "b")), "b", "b"),
        (Hexadecimal(4), "00fF", b"\x00\xff"),
        (Items(Integer()), ["1", "2"], [1, 2]),
        (Items(Integer()), {"1": "2", "0": "1", "10": "3"}, [1, 2, 3]),
        (Items(Integer()), {}, []),
        (Clearable(Integer()), "", None),
        (Clearable(Integer()), None, None),
        (Clearable(Integer()), "1", 1),
        (Required(Text()), "x", "x"),
        (ADDRESS, {"country": "DE"}, {"country": "DE"}),
        (Since("2025-06-01", Text()), "x", "x"),
    ],
)
def test_good_values_are_read(parameter: Parameter, raw: Any, value: Any) -> None:
    assert read(parameter, raw) == value


@pytest.mark.parametrize(
    ("parameter", "raw", "message"),
    [
        (Text(), "", "empty string for 'p'"),
        (Text(), ["x"], "Invalid string: [...]"),
        (Text(), True, "Invalid string: true"),
        (Text(), None, "Invalid string: null"),
        (Text(5), "123456", "must be at most 5 characters"),
        (Integer(), "", "empty string for 'p'"),
        (Integer(), "1.5", "Invalid integer: 1.5"),
        (Integer(), 1.5, "Invalid integer: 1.5"),
        (Integer(), True, "Invalid integer: true"),
        (Integer(), "\u0661", "Invalid integer: \u0661"),
        (Integer(), "9" * 50, f"Invalid integer: {'9' * 37}..."),
        (Integer(minimum=1), "0", "greater than or equal to 1."),
        (Integer(maximum=9), "10", "less than or equal to 9."),
        (Boolean(), "", "empty string for 'p'"),
        (Boolean(), "1", "Invalid boolean: 1"),
        (Choice(("a", "b")), "c", "Invalid p: must be one of a or b"),
        (Choice(("a",)), {}, "Invalid p: must be one of a"),
        (Choice(("a", "b", "c")), "d", "must be one of a, b, or c"),
        (Choice(("a",)), "", "empty string for 'p'"),
        (Hexadecimal(4), "", "empty string for 'p'"),
        (Hexadecimal(4), "0g", "Invalid hexadecimal string"),
        (Hexadecimal(4), 7, "Invalid hexadecimal string"),
        (Hexadecimal(4), "0011223344", "at most 4 bytes"),
        (Items(Integer()), "1", "Invalid array"),
        (Items(Integer()), {"a": "1"}, "Invalid array"),
        (Items(Integer(), maximum=1), ["1", "2"], "at most 1 elements"),
        (ADDRESS, "x", "Invalid object"),
        (ADDRESS, {"country": "DE", "planet": "Earth"}, "parameter: p[planet]"),
    ],
)
def test_bad_values_are_refused(parameter: Parameter, raw: Any, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(parameter, raw)

    assert message in caught.value.message
    assert str(caught.value.param).startswith("p")


def test_missing_parameter_is_named_in_full() -> None:
    with pytest.raises(ParameterMissing) as caught:
        read(ADDRESS, {"line1": "1"})

    assert caught.value.message == "Missing required param: p[country]."


def test_element_of_an_array_is_named_by_its_index() -> None:
    with pytest.raises(ApiError) as caught:
        read(Items(Integer()), ["1", "x"])

    assert caught.value.param == "p[1]"


def test_parameters_come_and_go_with_versions() -> None:
    fields = Fields(
        {"old": Until("2025-06-01", Text()), "new": Since("2025-06-01", Text())}
    )

    assert read(fields, {"old": "x"}, OLD) == {"old": "x"}
    assert read(fields, {"new": "x"}) == {"new": "x"}
    for raw, version in ({"old": "x"}, LATEST), ({"new": "x"}, OLD):
        with pytest.raises(ApiError, match="unknown parameter"):
            read(fields, raw, version)


def test_version_counts_outside_of_fields_too() -> None:
    with pytest.raises(ApiError, match="unknown parameter: p"):
        read(Since("2025-06-01", Text()), "x", OLD)
    with pytest.raises(ApiError, match="unknown parameter: p"):
        read(Until("2025-06-01", Text()), "x")
    assert read(Until("2025-06-01", Text()), "x", OLD) == "x"
