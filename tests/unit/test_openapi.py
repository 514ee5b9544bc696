"""GET /agent/openapi.json says what the routes do: each of them is asked."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from asgi_client import Answer, AsgiClient
from local_routes import local_routes
from rest_fakes import Agent, running_agent
from route_fuzzing import declared_routes, filled, parameter_names

from agent.errors import ResourceMissing
from agent.rest.openapi.declared import DECLARED
from agent.rest.openapi.document import document, openapi_json, shape_of
from agent.rest.problems import envelope, problem
from agent.rest.routes import routes
from agent.settings import RestSettings

ADDRESS = "/agent/openapi.json"
DOCUMENT: Any = document(routes(), "1.2.3")
PATHS: dict[str, dict[str, Any]] = DOCUMENT["paths"]
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
READ_NOTHING = {
    *("/agent/health/live", "/agent/health/ready", ADDRESS, "/agent/metrics"),
    "/v1/files/{file_id}/contents",
}
"""Routes that look at no parameter at all."""


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    rest = RestSettings(requests_per_s=1e9, request_burst=1_000_000)
    async with running_agent(tmp_path, rest=rest) as agent:
        agent.fleet.add("tmr_1")
        yield agent


def operations() -> Iterator[tuple[str, str, Any]]:
    """Method, path and description of each."""
    for path, item in PATHS.items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def resolved(part: Any) -> Any:
    """What is meant by it, where it is a reference."""
    while "$ref" in part:
        found: Any = DOCUMENT
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def refs(part: Any) -> Iterator[dict[str, str]]:
    """Every reference in it."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield part
        for each in part.values():
            yield from refs(each)
    elif isinstance(part, list):
        for each in part:
            yield from refs(each)


def parameters(operation: Any, where: str) -> dict[str, Any]:
    """Those in the path, the query or the headers."""
    found = map(resolved, operation["parameters"])
    return {each["name"]: each for each in found if each["in"] == where}


def body(operation: Any) -> Any:
    """The schema of a body; an empty one where none is taken."""
    content = operation.get("requestBody", {}).get("content")
    if content is None:
        return {"properties": {}, "additionalProperties": False}
    as_json = resolved(content["application/json"]["schema"])
    assert as_json == resolved(content["application/x-www-form-urlencoded"]["schema"])
    return as_json


def is_open(operation: Any) -> bool:
    """Whether Stripe may take more than is named."""
    if "stripes" in parameters(operation, "query"):
        return True
    return bool(body(operation)["additionalProperties"])


def names_of(operation: Any) -> set[str]:
    """All parameters that are named, without brackets."""
    query = {name.removesuffix("[]") for name in parameters(operation, "query")}
    return query | set(body(operation)["properties"])


async def told_unknown(client: AsgiClient, method: str, path: str) -> set[str]:
    """What the route calls unknown when it is sent every name of all routes."""
    form = dict.fromkeys(parameter_names(), "serial:x")
    answer = (
        await client.post(path, form)
        if method == "POST"
        else await client.request(method, f"{path}?{urlencode(form)}")
    )
    message = _message(answer)
    _, _, unknown = message.partition("Received unknown parameters: ")
    return set(unknown.split(", ")) - {""}


def _message(answer: Answer) -> str:
    if answer.status < 400:
        return ""
    content = answer.json()
    return str(content["error"]["message"] if "error" in content else content["detail"])


def test_every_route_is_described_and_nothing_else() -> None:
    declared = {(method, shape_of(route.path)) for method, route in declared_routes()}

    assert {(method, shape_of(path)) for method, path, _ in operations()} == declared


def test_no_endpoint_is_declared_that_has_no_route() -> None:
    behind = {
        getattr(route, "behind", route.endpoint) for _, route in declared_routes()
    }

    assert set(DECLARED) == behind


def test_the_scopes_are_those_that_the_manual_promises() -> None:
    promised = {
        (route.method, shape_of(route.path)): route.scopes for route in local_routes()
    }

    for method, path, operation in operations():
        alternatives = [each["local_key"] for each in operation["security"]]
        assert all(len(scopes) == 1 for scopes in alternatives)
        told = {scope for [scope] in alternatives}
        assert told == promised[method, shape_of(path)], (method, path)


async def test_a_route_refuses_just_those_names_that_are_not_described(
    agent: Agent,
) -> None:
    asked = 0
    for method, path, operation in operations():
        if path in READ_NOTHING or is_open(operation):
            continue
        unknown = await told_unknown(agent.client, method, filled(path))
        assert unknown == set(parameter_names()) - names_of(operation), (method, path)
        asked += 1

    assert asked > 40
    assert agent.fleet.commands == []


