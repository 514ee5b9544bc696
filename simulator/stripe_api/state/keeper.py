"""Keeping the state file up to date: soon after every change, and never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from simulator.clock import Clock
from simulator.stripe_api.engine.execution import Executor
from simulator.stripe_api.state.contents import answer_record
from simulator.stripe_api.state.file import Batch, Change, KeptAnswer, StateFile

DELAY_S = 0.05
"""How long changes are gathered: what is younger may be lost with the process."""


class StateKeeper:
    """Writes what changes in an executor's modes to a file.

    Each write holds all that happened up to one moment between two requests, so a
    file never shows half of what a request did.
    """

    def __init__(self, executor: Executor, file: StateFile, clock: Clock) -> None:
        """From now on; `run` does the writing. What is there already counts as new."""
        self._executor = executor
        self._file = file
        self._clock = clock
        self._objects: dict[tuple[bool, str, str], None] = {}
        self._answers: dict[tuple[bool, str], None] = {}
        self._is_all_new = False
        self._changed = asyncio.Event()
        self._is_stopped = False
        executor.begin_listeners.append(self._begun)
        self._begun()

    async def run(self) -> None:
        """Write until stopped, and then what is left."""
        while not self._is_stopped:
            await self._changed.wait()
            if not self._is_stopped:
                await asyncio.sleep(DELAY_S)
            await self._write()
        await self._write()

    def stop(self) -> None:
        """Have `run` come to its end."""
        self._is_stopped = True
        self._changed.set()

    async def _write(self) -> None:
        self._changed.clear()
        await self._file.write(self._batch())

    def _begun(self) -> None:
        """Other objects have taken the place of those there were."""
        self._is_all_new = True
        self._objects.clear()
        self._answers.clear()
        for livemode in (False, True):
            mode = self._executor.mode(livemode=livemode)
            mode.store.watch(partial(self._object_changed, livemode))
            mode.idempotency.changed = partial(self._answer_stored, livemode)
        self._changed.set()

    def _object_changed(self, livemode: bool, kind: str, object_id: str) -> None:
        self._objects[livemode, kind, object_id] = None
        self._changed.set()

    def _answer_stored(self, livemode: bool, key: str) -> None:
        self._answers[livemode, key] = None
        self._changed.set()

    def _batch(self) -> Batch:
        """What has changed, as it is now; objects are values, so a list is a copy."""
        is_all_new, self._is_all_new = self._is_all_new, False
        if is_all_new:
            self._objects = dict.fromkeys(self._all_objects())
            self._answers = dict.fromkeys(self._all_answers())
        changes: list[Change | KeptAnswer] = []
        changes.extend(self._change(*which) for which in self._objects)
        for livemode, key in self._answers:
            kept = self._executor.mode(livemode=livemode).idempotency.find(key)
            if kept is not None:
                changes.append(KeptAnswer(livemode, answer_record(kept, self._clock)))
        self._objects.clear()
        self._answers.clear()
        return Batch(changes, replaces_everything=is_all_new)

    def _change(self, livemode: bool, kind: str, object_id: str) -> Change:
        store = self._executor.mode(livemode=livemode).store
        collection = store.collections()[kind]
        return Change(
            livemode=livemode,
            kind=kind,
            id=object_id,
            value=collection.get(object_id),
            tombstone=collection.tombstone(object_id),
        )

    def _all_objects(self) -> Iterator[tuple[bool, str, str]]:
        for livemode in (False, True):
            store = self._executor.mode(livemode=livemode).store
            for kind, collection in store.collections().items():
                for value in collection.oldest_first():
                    yield livemode, kind, value["id"]
                for object_id in collection.tombstones():
                    yield livemode, kind, object_id

    def _all_answers(self) -> Iterator[tuple[bool, str]]:
        for livemode in (False, True):
            for kept in self._executor.mode(livemode=livemode).idempotency.kept():
                yield livemode, kept.key
