"""Several registers, one reader: who has it for a while, and whose orders are too old.

A lease belongs to a local key. Without one every register may use the reader, one action
at a time; with one only its holder. The fencing token rises with every new holder, so
that an order which was held up on its way is refused once others have taken over.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from agent.clock import Clock
from agent.errors import LeaseStale, ReaderLeased
from agent.events import EventBus, LeaseOverridden
from agent.ids import LocalKeyId, ReaderId
from agent.journal.audit import Audited
from agent.journal.leases import Lease, LeaseStore
from agent.log import get_logger

log = get_logger(__name__)

OVERRIDDEN = "lease_overridden"


class Leases:
    """The leases of this machine's readers."""

    def __init__(self, store: LeaseStore, *, events: EventBus, clock: Clock) -> None:
        self._store = store
        self._events = events
        self._clock = clock
        self._taking = asyncio.Lock()

    def current(self, reader_id: ReaderId) -> Lease | None:
        """The lease that counts now, if there is one."""
        lease = self._store.find(reader_id)
        return lease if lease and lease.is_held(self._clock.now()) else None

    def check(
        self, reader_id: ReaderId, key_id: LocalKeyId, *, token: int | None
    ) -> None:
        """Whether this caller may give the reader an order.

        Raises ReaderLeased where another key has it, LeaseStale where `token` is sent
        and is not that of the lease that counts.
        """
        lease = self.current(reader_id)
        if lease is not None and lease.key_id != key_id:
            raise _leased(lease)
        if token is not None and (lease is None or lease.token != token):
            raise LeaseStale(
                f"The lease with token {token} on reader {reader_id} is over."
            )

    async def take(
        self, reader_id: ReaderId, key_id: LocalKeyId, *, owner: str, ttl_s: int
    ) -> Lease:
        """Take the reader, or go on having it; the token of a renewed lease stays.

        Raises ReaderLeased.
        """
        async with self._taking:
            lease = self.current(reader_id)
            if lease is not None and lease.key_id != key_id:
                raise _leased(lease)
            taken = self._next(reader_id, key_id, owner=owner, ttl_s=ttl_s)
            if lease is not None:
                taken = replace(taken, token=lease.token)
            await self._store.put(taken)
            return taken

    async def override(
        self,
        reader_id: ReaderId,
        key_id: LocalKeyId,
        *,
        owner: str,
        ttl_s: int,
        reason: str,
    ) -> Lease:
        """Take the reader from whoever has it; the audit and an event tell of it."""
        async with self._taking:
            lease = self.current(reader_id)
            taken = self._next(reader_id, key_id, owner=owner, ttl_s=ttl_s)
            if lease is None or lease.key_id == key_id:
                await self._store.put(taken)
                return taken
            audited = Audited(key_id, OVERRIDDEN, reader_id, reason)
            await self._store.put(taken, audited=audited)
        log.warning("reader.lease_overridden", reader_id=reader_id, key_id=key_id)
        self._events.publish(
            LeaseOverridden(
                reader_id, owner=owner, previous_owner=lease.owner, token=taken.token
            )
        )
        return taken

    async def release(self, reader_id: ReaderId, key_id: LocalKeyId) -> None:
        """Give the reader back; nothing happens where nobody has it.

        Raises ReaderLeased where another key has it.
        """
        async with self._taking:
            lease = self.current(reader_id)
            if lease is None:
                return
            if lease.key_id != key_id:
                raise _leased(lease)
            await self._store.put(replace(lease, expires_at=self._clock.now()))

    def _next(
        self, reader_id: ReaderId, key_id: LocalKeyId, *, owner: str, ttl_s: int
    ) -> Lease:
        last = self._store.find(reader_id)
        return Lease(
            reader_id=reader_id,
            token=1 if last is None else last.token + 1,
            key_id=key_id,
            owner=owner,
            expires_at=self._clock.now() + timedelta(seconds=ttl_s),
        )


def _leased(lease: Lease) -> ReaderLeased:
    return ReaderLeased(
        f"Reader {lease.reader_id} is leased by {lease.owner!r} until "
        f"{lease.expires_at:%H:%M:%S} UTC."
    )
