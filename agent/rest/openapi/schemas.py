"""The parameter models of routes as JSON Schema, which OpenAPI 3.1 is written in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from agent.rest.parameters import Parameters

Schema = dict[str, Any]
REF = "#/components/schemas/"


class Schemas:
    """The schemas of these models, and of what they are made of."""

    def __init__(self, models: Iterable[type[Parameters]]) -> None:
        refs, definitions = models_json_schema(
            [(model, "validation") for model in models],
            ref_template=REF + "{model}",
            schema_generator=_AsSent,
        )
        self._names = {
            model: str(schema["$ref"]).removeprefix(REF)
            for (model, _), schema in refs.items()
        }
        self._by_name: dict[str, Schema] = definitions["$defs"]

    def of(self, model: type[Parameters]) -> Schema:
        """The model's own, with references to its parts."""
        return self._by_name[self._names[model]]

    def ref(self, model: type[Parameters]) -> Schema:
        """A reference to it."""
        return {"$ref": REF + self._names[model]}

    def is_nested(self, schema: Schema) -> bool:
        """Whether what it describes has parts, which a form sends one by one."""
        name = str(schema.get("$ref", "")).removeprefix(REF)
        schema = self._by_name.get(name, schema)
        return "anyOf" in schema or schema.get("type") in {"object", "array"}

    def referred(self, document: object) -> dict[str, Schema]:
        """By name, all that the document refers to, and what that refers to."""
        found: dict[str, Schema] = {}
        waiting = list(_names_in(document))
        while waiting:
            name = waiting.pop()
            if name in self._by_name and name not in found:
                found[name] = self._by_name[name]
                waiting += _names_in(found[name])
        return dict(sorted(found.items()))


def _names_in(part: object) -> Iterable[str]:
    match part:
        case {"$ref": str(ref)}:
            yield ref.removeprefix(REF)
        case dict():
            for each in part.values():
                yield from _names_in(each)
        case list():
            for each in part:
                yield from _names_in(each)


class _AsSent(GenerateJsonSchema):
    """Without null, which no form can send, and without titles that repeat names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def generate_inner(self, schema: Any) -> Schema:
        found = super().generate_inner(schema)
        for bound, name in (("ge", "minimum"), ("le", "maximum")):
            # Bounds behind a validator come under Python's names.
            if bound in found:
                found[name] = found.pop(bound)
        return found

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        default = schema.get("default")
        if default is None or default == () or isinstance(default, BaseModel):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)
