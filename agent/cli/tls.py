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
from agent.cli.settings_file import read_own_settings

if TYPE_CHECKING:
    from agent.own_authority import OwnAuthority

FOLDER = "tls"
"""In the state folder."""
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
    group.command()(revoke)
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
    from agent.clock import SystemClock
    from agent.own_authority import SERVER

    _check_names(names)
    own = _own(folder, config)
    with _failures_told(own):
        own.make_server(names, at=SystemClock().now())
    _tell(own, SERVER, as_json=as_json)


def client(
    name: Annotated[str, typer.Argument(help="Whose certificate it is.")],
    folder: Folder = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a caller's certificate, for `rest.tls_client_ca_file`."""
    from agent.clock import SystemClock

    _check_names([name])
    own = _own(folder, config)
    with _failures_told(own):
        made = own.make_client(name, at=SystemClock().now())
    _tell(own, made, as_json=as_json)


def revoke(
    name: Annotated[str, typer.Argument(help="Whose certificates no longer count.")],
    folder: Folder = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take back all certificates of a caller, by the list of `rest.tls_crl_file`."""
    from agent.clock import SystemClock

    _check_names([name])
    own = _own(folder, config)
    with _failures_told(own):
        revoked = own.revoke(name, at=SystemClock().now())
    if not revoked:
        raise CommandFailed(
            f"{name} was given no certificate",
            code="resource_missing",
            remedy=f"{own.folder} has a file client-NAME.pem for each caller.",
        )
    listed = str(own.revoked_file)
    if as_json:
        typer.echo(json.dumps({"list": listed, "revoked": revoked}))
        return
    typer.echo(f"revoked: {revoked} of {name}\nlist: {listed}")


def _check_names(names: list[str]) -> None:
    for name in names:
        if _NAME.fullmatch(name) is None:
            raise usage_error(
                f"{name!r} is no name", remedy="Use host names or addresses, no ports."
            )


def _own(folder: Path | None, config: Path | None) -> OwnAuthority:
    from agent.own_authority import OwnAuthority

    return OwnAuthority(folder or read_own_settings(config).state_dir / FOLDER)


@contextmanager
def _failures_told(own: OwnAuthority) -> Iterator[None]:
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
            f"{error.filename or own.folder}: {error.strerror}",
            code="settings_invalid",
            remedy="Run it as the agent's user, or choose another --folder.",
        ) from error
    except ValueError as error:
        raise CommandFailed(
            str(error),
            code="settings_invalid",
            remedy="Put the file's last copy back.",
        ) from error


def _tell(own: OwnAuthority, name: str, *, as_json: bool) -> None:
    from agent.own_authority import AUTHORITY

    files = {
        "authority": str(own.certificate_file(AUTHORITY)),
        "certificate": str(own.certificate_file(name)),
        "key": str(own.key_file(name)),
    }
    if as_json:
        typer.echo(json.dumps(files))
        return
    for what, file in files.items():
        typer.echo(f"{what}: {file}")
