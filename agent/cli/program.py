"""All commands under one name."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.account_option import give_account_option
from agent.cli.accounts import account_commands
from agent.cli.config import config_commands
from agent.cli.configurations import configuration_commands
from agent.cli.doctor import doctor
from agent.cli.firmware import firmware_commands
from agent.cli.fleet import fleet_commands
from agent.cli.journal import journal_commands
from agent.cli.keys import key_commands
from agent.cli.locations import location_commands
from agent.cli.offline import offline_commands
from agent.cli.pay import pay
from agent.cli.payments import payment_commands
from agent.cli.readers import reader_commands
from agent.cli.receipt import receipt
from agent.cli.run import run
from agent.cli.tls import tls_commands


def program() -> typer.Typer:
    """The command line; imports of weight happen inside the commands."""
    app = typer.Typer(
        name="cardlane",
        no_args_is_help=True,
        add_completion=False,
        # Rich would double the time of every start.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_program_options)
    app.command()(run)
    app.command()(pay)
    app.command()(receipt)
    app.command()(doctor)
    app.add_typer(reader_commands(), name="readers")
    app.add_typer(payment_commands(), name="payments")
    app.add_typer(firmware_commands(), name="firmware")
    app.add_typer(key_commands(), name="keys")
    app.add_typer(journal_commands(), name="journal")
    app.add_typer(offline_commands(), name="offline")
    app.add_typer(fleet_commands(), name="fleet")
    app.add_typer(config_commands(), name="config")
    app.add_typer(location_commands(), name="locations")
    app.add_typer(configuration_commands(), name="configurations")
    app.add_typer(tls_commands(), name="tls")
    app.add_typer(account_commands(), name="accounts")
    give_account_option(app)
    return app


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        typer.echo(f"cardlane {version('cardlane')}")
        raise typer.Exit


def _program_options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """The card-reader agent for checkout machines."""
