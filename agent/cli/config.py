"""`cardlane config`: Locations and Configurations as a file under version control."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.failures import CommandFailed, ExitCode
from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.terminal_objects import CONFIGURATIONS, LOCATIONS, all_objects

if TYPE_CHECKING:
    from agent.cli.local_api import LocalApi
    from agent.terminal_configuration.as_code import Account, Change

PATHS = {"configuration": CONFIGURATIONS, "location": LOCATIONS}

File = Annotated[Path, typer.Argument(help="The file, as `export` writes it.")]
Delete = Annotated[
    bool, typer.Option("--delete", help="Delete what the file does not name.")
]


def config_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(
        help="Locations and Configurations as a file.", no_args_is_help=True
    )
    group.command()(export)
    group.command()(plan)
    group.command()(apply)
    return group


def export(config: Config = None, url: Url = None, key_file: KeyFile = None) -> None:
    """Print what is at Stripe as TOML."""
    import tomli_w

    from agent.terminal_configuration.as_code import exported

    api = open_local_api(AgentAddress(config, url, key_file))
    typer.echo(tomli_w.dumps(exported(_account(api))), nl=False)


def plan(
    file: File,
    delete: Delete = False,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Show how Stripe differs from the file; changes nothing.

    Exit codes: 0 no difference, 1 there are some: drift, or a change not yet applied.
    """
    from agent.cli.config_texts import changes_object, changes_text

    api = open_local_api(AgentAddress(config, url, key_file))
    changes = _planned(file, _account(api), deletes=delete)
    typer.echo(
        json.dumps(changes_object(changes)) if as_json else changes_text(changes)
    )
    if changes:
        raise typer.Exit(ExitCode.NEGATIVE)


def apply(
    file: File,
    delete: Delete = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
) -> None:
    """Make Stripe as the file says; shows the plan and asks first.

    What was done when a step fails stays done: `plan` shows the rest.
    """
    from agent.cli.config_texts import changes_text

    api = open_local_api(AgentAddress(config, url, key_file))
    account = _account(api)
    changes = _planned(file, account, deletes=delete)
    typer.echo(changes_text(changes))
    if not changes:
        return
    if not yes and not typer.confirm("Apply this?"):
        raise typer.Exit(ExitCode.CANCELED)
    ids = _ids_of(account)
    for change in changes:
        what = f"{change.kind} {change.name}"
        try:
            done = _carry_out(api, change, ids)
        except CommandFailed as failure:
            raise _failed_at(what, failure) from failure
        typer.echo(f"{change.verb}d {what} ({done})")


def _failed_at(what: str, failure: CommandFailed) -> CommandFailed:
    """The same, with the step that could not be carried out."""
    return CommandFailed(
        f"{what}: {failure.message}",
        code=failure.code,
        remedy=f"{failure.remedy} `cardlane config plan` shows what is left to do.",
        exit_code=failure.exit_code,
    )


def _planned(file: Path, account: Account, *, deletes: bool) -> list[Change]:
    import tomllib

    from agent.terminal_configuration.as_code import planned
    from agent.terminal_configuration.file_content import ConfigInvalid

    try:
        return planned(tomllib.loads(file.read_text()), account, deletes=deletes)
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, ConfigInvalid) as error:
        raise CommandFailed(
            f"{file}: {error}",
            code="config_invalid",
            remedy="Begin with what `cardlane config export` prints.",
            exit_code=ExitCode.USAGE,
        ) from error


def _account(api: LocalApi) -> Account:
    from agent.terminal_configuration.as_code import Account

    return Account(_tables(api, CONFIGURATIONS), _tables(api, LOCATIONS))


def _tables(api: LocalApi, path: str) -> list[dict[str, Any]]:
    return [dict(one) for one in all_objects(api, path)]


def _ids_of(account: Account) -> dict[str, str | None]:
    from agent.terminal_configuration.as_code import exported

    named = exported(account)["configurations"]
    ids = [one["id"] for one in account.configurations]
    return dict(zip(named, ids, strict=True))


def _carry_out(api: LocalApi, change: Change, ids: dict[str, str | None]) -> str:
    """Do it; the id of what was changed. New Configurations get into `ids`."""
    from agent.terminal_configuration.as_code import Kind, Verb, form

    path = PATHS[change.kind]
    if change.verb is Verb.DELETE:
        api.delete(f"{path}/{change.object_id}")
        return str(change.object_id)
    sections = dict(change.sections or {})
    if "configuration" in sections:
        used = sections.pop("configuration")
        sections["configuration_overrides"] = None if used is None else ids[used]
    if change.verb is Verb.CREATE:
        name = "display_name" if change.kind is Kind.LOCATION else "name"
        made = api.post(path, form({name: change.name, **sections}))
        ids[change.name] = str(made["id"])
        return str(made["id"])
    api.post(f"{path}/{change.object_id}", form(sections))
    return str(change.object_id)
