"""`cardlane firmware`: what readers run, what there is, and installing it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed, ExitCode
from agent.cli.firmware_repository import repository_commands
from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.stripe_api.objects import object_at, text_at

if TYPE_CHECKING:
    from agent.cli.local_api import LocalApi

Reader = Annotated[
    str | None, typer.Argument(help="The reader's id; needed if several are online.")
]
Bundle = Annotated[
    Path | None,
    typer.Option(help="A folder or .tar in place of the repository: a USB stick."),
]


def firmware_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="Update readers' firmware.", no_args_is_help=True)
    group.command(name="list")(list_firmware)
    group.command()(install)
    group.command()(status)
    group.command()(cancel)
    group.add_typer(repository_commands(), name="repository")
    return group


def list_firmware(
    reader: Reader = None,
    bundle: Bundle = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Ask the repository which firmware there is for a reader."""
    from agent.cli.firmware_texts import catalog_text

    api = open_local_api(AgentAddress(config, url, key_file))
    form = {"action": "check", **_bundle_form(bundle)}
    shown = api.post(_path(api, reader), form)
    typer.echo(json.dumps(shown) if as_json else catalog_text(shown))


def install(
    reader: Reader = None,
    image: Annotated[
        str | None,
        typer.Option(help="By its name; else the newest that is suitable."),
    ] = None,
    now: Annotated[
        bool,
        typer.Option("--now", help="Do not wait for the hours of the settings."),
    ] = False,
    bundle: Bundle = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Install firmware on a reader; with --now, and watch it to its end.

    Exit codes: 0 done, or waiting for its hours; 1 failed or rolled back; 3 canceled;
    5 no longer watched; 6 refused; 7 no agent.
    """
    api = open_local_api(AgentAddress(config, url, key_file))
    path = _path(api, reader)
    form = {
        "action": "install",
        "start": "now" if now else "window",
        **({} if image is None else {"image": image}),
        **_bundle_form(bundle),
    }
    shown = api.post(path, form)
    if now:
        _watch(api, path, as_json=as_json)
    elif as_json:
        typer.echo(json.dumps(object_at(shown, "update")))
    else:
        version = text_at(shown, "update", "to_version")
        window = text_at(shown, "window")
        typer.echo(f"{version} will be installed between {window}.")


def status(
    reader: Reader = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Watch the update to its end.")
    ] = False,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Show a reader's update: how far it is, or how it ended."""
    from agent.cli.firmware_texts import update_text

    api = open_local_api(AgentAddress(config, url, key_file))
    path = _path(api, reader)
    update = object_at(api.get(path), "update")
    if follow and update:
        _watch(api, path, as_json=as_json)
    else:
        typer.echo(json.dumps(update) if as_json else update_text(update))


def cancel(
    reader: Reader = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Cancel a reader's update, up to the moment it is told to run the new image."""
    from agent.cli.firmware_texts import update_text

    api = open_local_api(AgentAddress(config, url, key_file))
    update = object_at(api.post(_path(api, reader), {"action": "cancel"}), "update")
    typer.echo(json.dumps(update) if as_json else update_text(update))


def _watch(api: LocalApi, path: str, *, as_json: bool) -> None:
    """Follow the update, tell how it ended, and exit with that."""
    from agent.cli.firmware_texts import exit_code_of, update_text
    from agent.cli.firmware_watch import display, follow

    try:
        with display() as show:
            update = follow(api, path, show=show)
    except KeyboardInterrupt:
        raise CommandFailed(
            "the update goes on, no longer watched",
            code="interrupted",
            remedy="`cardlane firmware status --follow` watches it again, "
            "`cardlane firmware cancel` ends it.",
            exit_code=ExitCode.OUTCOME_UNKNOWN,
        ) from None
    typer.echo(json.dumps(update) if as_json else update_text(update))
    raise typer.Exit(exit_code_of(update))


def _path(api: LocalApi, reader: str | None) -> str:
    from agent.cli.till import choose_reader

    return f"/agent/readers/{reader or choose_reader(api)}/firmware"


def _bundle_form(bundle: Path | None) -> dict[str, str]:
    """The agent may run in another folder."""
    return {} if bundle is None else {"bundle": str(bundle.absolute())}
