"""`cardlane pay`: one payment from the command line, with what the reader says."""

from __future__ import annotations

import json
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed, ExitCode, usage_error
from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api

if TYPE_CHECKING:
    from agent.cli.local_api import LocalApi
    from agent.cli.till import Ending, Order
    from agent.clock import Clock
    from agent.money import Amount


def pay(
    amount: Annotated[str, typer.Argument(help="Such as 12.34.")],
    currency: Annotated[str, typer.Argument(help="Such as usd.")],
    reader: Annotated[
        str | None, typer.Option(help="The reader's id; needed if several are online.")
    ] = None,
    capture: Annotated[
        str, typer.Option(help="automatic, or manual to authorize only.")
    ] = "automatic",
    patience: Annotated[
        float, typer.Option(help="Seconds to wait for an outcome that is unknown.")
    ] = 30.0,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Take a payment on a reader and print the receipt.

    Prompts go to stderr, the receipt to stdout. Ctrl-C cancels on the reader.
    Exit codes: 0 approved, 1 declined, 3 canceled, 4 failed and not charged,
    5 outcome unknown, 6 refused, 7 no agent.
    """
    from agent.cli.ending import ending_object
    from agent.cli.till import EXIT_CODES, Order, choose_reader
    from agent.clock import SystemClock

    clock = SystemClock()
    charged = _amount(amount, currency)
    if capture not in {"automatic", "manual"}:
        raise usage_error(
            f"{capture} is no way to capture", remedy="Use automatic or manual."
        )
    api = open_local_api(AgentAddress(config, url, key_file))
    order = Order(
        charged,
        reader_id=reader or choose_reader(api, remedy="Name one with --reader."),
        capture_method=capture,
        idempotency_key=secrets.token_hex(16),
    )
    ending = _take(api, order, clock=clock, patience_s=patience)
    if as_json:
        typer.echo(json.dumps(ending_object(ending, order)))
    else:
        typer.echo(_told(api, ending, order, clock=clock), nl=False)
    raise typer.Exit(EXIT_CODES[ending.result])


def _take(api: LocalApi, order: Order, *, clock: Clock, patience_s: float) -> Ending:
    from agent.cli.till import Till, take_payment

    till = Till(
        api,
        show=lambda line: typer.echo(line, err=True),
        monotonic=clock.monotonic,
        sleep=time.sleep,
        patience_s=patience_s,
    )
    try:
        return take_payment(till, order)
    except KeyboardInterrupt:
        raise CommandFailed(
            "interrupted before the reader was asked",
            code="interrupted",
            remedy="`cardlane readers list` must show no action in progress.",
            exit_code=ExitCode.OUTCOME_UNKNOWN,
        ) from None


def _told(api: LocalApi, ending: Ending, order: Order, *, clock: Clock) -> str:
    from agent.cli.ending import ending_text
    from agent.receipts.source import merchant_of

    merchant = None
    # A receipt without the merchant's name is better than none.
    with suppress(CommandFailed):
        merchant = merchant_of(api.get("/v1/account"))
    return ending_text(ending, order, merchant=merchant, at=clock.now())


def _amount(amount: str, currency: str) -> Amount:
    from agent.money import Amount, AmountInvalid

    try:
        return Amount.parse(f"{amount} {currency}")
    except AmountInvalid as error:
        raise usage_error(
            str(error), remedy="Such as: cardlane pay 12.34 usd"
        ) from None
