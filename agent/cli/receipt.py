"""`cardlane receipt`: the receipt of a payment that has ended, once more."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api


class Format(StrEnum):
    """As `GET /agent/payments/:id/receipt` takes them."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"
    ESCPOS = "escpos"


class Copy(StrEnum):
    """Whose copy it is."""

    CUSTOMER = "customer"
    MERCHANT = "merchant"


def receipt(
    payment: Annotated[str, typer.Argument(help="pay_…, as the journal shows it.")],
    form: Annotated[
        Format, typer.Option("--format", help="What to print.")
    ] = Format.TEXT,
    copy: Annotated[Copy, typer.Option(help="Whose copy.")] = Copy.CUSTOMER,
    width: Annotated[int, typer.Option(help="Characters a line: 32, 42 or 48.")] = 42,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Print the receipt of a payment, approved or declined, to stdout."""
    from urllib.parse import quote

    query = {
        "format": Format.JSON if as_json else form,
        "copy": copy,
        "width": str(width),
    }
    api = open_local_api(AgentAddress(config, url, key_file))
    printed = api.get_bytes(f"/agent/payments/{quote(payment, safe='')}/receipt", query)
    typer.echo(printed, nl=as_json or form is Format.JSON)
