"""Typed parameters, refused in Stripe's words where they do not fit.

Owns the types and the wording; each route's own model stands beside the route.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from agent.errors import (
    ParameterInvalid,
    ParameterMissing,
    ParameterUnknown,
    RequestInvalid,
)
from agent.rest.forms import Value


class Parameters(BaseModel):
    """A route's parameters; anything it does not name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=Parameters)


def read(model: type[Model], values: Mapping[str, Value]) -> Model:
    """`values` as `model`.

    Raises ParameterUnknown, ParameterMissing or ParameterInvalid, in this order.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)) from None


def _refusal(details: list[ErrorDetails]) -> RequestInvalid:
    unknown = [_name(d) for d in details if d["type"] == "extra_forbidden"]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        return ParameterUnknown(
            f"Received unknown parameter{plural}: {', '.join(unknown)}",
            param=unknown[0],
        )
    for detail in details:
        if detail["type"] == "missing":
            name = _name(detail)
            return ParameterMissing(f"Missing required param: {name}.", param=name)
    return ParameterInvalid(_wording(details[0]), param=_name(details[0]))


def _name(detail: ErrorDetails) -> str:
    """`("process_config", "skip_tipping")` → `process_config[skip_tipping]`."""
    head, *rest = (str(part)[:100] for part in detail["loc"])
    return head + "".join(f"[{part}]" for part in rest)


def _wording(detail: ErrorDetails) -> str:
    name = _name(detail)
    match detail["type"]:
        case "literal_error":
            expected = detail["ctx"]["expected"].replace("'", "")
            return f"Invalid {name}: must be one of {expected}"
        case "model_type":
            return f"Invalid object: {name}"
        case _:
            return detail["msg"]


def invalid(message: str) -> PydanticCustomError:
    """What a validator raises; `message` reaches the caller as it is."""
    return PydanticCustomError("cardlane", "{message}", {"message": message})


def _shown(value: object) -> str:
    """The value for an error message, unless it could be a card number."""
    text = str(value)[:40]
    return "(hidden)" if len(re.sub(r"\D", "", text)) > 8 else text


def _boolean(value: object) -> bool:
    match value:
        case bool():
            return value
        case "true":
            return True
        case "false":
            return False
        case _:
            raise invalid(f"Invalid boolean: {_shown(value)}")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value):
        return int(value)
    raise invalid(f"Invalid integer: {_shown(value)}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise invalid("Invalid string: send text.")
    if not value:
        raise invalid(
            "You passed an empty string. Empty values unset a parameter, and this one "
            "cannot be unset: leave it out or send a value."
        )
    if len(value) > 5000:
        raise invalid("Invalid string: must be at most 5000 characters.")
    return value


def _limit(value: object) -> int:
    number = _positive(value)
    if number > 100:
        raise invalid("This value must be less than or equal to 100.")
    return number


def _not_negative(value: object) -> int:
    number = _integer(value)
    if number < 0:
        raise invalid("This value must be greater than or equal to 0.")
    return number


def _positive(value: object) -> int:
    number = _integer(value)
    if number < 1:
        raise invalid("This value must be greater than or equal to 1.")
    return number


def _list(value: object) -> list[object]:
    """`a[]=x` arrives as a list, `a[0]=x` as a hash with numbers for keys."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and all(str(key).isdecimal() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    raise invalid("Invalid array.")


def items(*, most: int | None = None) -> Callable[[object], list[object]]:
    """A validator of lists of so many items at most."""

    def listed(value: object) -> list[object]:
        found = _list(value)
        if most is not None and len(found) > most:
            raise invalid(f"Invalid array: at most {most} items may be sent.")
        return found

    return listed


def at_most(letters: int) -> Callable[[str], str]:
    """A validator of texts of so many letters at most."""

    def short(text: str) -> str:
        if len(text) > letters:
            raise invalid(f"Invalid string: must be at most {letters} characters")
        return text

    return short


def described_text(letters: int) -> WithJsonSchema:
    """How a text of so many letters at most is described to programs."""
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": letters})


def _currency(value: object) -> str:
    if isinstance(value, str) and re.fullmatch("[A-Za-z]{3}", value):
        return value.lower()
    raise invalid(f"Invalid currency: {_shown(value)}")


def _metadata(value: object) -> dict[str, str]:
    """Stripe's limits: 50 keys of 40 characters, values of 500; "" unsets."""
    if value == "":
        return {}
    if not isinstance(value, dict):
        raise invalid("Invalid object: metadata must be key-value pairs.")
    if len(value) > 50:
        raise invalid("Metadata can have at most 50 keys.")
    pairs = {str(key): "" if v is None else v for key, v in value.items()}
    for key, item in pairs.items():
        if len(key) > 40:
            raise invalid("Metadata keys must be at most 40 characters.")
        if not isinstance(item, str) or len(item) > 500:
            raise invalid("Metadata values must be text of at most 500 characters.")
    return pairs


Boolean = Annotated[bool, BeforeValidator(_boolean)]
Integer = Annotated[int, BeforeValidator(_integer)]
NotNegative = Annotated[
    int,
    BeforeValidator(_not_negative),
    WithJsonSchema({"type": "integer", "minimum": 0}),
]
Positive = Annotated[
    int, BeforeValidator(_positive), WithJsonSchema({"type": "integer", "minimum": 1})
]
Currency = Annotated[
    str,
    BeforeValidator(_currency),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{3}$"}),
]
"""ISO 4217 alphabetic, in lower case then."""
Limit = Annotated[
    int,
    BeforeValidator(_limit),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 100}),
]
Text = Annotated[str, BeforeValidator(_text), described_text(5000)]
TextList = Annotated[tuple[Text, ...], BeforeValidator(_list)]
Metadata = Annotated[dict[str, str], BeforeValidator(_metadata)]
AllowRedisplay = Literal["always", "limited", "unspecified"]
