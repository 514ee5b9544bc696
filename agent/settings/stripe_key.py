"""The agent's Stripe key: from a file only, and never shown."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.errors import SettingsInvalid
from agent.settings.models import Settings

CREDENTIAL = "stripe_api_key"
"""Its name among systemd's credentials."""

_KEY = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9_]{8,}")
_LARGEST_FILE = 4096


@dataclass(frozen=True, slots=True, repr=False)
class StripeKey:
    """A secret or restricted key of Stripe's. Printing it does not print it."""

    _text: str

    def __post_init__(self) -> None:
        """Raises ValueError, without the key, for what is not one."""
        if not _KEY.fullmatch(self._text):
            raise ValueError("not a Stripe key: expected rk_… or sk_…, test or live")

    def __repr__(self) -> str:
        return f"StripeKey({self._text[:8]}…)"

    @property
    def livemode(self) -> bool:
        """Whether it moves real money."""
        return self._text[3:7] == "live"

    @property
    def is_restricted(self) -> bool:
        """Whether it is limited to the permissions it was given."""
        return self._text.startswith("rk_")

    def reveal(self) -> str:
        """The key itself, for the Authorization header and nothing else."""
        return self._text


def read_stripe_key(settings: Settings, environ: Mapping[str, str]) -> StripeKey | None:
    """The key from systemd's credential, else from `stripe.api_key_file`, else None.

    Raises SettingsInvalid where the file cannot be read, is readable by others, or
    holds no key. systemd itself guards the credential (an ACL, not the mode).
    """
    folder = environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(folder, CREDENTIAL) if folder else None
    if credential is not None and credential.exists():
        return _read(credential, name="credential stripe_api_key", is_guarded=True)
    if settings.stripe.api_key_file is not None:
        file = settings.stripe.api_key_file
        return _read(file, name="stripe.api_key_file", is_guarded=False)
    return None


def _read(path: Path, *, name: str, is_guarded: bool) -> StripeKey:
    try:
        with path.open("rb") as file:
            if not is_guarded:
                _check_guarded(os.fstat(file.fileno()), path=path, name=name)
            text = file.read(_LARGEST_FILE)
    except OSError as error:
        raise SettingsInvalid(f"{name}: {path}: {error.strerror}") from error
    try:
        return StripeKey(text.decode("ascii", errors="replace").strip())
    except ValueError as error:
        raise SettingsInvalid(f"{name}: {path}: {error}") from None


def _check_guarded(status: os.stat_result, *, path: Path, name: str) -> None:
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise SettingsInvalid(
            f"{name}: {path} is open to other users; run chmod 600 {path}"
        )
    if status.st_uid not in {0, os.geteuid()}:
        raise SettingsInvalid(
            f"{name}: {path} belongs to another user; it must be root's or ours"
        )
