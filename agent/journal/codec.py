"""Entries as JSON and back. Pure and strict: what it does not know, it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from agent.journal.entries import (
    ActionFinished,
    ActionRequested,
    ActionSent,
    AnswerLost,
    AuthorizationWarned,
    CardCollected,
    CardEndedEarly,
    CardRefused,
    Confirmed,
    ConfirmOrdered,
    ConfirmStarted,
    Declined,
    Entry,
    HoldBegan,
    HoldEnded,
    NotCharged,
    Performed,
    ReversalStarted,
    Reversed,
    StoredOffline,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

KINDS: dict[str, type[Entry]] = {
    "action_requested": ActionRequested,
    "action_sent": ActionSent,
    "card_collected": CardCollected,
    "confirm_ordered": ConfirmOrdered,
    "confirm_started": ConfirmStarted,
    "confirmed": Confirmed,
    "performed": Performed,
    "declined": Declined,
    "answer_lost": AnswerLost,
    "stored_offline": StoredOffline,
    "not_charged": NotCharged,
    "card_ended_early": CardEndedEarly,
    "card_refused": CardRefused,
    "reversal_started": ReversalStarted,
    "reversed": Reversed,
    "action_finished": ActionFinished,
    "hold_began": HoldBegan,
    "authorization_warned": AuthorizationWarned,
    "hold_ended": HoldEnded,
}
"""The names entries have on disk; part of the hash chain, so never renamed."""

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)

EntryT = TypeVar("EntryT", bound="DataclassInstance")


class EntryUnreadable(ValueError):
    """A stored entry that this version does not understand."""


class Kinds(Generic[EntryT]):
    """The entries that one table may hold, by the names they have on disk."""

    def __init__(self, types: Mapping[str, type[EntryT]]) -> None:
        self._types = dict(types)
        self._names = {entry_type: kind for kind, entry_type in types.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def kind_of(self, entry: EntryT) -> str:
        """The entry's name on disk."""
        return self._names[type(entry)]

    def decode(self, kind: str, body: str) -> EntryT:
        """The entry, or EntryUnreadable for an unknown kind, field or type.

        A field may be missing where the entry has a default for it: it was added later.
        """
        entry_type = self._types.get(kind)
        if entry_type is None:
            raise EntryUnreadable(f"unknown kind {kind!r}")
        try:
            values = json.loads(body)
        except ValueError as error:
            raise EntryUnreadable(f"{kind}: the body is not JSON") from error
        if not isinstance(values, dict):
            raise EntryUnreadable(f"{kind}: the body is not an object")
        return entry_type(**_checked(kind, values, entry_type))


PAYMENT_KINDS: Kinds[Entry] = Kinds(KINDS)
kind_of = PAYMENT_KINDS.kind_of
decode = PAYMENT_KINDS.decode


def encode(entry: DataclassInstance) -> str:
    """The entry's canonical body: ASCII JSON, keys sorted, no spaces."""
    return canonical({name: getattr(entry, name) for name in _names(type(entry))})


@cache
def _names(entry_type: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(entry_type))


def canonical(value: object) -> str:
    """One spelling for one value, so that it can be hashed and compared."""
    return _CANONICAL.encode(value)


def _checked(kind: str, values: dict[str, object], entry_type: type) -> dict[str, Any]:
    hints, required = _shape(entry_type)
    unknown = values.keys() - hints.keys()
    if unknown:
        raise EntryUnreadable(f"{kind}: unknown field {min(unknown)!r}")
    missing = required - values.keys()
    if missing:
        raise EntryUnreadable(f"{kind}: no field {min(missing)!r}")
    for name, value in values.items():
        if not _fits(value, hints[name]):
            raise EntryUnreadable(f"{kind}: {name} is of the wrong type")
    return {name: _restored(value, hints[name]) for name, value in values.items()}


@cache
def _shape(entry_type: type[Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """The fields' types, and the names that must be present."""
    hints = get_type_hints(entry_type)
    required = frozenset(f.name for f in fields(entry_type) if f.default is MISSING)
    return hints, required


def _fits(value: object, hint: Any) -> bool:
    hint = getattr(hint, "__supertype__", hint)
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, choice) for choice in get_args(hint))
    if get_origin(hint) is dict:
        _, item = get_args(hint)
        return isinstance(value, dict) and all(_fits(v, item) for v in value.values())
    if hint is NoneType:
        return value is None
    if issubclass(hint, StrEnum):
        return value in list(hint)
    return type(value) is hint  # a bool is an int, but not here


def _restored(value: object, hint: Any) -> object:
    is_enum = isinstance(hint, type) and issubclass(hint, StrEnum)
    return hint(value) if is_enum else value


def time_text(at: datetime) -> str:
    """UTC with microseconds, always 27 characters: it sorts as it reads."""
    text = at.astimezone(UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def time_of(text: str) -> datetime:
    """What `time_text` wrote, aware, UTC."""
    return datetime.fromisoformat(text)
