"""`cardlane tls`: an authority of one's own for the way in over TLS. Needs no agent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed, usage_error
from agent.cli.options import Config, Json
from agent.cli.secret_file import write_secret
from agent.cli.settings_file import read_settings

if TYPE_CHECKING:
    from agent.certificates import Certified

FOLDER = "tls"
"""In the state folder."""
AUTHORITY, SERVER = "authority", "server"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}|\[?[0-9A-Fa-f:]{2,45}\]?")

Folder = Annotated[
    Path | None,
    typer.Option(help="Where the files are; by default tls in the state folder."),
]


def tls_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(
        help="Make certificates for the way in over TLS.", no_args_is_help=True
    )
    group.command()(create)
    group.command()(client)
    return group


def create(
    names: Annotated[
        list[str], typer.Argument(help="Under which callers will ask for the agent.")
    ],
    folder: Folder = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make the agent's certificate, and the authority that signs it if there is none."""
    from agent.certificates import new_authority, server_certificate
    from agent.clock import SystemClock

    _check_names(names)
    at, place = SystemClock().now(), _folder(folder, config)
    with _failures_told(place):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _certificate(place, AUTHORITY).exists():
            _write(place, AUTHORITY, new_authority(at))
        made = server_certificate(_read(place, AUTHORITY), names, at=at)
        _write(place, SERVER, made)
    _tell(place, SERVER, as_json=as_json)


def client(
    name: Annotated[str, typer.Argument(help="Whose certificate it is.")],
    folder: Folder = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a caller's certificate, for `rest.tls_client_ca_file`."""
    from agent.certificates import client_certificate
    from agent.clock import SystemClock

    _check_names([name])
    place = _folder(folder, config)
    with _failures_told(place):
        made = client_certificate(_read(place, AUTHORITY), name, at=SystemClock().now())
        _write(place, f"client-{name}", made)
    _tell(place, f"client-{name}", as_json=as_json)


def _check_names(names: list[str]) -> None:
    for name in names:
        if _NAME.fullmatch(name) is None:
            raise usage_error(
                f"{name!r} is no name", remedy="Use host names or addresses, no ports."
            )


def _folder(folder: Path | None, config: Path | None) -> Path:
    return folder or read_settings(config).state_dir / FOLDER


@contextmanager
def _failures_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise CommandFailed(
            f"there is no {error.filename}",
            code="resource_missing",
            remedy="`cardlane tls create NAME` makes the authority.",
        ) from error
    except OSError as error:
        raise CommandFailed(
            f"{error.filename or folder}: {error.strerror}",
            code="settings_invalid",
            remedy="Run it as the agent's user, or choose another --folder.",
        ) from error


def _certificate(folder: Path, name: str) -> Path:
    return folder / f"{name}.pem"


def _key(folder: Path, name: str) -> Path:
    return folder / f"{name}-key.pem"


def _read(folder: Path, name: str) -> Certified:
    from agent.certificates import Certified

    return Certified(
        _certificate(folder, name).read_bytes(), _key(folder, name).read_bytes()
    )


def _write(folder: Path, name: str, made: Certified) -> None:
    write_secret(_key(folder, name), made.key.decode().strip())
    _certificate(folder, name).write_bytes(made.certificate)


def _tell(folder: Path, name: str, *, as_json: bool) -> None:
    files = {
        "authority": str(_certificate(folder, AUTHORITY)),
        "certificate": str(_certificate(folder, name)),
        "key": str(_key(folder, name)),
    }
    if as_json:
        typer.echo(json.dumps(files))
        return
    for what, file in files.items():
        typer.echo(f"{what}: {file}")
