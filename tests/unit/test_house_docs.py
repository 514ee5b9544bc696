"""Nothing that a user can meet goes without documentation, and no dependency unexplained."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest
from house import ROOT, documentation
from pydantic import BaseModel
from starlette.routing import Route, Router

import agent.firmware.errors
from agent.errors import AgentError
from agent.settings import Settings
from drivers.errors import DriverError
from simulator.app import build_simulator
from simulator.clock import SystemClock
from simulator.control.application import control_application
from simulator.errors import SimulatorError

ErrorClass = type[AgentError] | type[DriverError] | type[SimulatorError]


# Its tree hangs below AgentError, once somebody has loaded it.
assert issubclass(agent.firmware.errors.FirmwareError, AgentError)


@pytest.mark.parametrize("root", [AgentError, DriverError, SimulatorError])
def test_every_error_code_is_documented(root: ErrorClass) -> None:
    undocumented = {code for code in codes(root) if f"`{code}`" not in documentation()}

    assert undocumented == set()


def test_every_setting_is_documented() -> None:
    operations = (ROOT / "docs/operations.md").read_text()

    undocumented = [s for s in settings(Settings) if f"| `{s}` |" not in operations]

    assert undocumented == []


def test_every_control_route_of_the_simulator_is_documented() -> None:
    undocumented = [
        f"{method} {path}"
        for method, path in control_routes()
        if not re.search(documented_as(method, path), documentation())
    ]

    assert undocumented == []


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    explained = (ROOT / "docs/architecture.md").read_text()
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]

    names = {re.split(r"[<>=\[]", requirement)[0] for requirement in wanted}

    assert {name for name in names if name not in explained} == set()


def codes(error: ErrorClass) -> Iterator[str]:
    """The codes of a class and of all below it."""
    yield error.code
    for more_special in error.__subclasses__():
        yield from codes(more_special)


def settings(section: type[BaseModel], *, prefix: str = "") -> Iterator[str]:
    """The dotted names of all settings."""
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings(kind, prefix=f"{prefix}{name}.")
        else:
            yield prefix + name


def control_routes() -> Iterator[tuple[str, str]]:
    """Method and path template of everything under `/simulator`."""
    simulator = build_simulator(clock=SystemClock())
    application = control_application(
        clock=simulator.clock,
        stripe_api=simulator.stripe_api,
        readers=simulator.readers,
        rules=simulator.rules,
        cards=simulator.cards,
    )
    assert isinstance(application, Router)
    for route in application.routes:
        assert isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}:
            yield method, route.path


def documented_as(method: str, path: str) -> str:
    """A pattern: what the code calls `{reader}`, a document may call `:name`."""
    parts = [
        r":\w+" if part.startswith("{") else re.escape(part) for part in path.split("/")
    ]
    return rf"`{method} {'/'.join(parts)}`"
