"""The `cardlane-simulator` command. Imports of weight happen inside the commands."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, NamedTuple, NoReturn

import typer

USAGE_ERROR = 2
"""The exit code for whatever keeps the simulator from starting."""
_READER = re.compile("([^=]+)=(?:([a-z0-9_]+)@)?(.+)")

HostOption = Annotated[str, typer.Option(help="Where Stripe's API listens.")]
ReaderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--reader",
        metavar="NAME=[MODEL@]WIRE",
        help="A simulated reader on pty:PATH or another wire; may be repeated.",
    ),
]
ModelOption = Annotated[
    str, typer.Option("--model", help="The model of readers that name none.")
]
KeyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--secret-key",
        help="Accept this Stripe key only (any test key without); may be repeated.",
    ),
]
CardsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--cards",
        exists=True,
        file_okay=False,
        help="A folder with card files of your own; may be repeated.",
    ),
]
SeedOption = Annotated[
    int | None, typer.Option("--random-seed", help="Make ids and faults repeat.")
]
RemoteOption = Annotated[
    bool,
    typer.Option("--allow-remote", help="Listen on addresses other machines reach."),
]
WebhookHostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--webhook-host",
        help="Deliver webhooks to this host too, or to any (*); may be repeated.",
    ),
]
ObjectsOption = Annotated[
    Path | None,
    typer.Option(
        "--seed",
        exists=True,
        dir_okay=False,
        help="Begin with the Stripe objects in this JSON array.",
    ),
]
StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        dir_okay=False,
        help="Keep all objects in this SQLite file, from one run to the next.",
    ),
]
BusOption = Annotated[
    str | None,
    typer.Option(
        "--bluetooth-bus",
        metavar="ADDRESS",
        help="A D-Bus for readers on ble:ADDRESS, instead of one of their own.",
    ),
]


def main() -> None:
    """Carry out the command line; the console script's entry."""
    app = typer.Typer(
        name="cardlane-simulator",
        help="Simulated card readers and a simulated Stripe API.",
        no_args_is_help=True,
        add_completion=False,
        # Rich would double the time of every start.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.command()(serve)
    app.command()(cards)
    app.command()(firmware)
    app()


def serve(
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 is any free one.")] = 12111,
    reader: ReaderOption = None,
    model: ModelOption = "magtek_dynaprox",
    secret_key: KeyOption = None,
    card_folder: CardsOption = None,
    random_seed: SeedOption = None,
    allow_remote: RemoteOption = False,
    webhook_host: WebhookHostOption = None,
    seed: ObjectsOption = None,
    state: StateOption = None,
    bluetooth_bus: BusOption = None,
) -> None:
    """Serve Stripe's API, the readers and their control until SIGTERM or Ctrl-C."""
    wanted = [_wanted_reader(text, model) for text in reader or ()]
    if not allow_remote:
        _require_loopback(host)
        for each in wanted:
            _require_loopback_wire(each.wire)

    from simulator.app import ReaderOrder, build_simulator
    from simulator.clock import SystemClock
    from simulator.errors import SimulatorError
    from simulator.serving import AddressTaken, listen, run
    from simulator.stripe_api.state.seeds import read_seeds

    try:
        simulator = build_simulator(
            clock=SystemClock(),
            readers=[ReaderOrder(each.name, each.wire, each.model) for each in wanted],
            secret_keys=frozenset(secret_key or ()),
            card_folders=card_folder or (),
            seed=random_seed,
            webhook_hosts=frozenset(webhook_host or ()),
            seeds=() if seed is None else read_seeds(seed.read_bytes()),
            state_file=state,
        )
        run(simulator, listen(host, port), bus_address=bluetooth_bus)
    except (SimulatorError, AddressTaken) as error:
        _fail(str(error))


def cards() -> None:
    """List the virtual cards."""
    from simulator.cards.book import CardBook

    book = list(CardBook.load())
    width = max(len(card.name) for card in book)
    for card in book:
        ways = ", ".join(sorted(card.entries))
        typer.echo(f"{card.name:{width}}  {card.about} ({ways})")


def firmware(
    model: Annotated[str, typer.Argument(help="The model that takes it.")],
    version: Annotated[str, typer.Argument(help="What the reader then says it has.")],
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write it.")],
    size: Annotated[int, typer.Option(min=0, help="Bytes of code in it.")] = 4096,
) -> None:
    """Make a firmware image for simulated readers, signed by a vendor who is none."""
    from simulator.reader.firmware_image import FirmwareImage, sign
    from simulator.reader.models import MODELS

    if model not in MODELS:
        _fail(f"no reader model {model!r}, only {', '.join(sorted(MODELS))}")
    if not (version.isascii() and version.isprintable() and 0 < len(version) < 256):
        _fail("a version is 1 to 255 printable ASCII characters")
    code = bytes(number % 251 for number in range(size))
    file.write_bytes(sign(FirmwareImage(model, version, code=code)))


class _WantedReader(NamedTuple):
    """A `--reader`, taken apart."""

    name: str
    model: str
    wire: str


def _wanted_reader(text: str, default_model: str) -> _WantedReader:
    written = _READER.fullmatch(text)
    if written is None:
        _fail(f"--reader {text}: write NAME=WIRE, such as till1=pty:/tmp/till1")
    name, model, wire = written.groups()
    return _WantedReader(name, model or default_model, wire)


def _require_loopback_wire(wire: str) -> None:
    kind, _, address = wire.partition(":")
    if kind in ("tcp", "usbip"):
        _require_loopback(address.rpartition(":")[0])


def _require_loopback(host: str) -> None:
    from ipaddress import ip_address

    try:
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        _fail(f"{host} is no loopback address; other machines need --allow-remote")


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"cardlane-simulator: {message}\n")
    raise SystemExit(USAGE_ERROR)
