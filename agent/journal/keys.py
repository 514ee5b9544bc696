"""The local keys: who may call the agent's API. Hashes only, never a key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.ids import LocalKeyId
from agent.journal.codec import canonical, time_of, time_text
from agent.journal.db import Database

LAST_USE_STEP = timedelta(minutes=5)
"""How exact `last_used_at` is: a key used all day must not wear out a flash card."""


@dataclass(frozen=True, slots=True)
class LocalKey:
    """What is kept of a key."""

    key_id: LocalKeyId
    hash: bytes
    """SHA-256 of the key; 32 bytes."""
    scopes: frozenset[str]
    label: str
    prefix: str
    """`rk_test_` or `rk_live_`."""
    last4: str
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """Up to `LAST_USE_STEP` behind."""


_COLUMNS = (
    "key_id, hash, scopes, label, prefix, last4, created_at, revoked_at, last_used_at"
)
_ALL = f"SELECT {_COLUMNS} FROM local_keys ORDER BY created_at DESC, key_id"  # noqa: S608 - constants only
_FIND = f"SELECT {_COLUMNS} FROM local_keys WHERE hash = ?"  # noqa: S608 - constants only
_PUT = f"INSERT OR REPLACE INTO local_keys ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"  # noqa: S608 - constants only
_REVOKE = "UPDATE local_keys SET revoked_at = coalesce(revoked_at, ?) WHERE key_id = ?"
_GOOD = "SELECT 1 FROM local_keys WHERE key_id = ? AND revoked_at IS NULL"
_TOUCH = "UPDATE local_keys SET last_used_at = ? WHERE key_id = ?"


class LocalKeyStore:
    """The table of local keys. Raises JournalUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[LocalKey]:
        """Every key, revoked ones too, the newest first."""
        return [_key(row) for row in self._database.read(_ALL)]

    def find(self, hash_: bytes) -> LocalKey | None:
        """The key with this SHA-256, revoked or not."""
        rows = self._database.read(_FIND, hash_)
        return _key(rows[0]) if rows else None

    def is_good(self, key_id: LocalKeyId) -> bool:
        """Whether there is such a key, and it is not revoked."""
        return bool(self._database.read(_GOOD, key_id))

    async def put(self, key: LocalKey) -> None:
        """Add the key, or replace the one of the same id."""
        await self._database.execute(_PUT, *_row(key))

    async def revoke(self, key_id: LocalKeyId, at: datetime) -> None:
        """End the key's life; a second time changes nothing."""
        await self._database.execute(_REVOKE, time_text(at), key_id)

    async def touch(self, key: LocalKey, at: datetime) -> None:
        """Note a key's use; nothing is written where its last one is recent."""
        last_use = key.last_used_at
        if last_use is None or at - last_use >= LAST_USE_STEP:
            await self._database.execute(_TOUCH, time_text(at), key.key_id)


def _row(key: LocalKey) -> tuple[object, ...]:
    return (
        key.key_id,
        key.hash,
        canonical(sorted(key.scopes)),
        key.label,
        key.prefix,
        key.last4,
        time_text(key.created_at),
        key.revoked_at and time_text(key.revoked_at),
        key.last_used_at and time_text(key.last_used_at),
    )


def _key(row: tuple[Any, ...]) -> LocalKey:
    key_id, hash_, scopes, label, prefix, last4, created, revoked, last_used = row
    return LocalKey(
        key_id=key_id,
        hash=hash_,
        scopes=frozenset(json.loads(scopes)),
        label=label,
        prefix=prefix,
        last4=last4,
        created_at=time_of(created),
        revoked_at=_optional_time(revoked),
        last_used_at=_optional_time(last_used),
    )


def _optional_time(text: str | None) -> datetime | None:
    return None if text is None else time_of(text)
