"""`cardlane readers`: find, register, list and command readers, through the agent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed, ExitCode
from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.reader_commands import connect, disconnect, identify, reboot
from agent.cli.reader_move import move
from agent.cli.reader_settings import configuration
from agent.cli.reader_table import readers_text
from agent.stripe_api.objects import JsonObject, text_at

if TYPE_CHECKING:
    from agent.cli.local_api import LocalApi, ServerEvent

READERS = "/v1/terminal/readers"


def reader_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(
        help="Find, register, list and command readers.", no_args_is_help=True
    )
    group.command()(discover)
    group.command()(register)
    group.command(name="list")(list_readers)
    for command in (connect, disconnect, reboot, identify, configuration, move):
        group.command()(command)
    return group


def discover(
    method: Annotated[
        str | None,
        typer.Option(help="serial, usb, bluetooth or tcp; several with commas."),
    ] = None,
    timeout: Annotated[
        int | None,
        typer.Option(help="Look for so many seconds, also for what is plugged in."),
    ] = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Look for readers, and show each as soon as it has said who it is."""
    api = open_local_api(AgentAddress(config, url, key_file))
    given = {"method": method, "timeout_s": timeout}
    query = {name: str(value) for name, value in given.items() if value is not None}
    found: dict[str, JsonObject] = {}
    with suppress(KeyboardInterrupt):
        for line in _lines_of_discovery(api, query, found):
            if not as_json:
                typer.echo(line)
    if as_json:
        typer.echo(json.dumps({"readers": list(found.values())}))
    elif not found:
        typer.echo("Nothing here looks like a reader; `cardlane doctor` knows why.")


def _lines_of_discovery(
    api: LocalApi, query: dict[str, str], found: dict[str, JsonObject]
) -> Iterator[str]:
    with api.stream("/agent/discovery", query) as events:
        for event in events:
            if event is None:
                continue
            if event.name == "discovery_ended":
                return
            line = discovery_line(event, found)
            if line is not None:
                yield line
    raise CommandFailed(
        "the agent hung up before all readers were asked",
        code="agent_unreachable",
        remedy="Look at its log, and try again.",
        exit_code=ExitCode.UNREACHABLE,
    )


def register(
    code: Annotated[
        str, typer.Argument(help="A code that discover or a smart reader shows.")
    ],
    label: Annotated[str | None, typer.Option(help="Its name at the till.")] = None,
    location: Annotated[
        str | None, typer.Option(help="Stripe's Location, tml_….")
    ] = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Make a discovered reader this agent's own, or a smart one the account's."""
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


def discovery_line(event: ServerEvent, found: dict[str, JsonObject]) -> str | None:
    """What to show of one event of discovery; what is known goes into `found`."""
    content = event.content
    code = text_at(content, "registration_code") or ""
    match event.name:
        case "reader_identified":
            found[code] = content
            state = text_at(content, "registered_as") or "free"
        case "reader_failed":
            found[code] = content
            state = text_at(content, "problem") or ""
        case "reader_gone":
            found.pop(code, None)
            state = "gone"
        case "method_failed":
            return f"{text_at(content, 'method')}: {text_at(content, 'message')}"
        case _:
            return None
    what = text_at(content, "model") or text_at(content, "description") or ""
    serial_number = text_at(content, "serial_number") or "-"
    return f"{code:<32}  {what:<24}  {serial_number:<16}  {state}"
