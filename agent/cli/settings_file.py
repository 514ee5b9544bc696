"""Where the commands and the daemon find the administrator's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.settings import Settings

DEFAULT_CONFIG = Path("/etc/cardlane/cardlane.toml")
DEFAULT_ACCOUNTS = DEFAULT_CONFIG.with_name("accounts.d")
CONFIG_VARIABLE = "CARDLANE_CONFIG"
_CHOSEN: ContextVar[str | None] = ContextVar("account", default=None)


def read_settings(config: Path | None) -> Settings:
    """The settings that the agent has too, of the chosen account.

    Raises SettingsInvalid, and CommandFailed for an account that there is not.
    """
    own = read_own_settings(config)
    name = _CHOSEN.get()
    return own if name is None else _account_settings(name, own)


def read_own_settings(config: Path | None) -> Settings:
    """The settings of the agent itself, whatever was chosen; raises SettingsInvalid."""
    from agent.settings import load_settings

    path = config
    if path is None and DEFAULT_CONFIG.exists():
        path = DEFAULT_CONFIG
    settings = load_settings(path, os.environ)
    if settings.accounts_dir is None and DEFAULT_ACCOUNTS.is_dir():
        return settings.model_copy(update={"accounts_dir": DEFAULT_ACCOUNTS})
    return settings


@contextmanager
def chosen_account(name: str | None) -> Iterator[None]:
    """Within the context settings are those of this account; None for the agent's own."""
    token = _CHOSEN.set(name)
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def config_in_environment() -> Path | None:
    """The settings file that stands in for the option; an empty name is none."""
    name = os.environ.get(CONFIG_VARIABLE)
    return Path(name) if name else None


def _account_settings(name: str, own: Settings) -> Settings:
    from agent.cli.failures import CommandFailed
    from agent.settings import account_files, load_account

    files = account_files(own)
    if name not in files:
        raise CommandFailed(
            f"there is no account {name}",
            code="account_missing",
            remedy="`cardlane accounts list` shows all; `cardlane accounts add` makes "
            "one.",
        )
    return load_account(files[name], own)
