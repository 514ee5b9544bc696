"""`cardlane readers`: find, register and list readers, through the running agent."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.stripe_objects import Json as JsonValue
from agent.cli.stripe_objects import JsonObject, object_at, text_at
from agent.cli.tables import table

READERS = "/v1/terminal/readers"


def reader_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="Find, register and list readers.", no_args_is_help=True)
    group.command()(discover)
    group.command()(register)
    group.command(name="list")(list_readers)
    return group


def discover(
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Ask every port of this machine which reader is there."""
    api = open_local_api(AgentAddress(config, url, key_file))
    found = api.get("/agent/discovery")
    typer.echo(json.dumps(found) if as_json else discovered_text(found))


def register(
    code: Annotated[str, typer.Argument(help="A code that discover shows.")],
    label: Annotated[str | None, typer.Option(help="Its name at the till.")] = None,
    location: Annotated[
        str | None, typer.Option(help="Stripe's Location, tml_….")
    ] = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Make a discovered reader this agent's own."""
    api = open_local_api(AgentAddress(config, url, key_file))
    given = {"registration_code": code, "label": label, "location": location}
    reader = api.post(
        READERS, {name: value for name, value in given.items() if value is not None}
    )
    typer.echo(json.dumps(reader) if as_json else readers_text([reader]))


def list_readers(
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """List the registered readers and what they do."""
    api = open_local_api(AgentAddress(config, url, key_file))
    readers = api.get(READERS, {"limit": "100"})
    data = readers.get("data")
    shown = readers_text(data if isinstance(data, list) else [])
    typer.echo(json.dumps(readers) if as_json else shown)


def discovered_text(found: JsonObject) -> str:
    """Discovered readers as a table."""
    readers = found.get("readers")
    rows = [
        [
            text_at(reader, "registration_code") or "",
            text_at(reader, "model") or text_at(reader, "description") or "",
            text_at(reader, "serial_number") or "",
            text_at(reader, "registered_as") or text_at(reader, "problem") or "free",
        ]
        for reader in (readers if isinstance(readers, list) else [])
    ]
    if not rows:
        return "No port here looks like a reader's. `cardlane doctor` looks for causes."
    return table(["REGISTRATION CODE", "MODEL", "SERIAL NUMBER", "STATE"], rows)


def readers_text(readers: list[JsonValue]) -> str:
    """Registered readers as a table."""
    rows = [
        [
            text_at(reader, "id") or "",
            text_at(reader, "label") or "",
            text_at(reader, "device_type") or "",
            text_at(reader, "serial_number") or "",
            text_at(reader, "status") or "",
            text_at(object_at(reader, "action"), "status") or "idle",
        ]
        for reader in readers
    ]
    if not rows:
        return "No reader is registered; see `cardlane readers discover`."
    return table(["ID", "LABEL", "TYPE", "SERIAL NUMBER", "STATUS", "ACTION"], rows)
