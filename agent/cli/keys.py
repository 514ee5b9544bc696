"""`cardlane keys`: local keys, kept in the journal's file; the agent may be running."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed, usage_error
from agent.cli.options import CLI_KEY_FILE, Config, Json
from agent.cli.settings_file import read_settings
from agent.cli.tables import table

if TYPE_CHECKING:
    from agent.journal.journal import Journal
    from agent.journal.keys import LocalKey
    from agent.rest.auth import KeyScope, NewLocalKey
    from agent.settings import Settings


def key_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="Make, list and revoke local keys.", no_args_is_help=True)
    group.command()(create)
    group.command(name="list")(list_keys)
    group.command()(revoke)
    return group


def create(
    label: Annotated[str, typer.Option(help="Whose key it is.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="payments, refunds, readers, manage or events; again for more. "
            "Without it, all."
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(help="test or live; by default that of the Stripe key."),
    ] = None,
    cli: Annotated[
        bool, typer.Option("--cli", help="Keep it for this command's own use.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a key and show it: this once, for only its hash is kept."""
    from agent.clock import SystemClock
    from agent.rest.auth import make_key
    from agent.settings.guarded_file import write_secret

    settings = read_settings(config)
    made = make_key(
        _scopes(scope),
        label=label or ("command line" if cli else ""),
        livemode=_is_live(mode, settings),
        random=secrets.token_bytes,
        at=SystemClock().now(),
    )

    _keep(made.record, settings.state_dir)
    file = settings.state_dir / CLI_KEY_FILE if cli else None
    if file is not None:
        write_secret(file, made.secret)
    typer.echo(created_text(made, file=file, as_json=as_json))


def list_keys(config: Config = None, as_json: Json = False) -> None:
    """List all keys, revoked ones too; never the keys themselves."""
    from agent.cli.journal_file import check_exists, journal_path, with_journal

    path = journal_path(read_settings(config).state_dir)
    check_exists(path)

    async def all_keys(journal: Journal) -> list[LocalKey]:
        return journal.keys.all()

    keys = with_journal(path, all_keys)
    if as_json:
        typer.echo(json.dumps({"keys": [key_object(key) for key in keys]}))
    else:
        typer.echo(keys_text(keys))


def revoke(
    key_id: Annotated[str, typer.Argument(help="lk_…, as list shows it.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """End a key's life; the running agent refuses it from now on."""
    from agent.cli.journal_file import check_exists, journal_path, with_journal
    from agent.clock import SystemClock
    from agent.ids import LocalKeyId

    path = journal_path(read_settings(config).state_dir)
    check_exists(path)

    async def end(journal: Journal) -> bool:
        if all(key.key_id != key_id for key in journal.keys.all()):
            return False
        await journal.keys.revoke(LocalKeyId(key_id), SystemClock().now())
        return True

    if not with_journal(path, end):
        raise CommandFailed(
            f"there is no key {key_id}",
            code="resource_missing",
            remedy="`cardlane keys list` shows all.",
        )
    typer.echo(json.dumps({"id": key_id}) if as_json else f"{key_id} is revoked.")


def created_text(made: NewLocalKey, *, file: Path | None, as_json: bool) -> str:
    """What is told of a new key; one that went into a file is not shown."""
    if as_json:
        told = key_object(made.record)
        told |= {"key": made.secret} if file is None else {"file": str(file)}
        return json.dumps(told)
    if file is not None:
        return f"{made.record.key_id} is in {file}."
    return f"{made.secret}\nThis is {made.record.key_id}; it is not shown again."


def key_object(key: LocalKey) -> dict[str, object]:
    """A key for programs, without its hash."""
    return {
        "id": key.key_id,
        "label": key.label,
        "scopes": sorted(key.scopes),
        "prefix": key.prefix,
        "last4": key.last4,
        "created_at": key.created_at.isoformat(),
        "last_used_at": key.last_used_at and key.last_used_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }


def keys_text(keys: list[LocalKey]) -> str:
    """Keys as a table."""
    if not keys:
        return "There are no keys; make one with `cardlane keys create`."
    rows = [
        [
            key.key_id,
            key.label,
            " ".join(sorted(key.scopes)),
            f"{key.prefix}…{key.last4}",
            f"{key.created_at:%Y-%m-%d}",
            f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never",
            "revoked" if key.revoked_at else "good",
        ]
        for key in keys
    ]
    return table(
        ["ID", "LABEL", "SCOPES", "KEY", "CREATED", "LAST USED", "STATE"], rows
    )


def _keep(key: LocalKey, state_dir: Path) -> None:
    from agent.cli.journal_file import journal_path, with_journal

    async def put(journal: Journal) -> None:
        await journal.keys.put(key)

    with_journal(journal_path(state_dir), put)


def _scopes(names: list[str] | None) -> frozenset[KeyScope]:
    from agent.rest.auth import KeyScope

    try:
        return frozenset(map(KeyScope, names)) if names else frozenset(KeyScope)
    except ValueError as error:
        raise usage_error(
            str(error), remedy=f"Scopes are {', '.join(KeyScope)}."
        ) from None


def _is_live(mode: str | None, settings: Settings) -> bool:
    from agent.cli.credentials import with_credentials
    from agent.settings import read_stripe_key

    if mode is None:
        key = read_stripe_key(settings, with_credentials(os.environ))
        if key is None:
            typer.echo(
                "No Stripe key is seen here, so this is a key of test mode; "
                "`--mode live` makes one of live mode.",
                err=True,
            )
        return key is not None and key.livemode
    if mode not in {"test", "live"}:
        raise usage_error(f"{mode} is no mode", remedy="Use test or live.")
    return mode == "live"
