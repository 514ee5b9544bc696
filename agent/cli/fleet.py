"""`cardlane fleet`: watch many machines, and tell them what to do."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from agent.cli.failures import CommandFailed, ExitCode, usage_error
from agent.cli.options import Config, Json
from agent.cli.settings_file import read_settings

if TYPE_CHECKING:
    from agent.fleet.link import Broker
    from agent.fleet.orders import Command, Order
    from agent.settings import FleetSettings

T = TypeVar("T")

COLUMNS = ("machine", "state", "version", "readers", "payments", "last event")

KeyFileOption = Annotated[
    Path, typer.Option("--key", help="The private key for orders.")
]


def fleet_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(
        help="Watch a fleet at its broker, and give orders.", no_args_is_help=True
    )
    group.command()(watch)
    group.command(name="order")(give_order)
    group.command(name="create-key")(create_key)
    return group


def watch(
    once: Annotated[
        bool, typer.Option("--once", help="Print what is known at once, and end.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show every machine of the fleet, live; needs a terminal unless --once."""
    from agent.cli.fleet_watch import table_text, watch_live, watch_once

    settings, broker = _broker(config)
    if once or as_json or not sys.stdout.isatty():
        machines = _reached(watch_once(broker, prefix=settings.prefix))
        if as_json:
            for machine in machines:
                typer.echo(json.dumps(dict(zip(COLUMNS, machine.row(), strict=True))))
        else:
            typer.echo(table_text(COLUMNS, [machine.row() for machine in machines]))
        return
    with suppress(KeyboardInterrupt):
        _reached(watch_live(broker, prefix=settings.prefix, columns=COLUMNS))


def give_order(
    command: Annotated[str, typer.Argument(help="identify, reboot, update, …")],
    key: KeyFileOption,
    key_name: Annotated[str, typer.Option(help="What machines call that key.")],
    machine: Annotated[str, typer.Option(help="Its name, or `all` for every machine.")],
    reader: Annotated[str | None, typer.Option(help="The reader's id.")] = None,
    image: Annotated[
        str | None, typer.Option(help="For update: the image's name.")
    ] = None,
    percent: Annotated[
        int, typer.Option(min=0, max=100, help="Of the machines: a stage.")
    ] = 100,
    seed: Annotated[
        str, typer.Option(help="Which machines come first; one a roll-out.")
    ] = "",
    expires_in_s: Annotated[int, typer.Option(min=1, max=604_800)] = 300,
    wait_s: Annotated[
        float, typer.Option(min=0.1, help="How long answers are waited for.")
    ] = 10.0,
    config: Config = None,
) -> None:
    """Sign an order, send it, and print each machine's answer as a line of JSON.

    Exit codes: 0 every answer was `done`; 1 some were not; 5 nobody answered.
    """
    settings, broker = _broker(config)
    order = _order(command, machine=machine, lives=timedelta(seconds=expires_in_s))
    order = replace(order, reader=reader, image=image, percent=percent, seed=seed)
    answers = _reached(
        _sent(broker, settings, order, _signed(order, key, key_name), wait_s=wait_s)
    )
    for answer in answers:
        typer.echo(json.dumps(answer))
    if not answers:
        raise typer.Exit(ExitCode.OUTCOME_UNKNOWN)
    if any(answer["status"] != "done" for answer in answers):
        raise typer.Exit(ExitCode.NEGATIVE)


def _order(command: str, *, machine: str, lives: timedelta) -> Order:
    from agent.clock import SystemClock
    from agent.fleet.orders import Order

    now = SystemClock().now()
    return Order(
        order_id=f"order_{secrets.token_hex(8)}",
        machine=machine,
        command=_command(command),
        issued_at=now,
        expires_at=now + lives,
    )


def _signed(order: Order, key: Path, key_name: str) -> bytes:
    from agent.fleet.keys import read_private
    from agent.fleet.orders import sign

    return sign(order, read_private(key), key_name=key_name)


def create_key(
    name: Annotated[str, typer.Argument(help="What machines will call it.")],
    file: Annotated[Path, typer.Argument(help="Where to; it must not exist.")],
) -> None:
    """Make a key for orders; prints the line for `fleet.order_keys_file`."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from agent.fleet.keys import key_line, private_pem

    key = Ed25519PrivateKey.generate()
    try:
        file.touch(mode=0o600, exist_ok=False)
        file.write_bytes(private_pem(key))
    except OSError as error:
        raise usage_error(
            f"{file}: {error.strerror}", remedy="Name a file that does not exist."
        ) from error
    typer.echo(key_line(name, key))


def _broker(config: Path | None) -> tuple[FleetSettings, Broker]:
    from agent.joining import broker_of
    from agent.settings import read_fleet_password

    settings = read_settings(config)
    if settings.fleet.broker is None:
        raise usage_error(
            "The settings name no broker.", remedy="Set fleet.broker (docs/fleet.md)."
        )
    password = read_fleet_password(settings, os.environ)
    return settings.fleet, broker_of(settings.fleet, password=password)


async def _sent(
    broker: Broker,
    settings: FleetSettings,
    order: Order,
    payload: bytes,
    *,
    wait_s: float,
) -> list[dict[str, object]]:
    from agent.fleet.office import office
    from agent.fleet.office import order as send

    async with office(broker) as client:
        return await send(
            client,
            payload,
            topic=f"{settings.prefix}/{order.machine}/orders",
            answers=f"office/{order.order_id}",
            timeout_s=wait_s,
            most=None if order.machine == "all" else 1,
        )


def _command(text: str) -> Command:
    from agent.fleet.orders import Command

    try:
        return Command(text)
    except ValueError:
        raise usage_error(
            f"{text} is no order.", remedy=f"One of {', '.join(Command)}."
        ) from None


def _reached(asking: Coroutine[object, object, T]) -> T:
    """What the broker has told. Raises CommandFailed where it cannot be reached."""
    import aiomqtt

    try:
        return asyncio.run(asking)
    except (aiomqtt.MqttError, OSError) as error:
        raise CommandFailed(
            f"The broker cannot be reached: {error}",
            code="broker_unreachable",
            remedy="Check fleet.broker, its user and password, and the network.",
            exit_code=ExitCode.UNREACHABLE,
        ) from error
