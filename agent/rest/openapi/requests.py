"""What a request carries besides headers: its query string or its body."""

from __future__ import annotations

from agent.rest.openapi.declared import JSON, Declared
from agent.rest.openapi.schemas import Schema, Schemas

FORM = "application/x-www-form-urlencoded"
_NESTED = {"style": "deepObject", "explode": True}
_STRIPES = {
    "name": "stripes",
    "in": "query",
    "description": "Whatever else Stripe takes here.",
    "style": "form",
    "explode": True,
    "schema": {"type": "object", "additionalProperties": True},
}


def parameters_of(declared: Declared, schemas: Schemas) -> list[Schema]:
    """The parameters of a query string."""
    model = schemas.of(declared.takes)
    required = model.get("required", [])
    parameters = [
        _in_query(name, schema, schemas)
        | ({"required": True} if name in required else {})
        for name, schema in model.get("properties", {}).items()
    ]
    return [*parameters, *([_STRIPES] if declared.is_passed_on else [])]


def request_body(declared: Declared, schemas: Schemas) -> Schema | None:
    """The body of a POST; None where it is empty."""
    model = schemas.of(declared.takes)
    properties = model.get("properties", {})
    if not properties and not declared.is_passed_on:
        return None
    schema = schemas.ref(declared.takes)
    if declared.is_passed_on:
        schema = {**model, "additionalProperties": True}
    encoding = {
        name: _NESTED for name, each in properties.items() if schemas.is_nested(each)
    }
    return {
        "required": bool(model.get("required")),
        "content": {
            FORM: {"schema": schema, **({"encoding": encoding} if encoding else {})},
            JSON: {"schema": schema},
        },
    }


def _in_query(name: str, schema: Schema, schemas: Schemas) -> Schema:
    parameter: Schema = {"name": name, "in": "query", "schema": schema}
    if schema.get("type") == "array":
        # `expand[]=a&expand[]=b`; what is joined with commas says so.
        parameter["schema"] = dict(schema)
        by_commas = parameter["schema"].pop("x-joined", False)
        parameter["name"] = name if by_commas else f"{name}[]"
        return parameter | {"style": "form", "explode": not by_commas}
    return parameter | (_NESTED if schemas.is_nested(schema) else {})
