"""Copies of the journal, taken while the agent runs. Never replaces a file."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from agent.clock import Clock
from agent.errors import JournalUnavailable
from agent.journal.entry_table import VerifiedChain
from agent.journal.journal import Journal

_FORGET = (
    "DELETE FROM held_cards",
    "DELETE FROM action_details",
    "DELETE FROM action_files",
)


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy whose chains were checked."""

    path: Path
    payments: VerifiedChain
    updates: VerifiedChain


async def back_up(source: Path, target: Path, *, clock: Clock) -> Backup:
    """Copy the journal as of now, check the copy, and only then give it its name.

    What is erased after a while is left out, since a copy may live for long: the
    ciphertexts of cards under way, and what customers answered at a reader.
    Raises JournalUnavailable (also where `target` exists) and JournalBroken; then
    there is no file of that name.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            _copy(source, partial)
            payments, updates = await _checked(partial, clock=clock)
            os.link(partial, target)  # unlike a rename, it replaces nothing
            _sync(target)
        finally:
            partial.unlink()
    except (OSError, sqlite3.Error) as error:
        raise JournalUnavailable(f"{target}: {error}") from error
    return Backup(target, payments, updates)


def _copy(source: Path, partial: Path) -> None:
    with (
        closing(sqlite3.connect(source)) as original,
        closing(sqlite3.connect(partial)) as copy,
        copy,
    ):
        original.backup(copy)
        copy.execute("PRAGMA secure_delete = ON")
        for statement in _FORGET:
            copy.execute(statement)


async def _checked(path: Path, *, clock: Clock) -> tuple[VerifiedChain, VerifiedChain]:
    journal = await Journal.open(path, clock=clock)
    try:
        others = journal.verify_others()
        return journal.verify(), others["updates"]
    finally:
        await journal.aclose()


def _sync(path: Path) -> None:
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
