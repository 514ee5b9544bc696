"""`cardlane accounts`: the accounts of this machine, while its agent runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed, ExitCode, usage_error
from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.settings_file import read_own_settings
from agent.cli.tables import table
from agent.stripe_api.objects import JsonObject, number_at, object_at, text_at

if TYPE_CHECKING:
    from agent.cli.local_api import LocalApi
    from agent.settings import Settings, StripeKey

ACCOUNTS = "/agent/accounts"
OWN = "(own)"

Name = Annotated[
    str, typer.Argument(help="The account's name, such as live or stall-2.")
]


def account_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(
        help="Add, list and remove Stripe accounts; the agent may be running.",
        no_args_is_help=True,
    )
    group.command(name="list")(list_accounts)
    for command in (add, reload, remove):
        group.command()(command)
    return group


def list_accounts(
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """List the accounts, and what is wrong with any."""
    shown = open_local_api(AgentAddress(config, url, key_file)).get(ACCOUNTS)
    typer.echo(json.dumps(shown) if as_json else accounts_text(shown))


def reload(
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Have the agent look at the accounts' files and all Stripe keys again.

    Exit code 1 where something could not be done.
    """
    shown = _reload(open_local_api(AgentAddress(config, url, key_file)))
    typer.echo(json.dumps(shown) if as_json else accounts_text(shown))
    if any(object_at(one, "problem") for one in _listed(shown)):
        raise typer.Exit(ExitCode.NEGATIVE)


def add(
    name: Name,
    stripe_key: Annotated[
        Path,
        typer.Option(
            help="File with its Stripe key, which is copied; - reads it here."
        ),
    ],
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
) -> None:
    """Add an account with this Stripe key; test or live is the key's mode."""
    from agent.settings import account_folder, check_account_name

    own = read_own_settings(config)
    api = open_local_api(AgentAddress(config, url, key_file))
    check_account_name(name)
    file = _file_of(name, own)
    if file.exists():
        raise usage_error(f"{file} exists", remedy="Change it, then `accounts reload`.")
    key = _stripe_key(stripe_key)
    with _telling_who_may(account_folder(own, name)):
        _lay_down(key, account_folder(own, name))
    with _telling_who_may(file):
        file.parent.mkdir(mode=0o750, exist_ok=True)
        file.write_text(f'mode = "{key.mode}"\n')
    _check_works(name, _reload(api))
    typer.echo(
        f"{name} works in {key.mode} mode. A key for its registers: "
        f"cardlane keys create --account {name}"
    )


def remove(
    name: Name,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
) -> None:
    """Take an account out of service, once its payments have ended; keep its journal.

    Its Stripe key is erased where `accounts add` has put it.
    """
    from agent.settings import account_folder
    from agent.settings.accounts import KEY_FILE

    own = read_own_settings(config)
    api = open_local_api(AgentAddress(config, url, key_file))
    file = _file_of(name, own)
    if not file.exists():
        raise usage_error(f"there is no {file}", remedy="See `cardlane accounts list`.")
    with _telling_who_may(file):
        written = file.read_text()
        file.unlink()
    try:
        left = _named(name, _reload(api))
        if left is not None:
            raise _failure(left)
    except CommandFailed:
        file.write_text(written)
        raise
    folder = account_folder(own, name)
    (folder / KEY_FILE).unlink(missing_ok=True)
    typer.echo(f"{name} is out of service. Its journal stays in {folder}.")


def accounts_text(shown: JsonObject) -> str:
    """The accounts as a table, and what is wrong below it."""
    rows = [
        [
            text_at(one, "name") or OWN,
            text_at(one, "mode") or "-",
            text_at(one, "status") or "",
            str(number_at(one, "readers") or 0),
        ]
        for one in _listed(shown)
    ]
    lines = [table(["NAME", "MODE", "STATUS", "READERS"], rows)]
    for one in _listed(shown):
        problem = object_at(one, "problem")
        if problem:
            who = text_at(one, "name") or OWN
            message, code = text_at(problem, "message"), text_at(problem, "code")
            lines.append(f"{who}: {message} ({code})")
            lines.append(f"  {text_at(problem, 'remedy')}")
    return "\n".join(lines)


def _reload(api: LocalApi) -> JsonObject:
    return api.post(ACCOUNTS, {"action": "reload"})


def _file_of(name: str, own: Settings) -> Path:
    if own.accounts_dir is None:
        raise usage_error(
            "there is no folder for accounts",
            remedy="Give the agent a settings file, or set accounts_dir.",
        )
    return own.accounts_dir / f"{name}.toml"


@contextmanager
def _telling_who_may(path: Path) -> Iterator[None]:
    """What cannot be written is most often not the caller's to write."""
    try:
        yield
    except OSError as error:
        raise CommandFailed(
            f"{path}: {error.strerror}",
            code="usage",
            remedy="Run it as the agent's user: sudo -u cardlane cardlane accounts …",
            exit_code=ExitCode.USAGE,
        ) from error


def _stripe_key(file: Path) -> StripeKey:
    from agent.settings import StripeKey

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
        return StripeKey(text.strip())
    except OSError as error:
        raise usage_error(f"{file}: {error.strerror}", remedy="Name a file.") from error
    except ValueError as error:
        raise usage_error(f"{file}: {error}", remedy="Take it from Stripe.") from None


def _lay_down(key: StripeKey, folder: Path) -> None:
    from agent.cli.journal_file import check_owner
    from agent.settings.accounts import KEY_FILE
    from agent.settings.guarded_file import write_secret

    state_dir = folder.parent.parent
    check_owner(state_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret(folder / KEY_FILE, key.reveal())


def _check_works(name: str, shown: JsonObject) -> None:
    account = _named(name, shown)
    if account is None or object_at(account, "problem"):
        raise _failure(account or {})


def _failure(account: JsonObject) -> CommandFailed:
    problem = object_at(account, "problem")
    return CommandFailed(
        text_at(problem, "message") or "the agent has not taken the account up",
        code=text_at(problem, "code") or "account_error",
        remedy=text_at(problem, "remedy") or "Does it have these settings, too?",
    )


def _named(name: str, shown: JsonObject) -> JsonObject | None:
    return next((one for one in _listed(shown) if text_at(one, "name") == name), None)


def _listed(shown: JsonObject) -> list[JsonObject]:
    found = shown.get("accounts")
    return [object_at(one) for one in found] if isinstance(found, list) else []
