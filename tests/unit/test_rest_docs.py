"""docs/rest.md and docs/errors.md name what the code has."""

from __future__ import annotations

import re

import pytest
from house import ROOT

from agent.cli.failures import ExitCode
from agent.firmware.failures import REMEDIES
from agent.payments.failures import MESSAGES
from agent.rest.auth import KeyScope
from agent.rest.forwarding import RESOURCES
from agent.rest.routes import routes

REST = (ROOT / "docs/rest.md").read_text()
ERRORS = (ROOT / "docs/errors.md").read_text()
FORWARDED = tuple(resource.path for resource in RESOURCES)

LOCAL_ROUTES = [
    f"{method} {re.sub('{[a-z_]+}', ':id', route.path)}"
    for route in routes()
    for method in (route.methods or set()) - {"HEAD"}
    if not route.path.startswith(FORWARDED)
]


@pytest.mark.parametrize("route", LOCAL_ROUTES)
def test_every_local_route_is_documented(route: str) -> None:
    assert f"`{route}`" in REST


@pytest.mark.parametrize("path", FORWARDED)
def test_every_resource_passed_on_is_documented(path: str) -> None:
    assert f"| `{path}` |" in REST


@pytest.mark.parametrize("scope", KeyScope)
def test_every_scope_is_documented(scope: KeyScope) -> None:
    assert f"| `{scope}` |" in REST


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_documented(code: ExitCode) -> None:
    assert f"| {code.value} |" in REST


@pytest.mark.parametrize("code", [*MESSAGES, *REMEDIES])
def test_every_reason_of_a_failed_action_or_update_is_documented(code: str) -> None:
    assert f"`{code}`" in ERRORS
