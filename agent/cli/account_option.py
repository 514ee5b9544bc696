"""`--account NAME`, which every command takes that is about one account of the machine."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated

import typer

from agent.cli.settings_file import chosen_account

ACCOUNT_VARIABLE = "CARDLANE_ACCOUNT"
MACHINES = frozenset({"run", "accounts", "tls"})
"""Commands and groups about the whole machine."""

Account = Annotated[
    str | None,
    typer.Option(
        "--account",
        envvar=ACCOUNT_VARIABLE,
        help="Which account of the machine is meant; by default the agent's own.",
    ),
]


def give_account_option(app: typer.Typer) -> None:
    """Give it to every command of `app` that reads the settings, but the machine's."""
    for command in app.registered_commands:
        callback = command.callback
        if callback is not None and _name(command.name, callback) not in MACHINES:
            command.callback = _in_account(callback)
    for group in app.registered_groups:
        if group.name not in MACHINES and group.typer_instance is not None:
            give_account_option(group.typer_instance)


def _name(given: str | None, callback: Callable[..., object]) -> str:
    return given or str(getattr(callback, "__name__", ""))


def _in_account(command: Callable[..., None]) -> Callable[..., None]:
    """The command with one more option, carried out in the account that it names."""
    signature = inspect.signature(command, eval_str=True)
    if "config" not in signature.parameters:
        return command

    @wraps(command)
    def carried_out(*, account: str | None = None, **options: object) -> None:
        with chosen_account(account):
            command(**options)

    option = inspect.Parameter(
        "account", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Account
    )
    carried_out.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), option]
    )
    return carried_out
