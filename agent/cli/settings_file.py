"""Where the commands and the daemon find the administrator's settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.settings import Settings

DEFAULT_CONFIG = Path("/etc/cardlane/cardlane.toml")
CONFIG_VARIABLE = "CARDLANE_CONFIG"


def read_settings(config: Path | None) -> Settings:
    """The settings that the agent has too; raises SettingsInvalid."""
    from agent.settings import load_settings

    path = config
    if path is None and DEFAULT_CONFIG.exists():
        path = DEFAULT_CONFIG
    return load_settings(path, os.environ)


def config_in_environment() -> Path | None:
    """The settings file that stands in for the option; an empty name is none."""
    name = os.environ.get(CONFIG_VARIABLE)
    return Path(name) if name else None
