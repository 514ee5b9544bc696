"""The secrets that webhooks are signed with: a file of their own, for its owner only.

To sign, a secret must be kept as it is. It stays out of the journal, whose copies and
exports go elsewhere, and is told once: to whoever made the endpoint.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path

from agent.errors import JournalUnavailable
from agent.ids import Random, random_text

SECRETS_FILE = "webhook_secrets"
SECRET_LENGTH = 32


def new_secret(random: Random) -> str:
    """A fresh `whsec_…`: 190 bits, in the form that Stripe's libraries take."""
    return "whsec_" + random_text(random, length=SECRET_LENGTH)


class WebhookSecrets:
    """The file, read once. Printing it prints no secret."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changing = asyncio.Lock()
        self._secrets: dict[str, str] = _read(path)

    def get(self, endpoint_id: str) -> str | None:
        """The endpoint's secret; None where the file does not have it."""
        return self._secrets.get(endpoint_id)

    async def put(self, endpoint_id: str, secret: str) -> None:
        """Keep it; on the disk when this returns. Raises JournalUnavailable."""
        async with self._changing:
            await self._write({**self._secrets, endpoint_id: secret})

    async def delete(self, endpoint_id: str) -> None:
        """Forget it; raises JournalUnavailable."""
        async with self._changing:
            kept = {k: v for k, v in self._secrets.items() if k != endpoint_id}
            await self._write(kept)

    async def _write(self, secrets: dict[str, str]) -> None:
        await asyncio.to_thread(_replace, self._path, secrets)
        self._secrets = secrets


def _read(path: Path) -> dict[str, str]:
    """The file's secrets; none where there is no file, or it is not ours."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _replace(path: Path, secrets: Mapping[str, str]) -> None:
    """Put the new file in the old one's place, whole or not at all."""
    folder = path.parent / f"{path.name}.new"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        new = folder / path.name
        descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(secrets, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        folder.rmdir()
        _sync(path.parent)
    except OSError as error:
        raise JournalUnavailable(
            f"{path} cannot be written: {error.strerror}"
        ) from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
