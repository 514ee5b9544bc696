"""Declared parameters: what an operation takes, and Stripe's words where it does not.

A declaration is data, read once per request without building schemas. Wrappers say
when a parameter counts (`Required`, `Since`, `Until`) or may be unset (`Clearable`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from simulator.stripe_api.engine.errors import (
    ParameterInvalid,
    ParameterMissing,
    ParameterUnknown,
)
from simulator.stripe_api.engine.versions import ApiVersion

Values = dict[str, Any]
"""Parameters after reading: only those that were sent; an unset one is None."""

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_INDEX = re.compile(r"\d{1,9}", re.ASCII)


class Parameter(Protocol):
    """How one parameter's raw value is read."""

    def read(self, raw: Any, name: str, version: ApiVersion) -> Any:
        """The value; raises ParameterInvalid (or -Missing, -Unknown) naming `name`."""
        ...


@dataclass(frozen=True, slots=True)
class Required:
    """The parameter must be sent."""

    parameter: Parameter

    def read(self, raw: Any, name: str, version: ApiVersion) -> Any:
        """As the wrapped parameter."""
        return self.parameter.read(raw, name, version)


@dataclass(frozen=True, slots=True)
class Clearable:
    """An empty value unsets what the parameter set: it is read as None."""

    parameter: Parameter

    def read(self, raw: Any, name: str, version: ApiVersion) -> Any:
        """None for an empty value, else as the wrapped parameter."""
        if raw == "" or raw is None:
            return None
        return self.parameter.read(raw, name, version)


@dataclass(frozen=True, slots=True)
class Since:
    """The parameter exists from this version on."""

    version: str
    parameter: Parameter

    def read(self, raw: Any, name: str, version: ApiVersion) -> Any:
        """As the wrapped parameter; unknown before `version`."""
        if version < self.version:
            raise ParameterUnknown([name])
        return self.parameter.read(raw, name, version)


@dataclass(frozen=True, slots=True)
class Until:
    """The parameter was removed in this version."""

    version: str
    parameter: Parameter

    def read(self, raw: Any, name: str, version: ApiVersion) -> Any:
        """As the wrapped parameter; unknown from `version` on."""
        if version >= self.version:
            raise ParameterUnknown([name])
        return self.parameter.read(raw, name, version)


