"""Options that several commands take, and what they lead to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed
from agent.cli.settings_file import CONFIG_VARIABLE, DEFAULT_CONFIG, read_settings

if TYPE_CHECKING:
    from agent.cli.local_api import LocalApi
    from agent.settings import Settings

CLI_KEY_FILE = "cli_key"
"""In the state folder; `cardlane keys create --cli` writes it."""

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar=CONFIG_VARIABLE,
        help=f"Settings file; {DEFAULT_CONFIG} where it exists.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Url = Annotated[
    str | None,
    typer.Option(
        "--url", envvar="CARDLANE_URL", help="The agent; by default as in the settings."
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        envvar="CARDLANE_LOCAL_KEY_FILE",
        help=f"File with a local key; by default {CLI_KEY_FILE} in the state folder.",
    ),
]


@dataclass(frozen=True, slots=True)
class AgentAddress:
    """Where the agent is and what opens it, as the options say."""

    config: Path | None
    url: str | None
    key_file: Path | None


def open_local_api(address: AgentAddress) -> LocalApi:
    """A client of the running agent. Raises CommandFailed, SettingsInvalid."""
    from agent.cli.local_api import LocalApi

    url, key_file = address.url, address.key_file
    if url is None or key_file is None or url.startswith("https:"):
        settings = read_settings(address.config)
        url = url or url_of(settings)
        key_file = key_file or settings.state_dir / CLI_KEY_FILE
        if url.startswith("https:"):
            from agent.cli.tls_client import client_context

            tls = client_context(url, settings.cli)
            return LocalApi(url, key=_read_key(key_file), tls=tls)
    return LocalApi(url, key=_read_key(key_file))


def url_of(settings: Settings) -> str:
    """Where the agent is that these settings mean, or that has them."""
    if settings.cli.url is not None:
        return settings.cli.url
    host = settings.rest.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.rest.port}"


def _read_key(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a key"
        raise CommandFailed(
            f"{path}: {reason}",
            code="local_key_missing",
            remedy="Make a key with `cardlane keys create --cli`, or name a file "
            "with --key-file.",
        ) from None
