"""Stripe's search query language: parsing a query, and whether an object satisfies it.

Pure. Objects are found at once, unlike Stripe's, which takes up to a minute to index.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.store import Object

MAXIMUM_CLAUSES = 10
SHORTEST_SUBSTRING = 3


class FieldType(StrEnum):
    """How a field can be searched."""

    TOKEN = "token"  # noqa: S105 - a kind of field, not a secret
    """Equality only."""
    TEXT = "text"
    """Equality and substrings."""
    NUMBER = "number"
    """Equality and comparison."""
    METADATA = "metadata"
    """As text, by key: `metadata["order"]`."""


SearchFields = Mapping[str, FieldType]
"""Dotted names of the fields a resource can be searched by."""

_OPERATORS: Mapping[FieldType, frozenset[str]] = {
    FieldType.TOKEN: frozenset({":"}),
    FieldType.TEXT: frozenset({":", "~"}),
    FieldType.METADATA: frozenset({":", "~"}),
    FieldType.NUMBER: frozenset({":", ">", "<", ">=", "<="}),
}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    ":": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}

_CLAUSE = re.compile(
    r"""\s*
    (?P<negated>-)?
    (?P<field>[a-z_][a-z0-9_.]*)
    (?:\[(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\])?
    (?P<operator>>=|<=|[:~<>])
    (?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+)
    """,
    re.VERBOSE | re.ASCII,
)
_JUNCTION = re.compile(r"\s+(?P<word>AND|OR)(?=\s)|(?P<space>\s+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition on one field."""

    field: str
    key: str | None
    operator: str
    value: str | int | None
    """None for `null`: the field has no value."""
    is_negated: bool

    def matches(self, found: Object) -> bool:
        """Whether the object satisfies the condition."""
        return self._holds(_looked_up(found, self.field, self.key)) != self.is_negated

    def _holds(self, actual: Any) -> bool:
        if self.value is None or actual is None:
            return actual is None and self.value is None
        if isinstance(self.value, int):
            return isinstance(actual, int) and _COMPARISONS[self.operator](
                actual, self.value
            )
        text = _as_text(actual)
        if self.operator == "~":
            return self.value.casefold() in text
        return self.value.casefold() == text


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions of which all, or any, must hold."""

    clauses: tuple[Clause, ...]
    is_any: bool

    def matches(self, found: Object) -> bool:
        """Whether the object satisfies the query."""
        holds = (clause.matches(found) for clause in self.clauses)
        return any(holds) if self.is_any else all(holds)


def parse(text: str, fields: SearchFields) -> Query:
    """Read a query; raises InvalidRequest where it is none, or asks for other fields."""
    clauses = []
    words = set()
    position = 0
    while True:
        found = _CLAUSE.match(text, position)
        if found is None:
            raise _unparsable()
        clauses.append(_clause(found, fields))
        position = found.end()
        if not text[position:].strip():
            break
        junction = _JUNCTION.match(text, position)
        if junction is None:
            raise _unparsable()
        words.add((junction["word"] or "AND").upper())
        position = junction.end()
    if len(words) > 1:
        raise InvalidRequest(
            "You cannot combine AND and OR in one search query.", param="query"
        )
    if len(clauses) > MAXIMUM_CLAUSES:
        raise InvalidRequest(
            f"Search queries can have up to {MAXIMUM_CLAUSES} clauses.", param="query"
        )
    return Query(tuple(clauses), is_any=words == {"OR"})


def _clause(found: re.Match[str], fields: SearchFields) -> Clause:
    name, sign = found["field"], found["operator"]
    kind = fields.get(name)
    if kind is None or (kind is FieldType.METADATA) != (found["key"] is not None):
        raise InvalidRequest(
            f"Field `{name}` is an unsupported search field for this resource.",
            param="query",
        )
    if sign not in _OPERATORS[kind]:
        raise InvalidRequest(
            f"The operator `{sign}` is not supported for the field `{name}`.",
            param="query",
        )
    value = _value(found["value"], kind)
    if sign == "~" and (value is None or len(str(value)) < SHORTEST_SUBSTRING):
        raise InvalidRequest(
            f"A substring must have at least {SHORTEST_SUBSTRING} characters.",
            param="query",
        )
    key = None if found["key"] is None else _unquoted(found["key"])
    return Clause(name, key, sign, value, is_negated=found["negated"] is not None)


def _value(written: str, kind: FieldType) -> str | int | None:
    """The value; unquoted `null` is None, and numbers may be quoted or not."""
    is_quoted = written[0] in "\"'"
    if not is_quoted and written.lower() == "null":
        return None
    text = _unquoted(written) if is_quoted else written
    if kind is not FieldType.NUMBER:
        return text
    try:
        return int(text)
    except ValueError:
        raise _unparsable() from None


def _unquoted(written: str) -> str:
    return re.sub(r"\\(.)", r"\1", written[1:-1], flags=re.DOTALL)


def _looked_up(found: Object, name: str, key: str | None) -> Any:
    value: Any = found
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if key is None else (value or {}).get(key)


def _as_text(actual: Any) -> str:
    if isinstance(actual, bool):
        return str(actual).lower()
    return str(actual).casefold()


def _unparsable() -> InvalidRequest:
    return InvalidRequest(
        "We were unable to parse your search query. Please try using the format "
        '`metadata["key"]:"value"` to query for metadata or key:"value" to query for '
        "other fields.",
        param="query",
    )
