"""`cardlane readers connect`, `disconnect`, `reboot`, `identify`: one reader itself."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.reader_table import readers_text

ReaderArgument = Annotated[str, typer.Argument(help="Its id, as `list` shows it.")]


def connect(
    reader: ReaderArgument,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Connect a reader now, also one in quarantine."""
    _command("connect", reader, AgentAddress(config, url, key_file), as_json=as_json)


def disconnect(
    reader: ReaderArgument,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Give a reader's port back until it is connected again."""
    _command("disconnect", reader, AgentAddress(config, url, key_file), as_json=as_json)


def reboot(
    reader: ReaderArgument,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Restart a reader."""
    _command("reboot", reader, AgentAddress(config, url, key_file), as_json=as_json)


def identify(
    reader: ReaderArgument,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Have a reader beep, blink or greet, so that you see which one it is."""
    api = open_local_api(AgentAddress(config, url, key_file))
    answer = api.post(f"/agent/readers/{reader}/identify")
    signs = answer.get("signs")
    shown = ", ".join(str(sign) for sign in signs) if isinstance(signs, list) else ""
    typer.echo(json.dumps(answer) if as_json else f"{reader} shows itself: {shown}.")


def _command(name: str, reader: str, address: AgentAddress, *, as_json: bool) -> None:
    shown = open_local_api(address).post(f"/agent/readers/{reader}/{name}")
    typer.echo(json.dumps(shown) if as_json else readers_text([shown]))
