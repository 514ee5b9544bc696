"""`cardlane configurations`: Stripe's Configurations one by one, through the agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed
from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.terminal_objects import (
    CONFIGURATIONS,
    LOCATIONS,
    ObjectId,
    ObjectKind,
    Set,
    Unset,
    all_objects,
    check_change,
    file_content,
    group_of,
    path_of,
    tell,
)
from agent.stripe_api.objects import JsonObject

if TYPE_CHECKING:
    from agent.cli.assignments import Assignments
    from agent.cli.local_api import LocalApi

Name = Annotated[str | None, typer.Option(help="What you call it.")]


def configuration_commands() -> typer.Typer:
    """The group of commands."""
    return group_of(_KIND, create, update)


def create(
    name: Name = None,
    set_: Set = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Create one; without a Location that names it, it counts nowhere."""
    from agent.cli.assignments import form_of

    form = form_of(_assigned(name, set_))
    api = open_local_api(AgentAddress(config, url, key_file))
    tell(api, _KIND, api.post(CONFIGURATIONS, form), as_json=as_json)


def update(
    object_id: ObjectId,
    name: Name = None,
    set_: Set = None,
    unset: Unset = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Change one; what is not named stays."""
    from agent.cli.assignments import unset_values

    changes = [*_assigned(name, set_), *unset_values(unset or [])]
    check_change(changes)
    api = open_local_api(AgentAddress(config, url, key_file))
    shown = _changed(api, object_id, changes)
    tell(api, _KIND, shown, as_json=as_json)


def _changed(api: LocalApi, object_id: str, changes: Assignments) -> JsonObject:
    """The Configuration after the changes. Raises CommandFailed."""
    from agent.cli.assignments import form_of, still_set, with_rest_of_sections

    path = path_of(_KIND, object_id)
    sent = with_rest_of_sections(changes, api.get(path))
    shown = api.post(path, form_of(sent))
    left = still_set(changes, shown)
    if left is not None:
        raise CommandFailed(
            f"{left} is still set; all other changes were made",
            code="still_set",
            remedy=f"Unset {left.partition('.')[0]} as a whole, and set the rest anew.",
        )
    return shown


def _assigned(name: str | None, given: list[str] | None) -> Assignments:
    from agent.cli.assignments import option_values, set_values

    return [*option_values([("name", name)]), *set_values(given or [], file_content)]


def _list_text(api: LocalApi, listed: Sequence[JsonObject]) -> str:
    from agent.cli.terminal_object_texts import configurations_text

    return configurations_text(listed, all_objects(api, LOCATIONS))


def _text(api: LocalApi, shown: JsonObject) -> str:
    from agent.cli.terminal_object_texts import configuration_text

    others = all_objects(api, CONFIGURATIONS)
    return configuration_text(shown, others, all_objects(api, LOCATIONS))


_KIND = ObjectKind("Configuration", CONFIGURATIONS, _list_text, _text)