def test_what_reads_no_parameter_names_none() -> None:
    for path in READ_NOTHING:
        [operation] = PATHS[path].values()
        assert names_of(operation) == set()


def test_every_parameter_of_a_path_is_named_once() -> None:
    for method, path, operation in operations():
        named = parameters(operation, "path")
        assert set(named) == set(re.findall(r"{(\w+)}", path)), (method, path)
        assert all(each["required"] for each in named.values())


def test_every_operation_has_a_name_of_its_own_and_a_sentence() -> None:
    found = [operation for _, _, operation in operations()]

    assert len({each["operationId"] for each in found}) == len(found)
    for each in found:
        assert re.fullmatch(r"[A-Z0-9].{5,90}\.", each["summary"]), each["summary"]


def test_every_reference_leads_somewhere() -> None:
    assert all(resolved(ref) for ref in refs(DOCUMENT))


def test_a_payment_is_described_as_a_register_sends_it() -> None:
    path = "/v1/terminal/readers/{reader_id}/process_payment_intent"
    operation = PATHS[path]["post"]

    schema = body(operation)
    assert schema["required"] == ["payment_intent"]
    assert schema["additionalProperties"] is False
    config = resolved(schema["properties"]["process_config"])["properties"]
    assert config["skip_tipping"] == {"type": "boolean"}
    assert config["allow_redisplay"]["enum"] == ["always", "limited", "unspecified"]
    assert resolved(config["tipping"])["properties"] == {
        "amount_eligible": {"type": "integer", "minimum": 0}
    }
    form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]
    assert form["encoding"]["process_config"] == {
        "style": "deepObject",
        "explode": True,
    }
    assert list(parameters(operation, "header")) == [
        "Idempotency-Key",
        "Prefer",
        "Cardlane-Lease-Token",
    ]


def test_a_list_of_events_is_described_as_it_is_asked_for() -> None:
    query = parameters(PATHS["/v1/events"]["get"], "query")

    limit = query["limit"]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 10)
    assert (query["types[]"]["style"], query["types[]"]["explode"]) == ("form", True)
    a_second, bounds = query["created"]["schema"]["anyOf"]
    assert a_second["type"] == "integer"
    assert set(resolved(bounds)["properties"]) == {"gt", "gte", "lt", "lte"}


def test_limits_are_those_of_the_routes() -> None:
    discovery = parameters(PATHS["/agent/discovery"]["get"], "query")
    lease = SCHEMAS["TakeLease"]["properties"]

    assert discovery["method"]["explode"] is False
    assert discovery["timeout_s"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 3600,
    }
    assert (lease["ttl_s"]["maximum"], lease["owner"]["maxLength"]) == (3600, 100)
    assert SCHEMAS["CustomTextParameters"]["properties"]["skip_button"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 14,
    }


@pytest.mark.parametrize(
    ("path", "media_types"),
    [
        ("/agent/events", ["text/event-stream"]),
        ("/agent/discovery", ["application/json", "text/event-stream"]),
        ("/agent/payments/{payment_id}/signature", ["image/svg+xml"]),
        ("/v1/events", ["application/json"]),
    ],
)
def test_an_answer_is_described_by_its_kind(path: str, media_types: list[str]) -> None:
    answer = PATHS[path]["get"]["responses"]["200"]

    assert list(answer["content"]) == media_types


def test_errors_are_described_as_each_part_of_the_api_tells_them() -> None:
    error = ResourceMissing("No such reader.", param="id")

    stripes = resolved(PATHS["/v1/events"]["get"]["responses"]["4XX"])
    own = resolved(PATHS["/agent/journal"]["get"]["responses"]["5XX"])

    described = resolved(stripes["content"]["application/json"]["schema"])
    assert set(described["properties"]["error"]["properties"]) == set(
        envelope(error)["error"]
    )
    described = resolved(own["content"]["application/problem+json"]["schema"])
    assert set(described["properties"]) == set(problem(error))


async def test_anybody_on_this_machine_is_told(agent: Agent) -> None:
    answer = await AsgiClient(agent.app, key=None).get(ADDRESS)

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["openapi"] == "3.1.0"
    assert answer.json()["paths"] == PATHS


def test_it_is_made_once() -> None:
    assert openapi_json() is openapi_json()


def test_an_agent_that_nobody_asks_does_not_load_what_makes_it() -> None:
    program = (
        "import sys, agent.app, agent.rest.server\n"
        "sys.exit('agent.rest.openapi' in sys.modules)\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)
