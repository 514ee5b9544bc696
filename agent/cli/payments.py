"""`cardlane payments`: what became of payments, and what may follow them."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.payment_commands import cancel, capture, refund
from agent.cli.payment_search import PAYMENTS, Name, found_by, payments_in
from agent.stripe_api.objects import text_at


def payment_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(
        help="Show payments; capture, cancel and refund them.", no_args_is_help=True
    )
    group.command(name="list")(list_payments)
    for command in (show, capture, cancel, refund):
        group.command()(command)
    return group


def list_payments(
    held: Annotated[
        bool, typer.Option("--held", help="Only those whose money is held.")
    ] = False,
    limit: Annotated[int, typer.Option(help="How many at most, up to 100.")] = 20,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """List the payments of this machine, newest first, as its journal knows them."""
    from agent.cli.payment_texts import payments_table

    api = open_local_api(AgentAddress(config, url, key_file))
    query = {"limit": str(limit)} | ({"held": "true"} if held else {})
    found = api.get(PAYMENTS, query)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        payments = payments_in(found)
        typer.echo(payments_table(payments) if payments else "There are none.")


def show(
    payment: Name,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Tell what became of a payment or a sale, and what to do next."""
    from agent.cli.payment_texts import payment_text

    api = open_local_api(AgentAddress(config, url, key_file))
    found = found_by(api, payment)
    if as_json:
        typer.echo(json.dumps(found))
        return
    payments = payments_in(found)
    for each in payments:
        typer.echo(payment_text(each) + "\n")
    step = text_at(found, "next_step")
    told = "" if payments else f"No payment was begun here for {payment}. "
    typer.echo(f"{told}Next step of the sale: {step}")
