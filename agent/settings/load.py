"""Settings from a TOML file, overridden by the environment.

Reads nothing else: where the file is, and what the environment holds, is passed in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.errors import SettingsInvalid
from agent.settings.models import Settings

PREFIX = "CARDLANE_"
ACCOUNTS_FOLDER = "accounts.d"


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of `path`, each overridden by its environment variable.

    `rest.port` is `CARDLANE_REST__PORT`; lists are separated by commas. `state_dir`
    follows systemd's `STATE_DIRECTORY` and `accounts_dir` the file unless they are set.
    Raises SettingsInvalid.
    """
    values: dict[str, Any] = {} if path is None else read_toml(path)
    if path is not None:
        values.setdefault("accounts_dir", path.absolute().parent / ACCOUNTS_FOLDER)
    if "state_dir" not in values and environ.get("STATE_DIRECTORY"):
        values["state_dir"] = environ["STATE_DIRECTORY"].split(":")[0]
    overridden = [
        location
        for location, value in _overrides(environ)
        if _put(values, location, value)
    ]
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        found = complaint(error, path=path, overridden=overridden)
        raise SettingsInvalid(found) from None


def read_toml(path: Path) -> dict[str, Any]:
    """What the file says; raises SettingsInvalid."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsInvalid(f"{path}: cannot be read: {error}") from error


def _overrides(environ: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The variables that name a setting.

    One without a section and unknown to us is somebody else's: `CARDLANE_CONFIG`.
    """
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX):
            continue
        location = tuple(name.removeprefix(PREFIX).lower().split("__"))
        if len(location) > 1 or location[0] in Settings.model_fields:
            yield location, value


def _put(values: dict[str, Any], location: tuple[str, ...], value: str) -> bool:
    """Whether it was possible; not where the file has nonsense for a section."""
    *sections, name = location
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            return False
        values = inner
    values[name] = value
    return True


def complaint(
    error: ValidationError,
    *,
    path: Path | None,
    overridden: Sequence[tuple[str, ...]] = (),
) -> str:
    """The first thing wrong, in one line: where it was set, what, and what to do."""
    first = error.errors(include_url=False, include_input=False)[0]
    location = tuple(str(part) for part in first["loc"])
    setting = ".".join(part for part in location if not part.isdigit())
    source = str(path or "settings")
    for variable in overridden:
        if all(a == b for a, b in zip(variable, location, strict=False)):
            source = PREFIX + "__".join(variable).upper()
    if first["type"] == "extra_forbidden":
        return f"{source}: {setting} is not a setting{_suggestion(location)}"
    reason = first["msg"].removeprefix("Value error, ")
    return f"{source}: {setting}: {reason[0].lower()}{reason[1:]}"


def _suggestion(location: tuple[str, ...]) -> str:
    known: BaseModel = Settings()
    for section in location[:-1]:
        known = getattr(known, section)
    similar = get_close_matches(location[-1], type(known).model_fields, n=1)
    return f"; did you mean {similar[0]}?" if similar else ""
