"""Files that hold a secret: read only where nobody else can, and written so."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from agent.errors import SettingsInvalid

_LARGEST_FILE = 4096


def read_secret(
    *, credential: str, setting: str, file: Path | None, environ: Mapping[str, str]
) -> tuple[str, Path, str] | None:
    """What systemd's credential holds, else the setting's file; None without both.

    The text comes with its path and with what to call it in an error. Raises
    SettingsInvalid where a file cannot be read or is readable by others; systemd itself
    guards a credential (an ACL, not the mode).
    """
    folder = environ.get("CREDENTIALS_DIRECTORY")
    given = Path(folder, credential) if folder else None
    if given is not None and given.exists():
        name = f"credential {credential}"
        return _read(given, name=name, is_guarded=True), given, name
    if file is not None:
        return _read(file, name=setting, is_guarded=False), file, setting
    return None


def check_private(path: Path, *, name: str) -> None:
    """Raises SettingsInvalid where the file cannot be read, or others can."""
    try:
        with path.open("rb") as file:
            _check_guarded(os.fstat(file.fileno()), path=path, name=name)
    except OSError as error:
        raise SettingsInvalid(f"{name}: {path}: {error.strerror}") from error


def write_secret(path: Path, secret: str) -> None:
    """Replace the file in one step; nobody but its owner may ever read it."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
    draft.replace(path)


def _read(path: Path, *, name: str, is_guarded: bool) -> str:
    try:
        with path.open("rb") as file:
            if not is_guarded:
                _check_guarded(os.fstat(file.fileno()), path=path, name=name)
            text = file.read(_LARGEST_FILE)
    except OSError as error:
        raise SettingsInvalid(f"{name}: {path}: {error.strerror}") from error
    return text.decode("ascii", errors="replace").strip()


def _check_guarded(status: os.stat_result, *, path: Path, name: str) -> None:
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise SettingsInvalid(
            f"{name}: {path} is open to other users; run chmod 600 {path}"
        )
    if status.st_uid not in {0, os.geteuid()}:
        raise SettingsInvalid(
            f"{name}: {path} belongs to another user; it must be root's or ours"
        )
