"""The OpenAPI 3.1 document of the route table: what is in neither cannot be in it."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version

from starlette.routing import Route

from agent.rest.auth import KeyScope
from agent.rest.guard import Endpoint, KeyedRoute
from agent.rest.openapi.answers import (
    ERRORS,
    HEADERS,
    PARAMETERS,
    PROBLEM,
    STRIPE_ERROR,
    responses,
)
from agent.rest.openapi.declared import DECLARED, Declared, Header
from agent.rest.openapi.requests import parameters_of, request_body
from agent.rest.openapi.schemas import Schema, Schemas
from agent.rest.routes import routes

_TEMPLATE = re.compile(r"\{(\w+)(?::path)?\}")
_FOR_PROGRAMMERS = re.compile(r"[.;] [Rr]aises .*")
_INFO = {
    "title": "Cardlane's local API",
    "summary": "Card readers for register apps, in Stripe Terminal's words.",
    "description": "Under `/v1` paths, parameters and objects are Stripe's; under "
    "`/agent` are the agent's own routes. What a route does not name is refused; where "
    "Stripe may be asked, Stripe judges. Every GET answers HEAD, too.",
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A local key of `cardlane keys create`; with several scopes named, "
    "one of them is enough. It is taken as the user name of Basic, too.",
}


@cache
def openapi_json() -> bytes:
    """The document of this agent's routes, made once."""
    return json.dumps(document(routes(), version("cardlane"))).encode()


def document(table: Sequence[Route], release: str) -> Schema:
    """The document of these routes, each of which has its endpoint in DECLARED."""
    schemas = Schemas({declared.takes for declared in DECLARED.values()})
    paths = _paths(table, schemas)
    errors = {"StripeError": STRIPE_ERROR, "Problem": PROBLEM}
    return {
        "openapi": "3.1.0",
        "info": {**_INFO, "version": release},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.referred(paths) | errors,
            "responses": ERRORS,
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": {"local_key": _BEARER},
        },
    }


def shape_of(path: str) -> str:
    """The path without its parameters' names, which OpenAPI does not go by."""
    return _TEMPLATE.sub("{}", path)


def _paths(table: Sequence[Route], schemas: Schemas) -> dict[str, Schema]:
    paths: dict[str, Schema] = {}
    spelled: dict[str, str] = {}
    for route in table:
        path = spelled.setdefault(
            shape_of(route.path), _TEMPLATE.sub(r"{\1}", route.path)
        )
        operations = paths.setdefault(path, {})
        for method in sorted((route.methods or set()) - {"HEAD"}):
            # Of two routes with one path the first one answers.
            operations.setdefault(
                method.lower(), _operation(route, method, path, schemas)
            )
    return paths


def _operation(route: Route, method: str, path: str, schemas: Schemas) -> Schema:
    endpoint = route.behind if isinstance(route, KeyedRoute) else route.endpoint
    declared = DECLARED[endpoint]
    words = re.findall(r"\w+", path)
    operation: Schema = {
        "operationId": "_".join([method.lower(), *words]),
        "summary": declared.summary or _first_line(endpoint),
        "tags": [words[0]],
        "security": _security(route),
        "parameters": [
            *(_in_path(name, route) for name in _TEMPLATE.findall(path)),
            *(
                {"$ref": f"#/components/parameters/{header}"}
                for header in _headers(declared, method)
            ),
        ],
        "responses": responses(declared, path=path),
    }
    if method != "POST":
        operation["parameters"] += parameters_of(declared, schemas)
    elif (body := request_body(declared, schemas)) is not None:
        operation["requestBody"] = body
    return operation


def _security(route: Route) -> list[Schema]:
    """One alternative for each scope."""
    scopes: frozenset[KeyScope] = (
        route.any_of if isinstance(route, KeyedRoute) else frozenset()
    )
    return [{"local_key": [scope.value]} for scope in sorted(scopes)]


def _in_path(name: str, route: Route) -> Schema:
    parameter = {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
    }
    if f"{{{name}:path}}" in route.path:
        parameter["description"] = "May have several segments: all below is passed on."
    return parameter


def _headers(declared: Declared, method: str) -> list[Header]:
    keyless = {Header.IDEMPOTENCY_KEY} if method != "POST" else set()
    return [header for header in declared.headers if header not in keyless]


def _first_line(endpoint: Endpoint) -> str:
    line = (inspect.getdoc(endpoint) or "").partition("\n")[0]
    return _FOR_PROGRAMMERS.sub(".", line)
