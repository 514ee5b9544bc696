"""The key that seals stored offline payments: from a file only, and never shown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from agent.errors import SettingsInvalid
from agent.settings.accounts import credential_of
from agent.settings.guarded_file import read_secret
from agent.settings.models import Settings

CREDENTIAL = "offline_key"
"""Its name among systemd's credentials; a further account's has `.<name>` behind it."""
KEY_BYTES = 32
_NAMED_AS = b"cardlane offline key\0"


@dataclass(frozen=True, slots=True)
class OfflineKey:
    """A key for AES-256-GCM. Printing it does not print it."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError, without the key, for one of another length."""
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"not a key of {KEY_BYTES} bytes")

    @classmethod
    def from_text(cls, text: str) -> OfflineKey:
        """The key that `text` wrote; raises ValueError, without the text."""
        try:
            return cls(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            raise ValueError(
                "not an offline key: expected the base64 of 32 bytes"
            ) from None

    @property
    def key_id(self) -> str:
        """Names the key without being it, so that a wrong one is told from damage."""
        return sha256(_NAMED_AS + self.secret).hexdigest()[:16]

    def text(self) -> str:
        """The key as its file holds it."""
        return base64.b64encode(self.secret).decode("ascii")


def read_offline_key(
    settings: Settings, environ: Mapping[str, str]
) -> OfflineKey | None:
    """The key from systemd's credential, else from `offline.key_file`, else None.

    Raises SettingsInvalid where the file cannot be read, is readable by others, or
    holds no key.
    """
    found = read_secret(
        credential=credential_of(settings, CREDENTIAL),
        setting="offline.key_file",
        file=settings.offline.key_file,
        environ=environ,
    )
    if found is None:
        return None
    text, path, name = found
    try:
        return OfflineKey.from_text(text)
    except ValueError as error:
        raise SettingsInvalid(f"{name}: {path}: {error}") from None
