"""The agent's Stripe key: from a file only, and never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agent.errors import SettingsInvalid
from agent.settings.accounts import AccountSettings, credential_of
from agent.settings.guarded_file import read_secret
from agent.settings.models import Settings

CREDENTIAL = "stripe_api_key"
"""Its name among systemd's credentials; a further account's has `.<name>` behind it."""

_KEY = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9_]{8,}")


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
    def mode(self) -> str:
        """`live` or `test`."""
        return self._text[3:7]

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
    holds no key, and for one of the other mode than a further account's settings say.
    """
    found = read_secret(
        credential=credential_of(settings, CREDENTIAL),
        setting="stripe.api_key_file",
        file=settings.stripe.api_key_file,
        environ=environ,
    )
    if found is None:
        return None
    text, path, name = found
    try:
        key = StripeKey(text)
    except ValueError as error:
        raise SettingsInvalid(f"{name}: {path}: {error}") from None
    if isinstance(settings, AccountSettings) and key.mode != settings.mode:
        raise SettingsInvalid(
            f"account {settings.account}: its Stripe key is of {key.mode} mode, its "
            f"settings say {settings.mode}",
            remedy="Put the right key in its place; each mode is an account of its own.",
        )
    return key
