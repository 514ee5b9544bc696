"""All that one mode holds, as plain data that can leave the process and come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, get_type_hints

from simulator.clock import Clock
from simulator.stripe_api.engine.answers import Answer
from simulator.stripe_api.engine.execution import Mode
from simulator.stripe_api.engine.idempotency import Fingerprint, KeptAnswer, Stored
from simulator.stripe_api.engine.store import Kind, Object

Kinds = Mapping[str, Kind[Any]]


@dataclass(frozen=True, slots=True)
class Contents:
    """Objects and answers; all of it can be written as JSON."""

    objects: dict[str, list[Object]] = field(default_factory=dict)
    """By the name of their kind, in order of creation."""
    deleted: dict[str, dict[str, Object]] = field(default_factory=dict)
    """What is left of deleted objects, by kind and id."""
    answers: list[Object] = field(default_factory=list)
    """The answers kept under idempotency keys, in the order of their requests."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        return not (self.objects or self.deleted or self.answers)


def contents_of(mode: Mode, clock: Clock) -> Contents:
    """What a mode holds."""
    collections = mode.store.collections()
    return Contents(
        objects={
            name: list(collection.oldest_first())
            for name, collection in collections.items()
            if len(collection)
        },
        deleted={
            name: dict(collection.tombstones())
            for name, collection in collections.items()
            if collection.tombstones()
        },
        answers=[answer_record(kept, clock) for kept in mode.idempotency.kept()],
    )


def mode_of(contents: Contents, *, kinds: Kinds, clock: Clock) -> Mode:
    """A mode that holds this; raises ValueError or KeyError where it cannot be."""
    mode = Mode()
    for name, objects in contents.objects.items():
        add_objects(mode, _kind(name, kinds), objects)
    for name, tombstones in contents.deleted.items():
        collection = mode.store.of(_kind(name, kinds))
        for object_id, tombstone in tombstones.items():
            collection.bury(object_id, tombstone)
    for record in contents.answers:
        mode.idempotency.keep(_kept_answer(record, clock))
    return mode


def add_objects(mode: Mode, kind: Kind[Any], objects: Iterable[Object]) -> None:
    """Put objects into a mode, with words made the states they stand for."""
    collection = mode.store.of(kind)
    states = _states(kind.shape)
    for value in objects:
        words = {name: state(value[name]) for name, state in states.items()}
        collection.put({**value, **words})


def answer_record(kept: KeptAnswer, clock: Clock) -> Object:
    """A kept answer as JSON; of the request's parameters only their hash."""
    age_s = clock.monotonic() - kept.started_s
    answer = kept.stored.answer
    return {
        "key": kept.key,
        "method": kept.fingerprint.method,
        "path": kept.fingerprint.path,
        "parameters_sha256": kept.fingerprint.digest(),
        "request_id": kept.stored.request_id,
        "started_at": clock.now().timestamp() - age_s,
        "status": answer.status,
        "headers": [[name.decode(), value.decode()] for name, value in answer.headers],
        "body": answer.body.decode(),
    }


def _kept_answer(record: Object, clock: Clock) -> KeptAnswer:
    headers = tuple((n.encode(), v.encode()) for n, v in record["headers"])
    answer = Answer(record["status"], record["body"].encode(), headers)
    age_s = clock.now().timestamp() - record["started_at"]
    return KeptAnswer(
        key=record["key"],
        fingerprint=Fingerprint(
            record["method"], record["path"], record["parameters_sha256"]
        ),
        started_s=clock.monotonic() - age_s,
        stored=Stored(answer, record["request_id"]),
    )


def _kind(name: str, kinds: Kinds) -> Kind[Any]:
    # Resources keep notes of their own, in kinds that no operation answers with.
    return kinds.get(name) or Kind(name=name, prefix="", noun=name)


@cache
def _states(shape: type | None) -> Mapping[str, type[StrEnum]]:
    """The fields that hold a state, which the code compares by identity."""
    hints = {} if shape is None else get_type_hints(shape)
    return {
        name: hint
        for name, hint in hints.items()
        if isinstance(hint, type) and issubclass(hint, StrEnum)
    }
