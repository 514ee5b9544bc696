"""Why the journal cannot be written, and what to do about each.

All have the code `journal_unavailable`: to a register they are the same.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from agent.errors import JournalUnavailable

LEAST_FREE_BYTES = 4 * 1024 * 1024
"""Kept for payments under way: no new one begins with less."""


class JournalDiskFull(JournalUnavailable):
    """There is no room, or hardly any."""

    remedy = "Free disk space; the journal goes on by itself. Nothing new was charged."


class JournalReadOnly(JournalUnavailable):
    """The file or its file system takes no writes."""

    remedy = (
        "Make the file system writable again (`dmesg` may say why it is not); the "
        "journal goes on by itself. Nothing new was charged."
    )


class JournalLocked(JournalUnavailable):
    """Another process writes, and does not end."""

    remedy = (
        "Find the process that holds the file (`fuser journal.db`) and end it; the "
        "journal goes on by itself. Nothing new was charged."
    )


class JournalFileGone(JournalUnavailable):
    """What is at the file's path is not the file that was opened."""

    remedy = (
        "Put the journal back where it was, or restore a backup and restart the "
        "agent. Nothing new was charged."
    )


_BY_CODE: dict[int, type[JournalUnavailable]] = {
    sqlite3.SQLITE_FULL: JournalDiskFull,
    sqlite3.SQLITE_READONLY: JournalReadOnly,
    sqlite3.SQLITE_BUSY: JournalLocked,
    sqlite3.SQLITE_LOCKED: JournalLocked,
}


def trouble_of(error: sqlite3.Error) -> JournalUnavailable:
    """What SQLite's refusal of a write means."""
    # The low byte; the others say in which call it happened.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    kind = _BY_CODE.get(code, JournalUnavailable)
    trouble = kind(f"the journal could not be written: {error}")
    trouble.__cause__ = error
    return trouble


def copy_of(trouble: JournalUnavailable) -> JournalUnavailable:
    """The same without its past, which could hold on to what was to be written."""
    return type(trouble)(trouble.message)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the file is, and that it is still the one that was opened."""

    path: Path
    identity: tuple[int, int]

    @classmethod
    def of(cls, path: Path) -> Self:
        """The place of a file that is there; raises OSError."""
        return cls(path, _identity(path))

    def check(self) -> None:
        """Raise JournalFileGone where a write would go into a file without a name."""
        try:
            is_there = _identity(self.path) == self.identity
        except OSError as error:
            raise JournalFileGone(f"{self.path}: {error.strerror}.") from error
        if not is_there:
            raise JournalFileGone(f"{self.path} was replaced by another file.")

    def check_room(self) -> None:
        """Raise JournalDiskFull or JournalReadOnly where no payment may begin."""
        try:
            system = os.statvfs(self.path)
        except OSError as error:
            raise JournalFileGone(f"{self.path}: {error.strerror}.") from error
        if system.f_flag & os.ST_RDONLY:
            raise JournalReadOnly(f"{self.path} is on a read-only file system.")
        free = system.f_bavail * system.f_frsize
        if free < LEAST_FREE_BYTES:
            raise JournalDiskFull(f"Only {free} bytes are free for the journal.")


def _identity(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
