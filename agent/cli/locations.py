"""`cardlane locations`: Stripe's Locations one by one, through the agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.terminal_objects import (
    LOCATIONS,
    ObjectId,
    ObjectKind,
    Set,
    Unset,
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

DisplayName = Annotated[str | None, typer.Option(help="What people call it.")]
Line1 = Annotated[str | None, typer.Option("--line1", help="Street and number.")]
Line2 = Annotated[str | None, typer.Option("--line2", help="Floor, suite and so on.")]
City = Annotated[str | None, typer.Option(help="City.")]
State = Annotated[str | None, typer.Option(help="State, county or province.")]
Country = Annotated[str | None, typer.Option(help="Two letters; stays for ever.")]
PostalCode = Annotated[str | None, typer.Option(help="Postal code.")]
Uses = Annotated[
    str | None,
    typer.Option("--configuration", help="The Configuration of its own, tmc_…."),
]
Metadata = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="KEY= deletes the key; again for more."),
]
_PATHS = (
    "display_name",
    *("address.line1", "address.line2", "address.city", "address.state"),
    *("address.country", "address.postal_code", "configuration_overrides"),
)
"""Of the options above, in their order."""


def location_commands() -> typer.Typer:
    """The group of commands."""
    return group_of(_KIND, create, update)


def create(
    display_name: DisplayName = None,
    line1: Line1 = None,
    line2: Line2 = None,
    city: City = None,
    state: State = None,
    country: Country = None,
    postal_code: PostalCode = None,
    configuration: Uses = None,
    metadata: Metadata = None,
    set_: Set = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Create one; which parts of the address it needs depends on the country."""
    from agent.cli.assignments import form_of

    given = _named(
        (display_name, line1, line2, city, state, country, postal_code, configuration)
    )
    form = form_of(_assigned(given, metadata, set_))
    api = open_local_api(AgentAddress(config, url, key_file))
    tell(api, _KIND, api.post(LOCATIONS, form), as_json=as_json)


def update(
    object_id: ObjectId,
    display_name: DisplayName = None,
    line1: Line1 = None,
    line2: Line2 = None,
    city: City = None,
    state: State = None,
    country: Country = None,
    postal_code: PostalCode = None,
    configuration: Uses = None,
    metadata: Metadata = None,
    set_: Set = None,
    unset: Unset = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Change one; what is not named stays."""
    from agent.cli.assignments import form_of, unset_values

    given = _named(
        (display_name, line1, line2, city, state, country, postal_code, configuration)
    )
    changes = [*_assigned(given, metadata, set_), *unset_values(unset or [])]
    check_change(changes)
    api = open_local_api(AgentAddress(config, url, key_file))
    shown = api.post(path_of(_KIND, object_id), form_of(changes))
    tell(api, _KIND, shown, as_json=as_json)


def _named(values: Sequence[str | None]) -> Mapping[str, str | None]:
    return dict(zip(_PATHS, values, strict=True))


def _assigned(
    options: Mapping[str, str | None],
    metadata: list[str] | None,
    given: list[str] | None,
) -> Assignments:
    from agent.cli.assignments import metadata_values, option_values, set_values

    return [
        *option_values(options.items()),
        *metadata_values(metadata or []),
        *set_values(given or [], file_content),
    ]


def _list_text(_: LocalApi, listed: Sequence[JsonObject]) -> str:
    from agent.cli.terminal_object_texts import locations_text

    return locations_text(listed)


def _text(_: LocalApi, shown: JsonObject) -> str:
    from agent.cli.terminal_object_texts import location_text

    return location_text(shown)


_KIND = ObjectKind("Location", LOCATIONS, _list_text, _text)