@dataclass(frozen=True, slots=True)
class Text:
    """A string that is not empty."""

    maximum_length: int = 5000

    def read(self, raw: Any, name: str, version: ApiVersion) -> str:
        """The string; numbers in JSON bodies are taken as Stripe's forms write them."""
        if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
            raise ParameterInvalid(f"Invalid string: {_shown(raw)}", param=name)
        text = str(raw)
        if not text:
            raise _empty(name)
        if len(text) > self.maximum_length:
            raise ParameterInvalid(
                f"Invalid string: {text[:10]}...; must be at most "
                f"{self.maximum_length} characters",
                param=name,
            )
        return text


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number within bounds."""

    minimum: int | None = None
    maximum: int | None = None

    def read(self, raw: Any, name: str, version: ApiVersion) -> int:
        """The number."""
        if raw == "":
            raise _empty(name)
        if isinstance(raw, bool) or not isinstance(raw, (str, int)):
            raise self._not_integer(raw, name)
        if isinstance(raw, str) and not _INTEGER.fullmatch(raw):
            raise self._not_integer(raw, name)
        value = int(raw)
        if self.minimum is not None and value < self.minimum:
            raise self._out_of_range("greater", self.minimum, name)
        if self.maximum is not None and value > self.maximum:
            raise self._out_of_range("less", self.maximum, name)
        return value

    def _not_integer(self, raw: Any, name: str) -> ParameterInvalid:
        return ParameterInvalid(
            f"Invalid integer: {_shown(raw)}",
            param=name,
            code="parameter_invalid_integer",
        )

    def _out_of_range(self, side: str, bound: int, name: str) -> ParameterInvalid:
        return ParameterInvalid(
            f"This value must be {side} than or equal to {bound}.",
            param=name,
            code="parameter_invalid_integer",
        )


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`."""

    def read(self, raw: Any, name: str, version: ApiVersion) -> bool:
        """The truth value."""
        if raw is True or raw == "true":
            return True
        if raw is False or raw == "false":
            return False
        if raw == "":
            raise _empty(name)
        raise ParameterInvalid(f"Invalid boolean: {_shown(raw)}", param=name)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a closed list of words."""

    words: Sequence[str]

    def read(self, raw: Any, name: str, version: ApiVersion) -> str:
        """The word."""
        if isinstance(raw, str) and raw in self.words:
            return raw
        if raw == "":
            raise _empty(name)
        raise ParameterInvalid(
            f"Invalid {name}: must be one of {_alternatives(self.words)}", param=name
        )


@dataclass(frozen=True, slots=True)
class Hexadecimal:
    """Bytes written as hexadecimal digits."""

    maximum_bytes: int

    def read(self, raw: Any, name: str, version: ApiVersion) -> bytes:
        """The bytes, at least one."""
        if raw == "":
            raise _empty(name)
        try:
            value = bytes.fromhex(raw)
        except (TypeError, ValueError):
            # The value may be card data: it is not repeated in the message.
            raise ParameterInvalid("Invalid hexadecimal string", param=name) from None
        if not 0 < len(value) <= self.maximum_bytes:
            raise ParameterInvalid(
                f"Invalid hexadecimal string: must have at most {self.maximum_bytes} "
                "bytes",
                param=name,
            )
        return value


@dataclass(frozen=True, slots=True)
class Items:
    """An array, sent as `a[]=`, as `a[0]=` or as a JSON array."""

    item: Parameter
    maximum: int = 1000

    def read(self, raw: Any, name: str, version: ApiVersion) -> list[Any]:
        """The values in the order sent, or in the order of their indices."""
        if isinstance(raw, dict):
            raw = _indexed(raw)
        if not isinstance(raw, list):
            raise ParameterInvalid("Invalid array", param=name)
        if len(raw) > self.maximum:
            raise ParameterInvalid(
                f"Array too long: must have at most {self.maximum} elements", param=name
            )
        return [
            self.item.read(element, f"{name}[{index}]", version)
            for index, element in enumerate(raw)
        ]


@dataclass(frozen=True, slots=True)
class Anything:
    """A parameter Stripe takes whose content has no effect here; kept as sent."""

    def read(self, raw: Any, name: str, version: ApiVersion) -> Any:
        """The raw value."""
        return raw


@dataclass(frozen=True, slots=True)
class Fields:
    """Named parameters, at the top of a request or within one another."""

    fields: Mapping[str, Parameter]

    def read(self, raw: Any, name: str, version: ApiVersion) -> Values:
        """The values sent. `name` is empty at the top."""
        if not isinstance(raw, dict):
            raise ParameterInvalid("Invalid object", param=name)
        self._refuse_unknown(raw, name, version)
        values: Values = {}
        for key, parameter in self.fields.items():
            if key in raw:
                values[key] = parameter.read(raw[key], _joined(name, key), version)
            elif isinstance(parameter, Required):
                raise ParameterMissing(_joined(name, key))
        return values

    def _refuse_unknown(
        self, raw: Mapping[str, Any], name: str, version: ApiVersion
    ) -> None:
        unknown = [
            _joined(name, key)
            for key in raw
            if not _exists(self.fields.get(key), version)
        ]
        if unknown:
            raise ParameterUnknown(unknown)


def _exists(parameter: Parameter | None, version: ApiVersion) -> bool:
    match parameter:
        case None:
            return False
        case Since():
            return version >= parameter.version
        case Until():
            return version < parameter.version
        case _:
            return True


def _joined(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key


def _indexed(tree: Mapping[str, Any]) -> list[Any] | None:
    if not all(_INDEX.fullmatch(key) for key in tree):
        return None
    return [tree[key] for key in sorted(tree, key=int)]


def _alternatives(words: Sequence[str]) -> str:
    if len(words) < 3:
        return " or ".join(words)
    return f"{', '.join(words[:-1])}, or {words[-1]}"


def _shown(raw: Any) -> str:
    """A value as an error message may repeat it: short, and never a structure."""
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, (str, int, float)):
        text = str(raw)
        return text if len(text) <= 40 else f"{text[:37]}..."
    return "{...}" if isinstance(raw, dict) else "[...]"


def _empty(name: str) -> ParameterInvalid:
    return ParameterInvalid(
        f"You passed an empty string for '{name}'. We assume empty values are an "
        f"attempt to unset a parameter; however '{name}' cannot be unset. You should "
        f"remove '{name}' from your request or supply a non-empty value.",
        param=name,
        code="parameter_invalid_empty",
    )
