"""Further accounts of a machine: a file each, on top of the agent's own settings.

What a file does not say is as the agent's own settings have it, but for what belongs to
one account alone: its key, its Locations, what it stores offline and its broker.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from agent.errors import SettingsInvalid
from agent.settings.load import complaint, read_toml
from agent.settings.models import RestSettings, Settings

ACCOUNTS_STATE = "accounts"
"""In the agent's state folder: a folder for each account."""
KEY_FILE = "stripe_api_key"
"""In an account's state folder, where its settings name no other file."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")

_SUFFIX = ".toml"
_ITS_OWN = ("stripe", "payments", "terminal", "offline", "events", "fleet")
"""The sections that an account's file may have."""
_ALONE = {
    "stripe": {"api_key_file"},
    "terminal": {"token_locations"},
    "rest": {name for name in RestSettings.model_fields if name.startswith("tls_")},
}
"""What is never taken from the agent's own settings, beside whole sections."""
_WHOLE = {"state_dir", "accounts_dir", "offline", "fleet"}


class AccountSettings(Settings):
    """The settings of one further account."""

    account: str
    mode: Literal["test", "live"]
    """Which its key must be of: a key in the wrong place then charges nobody."""


def account_files(settings: Settings) -> dict[str, Path]:
    """The files of further accounts by their names, in order; good or not.

    Raises SettingsInvalid where there is a folder that cannot be read.
    """
    folder = settings.accounts_dir
    try:
        names = sorted(os.listdir(folder)) if folder is not None else []
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsInvalid(f"accounts_dir: {folder}: {error.strerror}") from error
    return {
        name.removesuffix(_SUFFIX): folder / name
        for name in names
        if folder is not None and name.endswith(_SUFFIX) and not name.startswith(".")
    }


def account_folder(settings: Settings, name: str) -> Path:
    """Where the account of that name keeps its state."""
    return settings.state_dir / ACCOUNTS_STATE / name


def credential_of(settings: Settings, name: str) -> str:
    """What systemd's credential of that name is called for the account of `settings`."""
    match settings:
        case AccountSettings(account=account):
            return f"{name}.{account}"
        case _:
            return name


def check_account_name(name: str) -> None:
    """Raises SettingsInvalid for what cannot be an account's name."""
    if not NAME.fullmatch(name):
        raise SettingsInvalid(
            f"{name!r} cannot be an account's name",
            remedy="Take up to 32 of a-z, 0-9 and -, such as `live` or `stall-2`.",
        )


def load_account(path: Path, own: Settings) -> AccountSettings:
    """The settings of the account in this file. Raises SettingsInvalid."""
    name = path.name.removesuffix(_SUFFIX)
    check_account_name(name)
    given = read_toml(path)
    if "account" in given:
        raise SettingsInvalid(f"{path}: account is not a setting: the file is named so")
    for section in given:
        if section in Settings.model_fields and section not in _ITS_OWN:
            raise SettingsInvalid(
                f"{path}: {section} is of the whole agent",
                remedy="Set it in the agent's own settings, for all accounts.",
            )
    folder = account_folder(own, name)
    values = _on_top(given, own)
    if isinstance(values["stripe"], dict):
        values["stripe"].setdefault("api_key_file", folder / KEY_FILE)
    try:
        loaded = AccountSettings.model_validate(
            {**values, "account": name, "state_dir": folder}
        )
    except ValidationError as error:
        raise SettingsInvalid(complaint(error, path=path)) from None
    _check_machine(loaded, own, path=path)
    return loaded


def _on_top(given: Mapping[str, Any], own: Settings) -> dict[str, Any]:
    """What the file says, and what was chosen for all accounts where it is silent."""
    values: dict[str, Any] = {
        section: {
            setting: value
            for setting, value in chosen.items()
            if setting not in _ALONE.get(section, ())
        }
        for section, chosen in own.model_dump(exclude_unset=True).items()
        if section not in _WHOLE
    }
    values.setdefault("stripe", {})
    for section, said in given.items():
        below = values.get(section, {})
        values[section] = {**below, **said} if isinstance(said, dict) else said
    return values


def _check_machine(account: AccountSettings, own: Settings, *, path: Path) -> None:
    """Two that call themselves alike would throw each other off the broker."""
    fleet = account.fleet
    if fleet.broker is not None and fleet.machine in (None, own.fleet.machine):
        raise SettingsInvalid(
            f"{path}: fleet.machine: must be set, and be this account's alone",
            remedy="At a broker each account is a machine of its own: name it.",
        )
