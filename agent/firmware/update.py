"""One firmware update as the journal tells it: a fold over its entries. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from agent.firmware.states import FINAL, UpdateState, advance, step_of
from agent.ids import ReaderId, UpdateId
from agent.journal.update_entries import (
    LoadProgressed,
    LoadStarted,
    ReaderReturned,
    UpdateEnded,
    UpdateEntry,
    UpdateRequested,
)


@dataclass(frozen=True, slots=True)
class Update:
    """What is known of one update of one reader."""

    requested: UpdateRequested
    state: UpdateState = UpdateState.IDLE
    loads: int = 0
    """How often the image was sent to the reader, from its first byte."""
    loaded_bytes: int = 0
    """How much of it the reader has taken this time, as far as it was written down."""
    key_digests: dict[str, str] = field(default_factory=dict)
    """Of the key slots before the update."""
    firmware_version: str | None = None
    """What the reader runs, as far as it is known."""
    failure_code: str | None = None
    failure_message: str | None = None

    @property
    def update_id(self) -> UpdateId:
        """`upd_…`."""
        return self.requested.update_id

    @property
    def reader_id(self) -> ReaderId:
        """The reader it is for."""
        return self.requested.reader_id

    @property
    def is_ended(self) -> bool:
        """Whether it has its final outcome."""
        return self.state in FINAL


def begin(entry: UpdateRequested) -> Update:
    """The update that `entry` starts."""
    return Update(entry, firmware_version=entry.from_version)


def apply(update: Update, entry: UpdateEntry) -> Update:
    """The update after `entry`; raises IllegalUpdateStep where it may not follow."""
    step = step_of(entry)
    if step is None:
        raise ValueError("an update begins only once")
    moved = partial(replace, update, state=advance(update.state, step))
    match entry:
        case LoadStarted(key_digests=key_digests):
            return moved(
                loads=update.loads + 1, loaded_bytes=0, key_digests=key_digests
            )
        case LoadProgressed(loaded_bytes=loaded_bytes):
            return moved(loaded_bytes=loaded_bytes)
        case ReaderReturned(firmware_version=firmware_version):
            return moved(firmware_version=firmware_version)
        case UpdateEnded():
            return moved(
                firmware_version=entry.firmware_version,
                failure_code=entry.failure_code,
                failure_message=entry.failure_message,
            )
        case _:
            return moved()


def fold(entries: Iterable[UpdateEntry]) -> Update:
    """The update that a journal's entries tell, in their order.

    Raises ValueError where they do not start with UpdateRequested, IllegalUpdateStep
    where they are not a path of the state machine.
    """
    iterator = iter(entries)
    first = next(iterator, None)
    if not isinstance(first, UpdateRequested):
        raise ValueError("an update's entries start with UpdateRequested")
    update = begin(first)
    for entry in iterator:
        update = apply(update, entry)
    return update
