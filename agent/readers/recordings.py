"""A folder of recordings of readers: one file a connection, the latest few kept.

For finding out what a reader does. What may stand in them is drivers.protocol.witness's
to say; a full disk ends a recording, never a payment.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TextIO

from agent.clock import Clock
from agent.errors import SettingsInvalid
from agent.log import get_logger
from drivers.profile import Profile
from drivers.recording.witnesses import recorded
from drivers.transport.base import Transport

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RecordingLimits:
    """So that recordings that nobody fetches do not fill the disk."""

    most_bytes: int = 16 * 1024 * 1024
    """Of one recording; what comes after is not recorded."""
    most_files: int = 200


DEFAULT_LIMITS = RecordingLimits()


def private_file(path: Path) -> TextIO:
    """A new file, written line by line, that nobody else reads; raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "w", encoding="ascii", buffering=1)


class Recordings:
    """Files of this user's alone, named by time and model."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        limits: RecordingLimits = DEFAULT_LIMITS,
        open_file: Callable[[Path], TextIO] = private_file,
    ) -> None:
        """Makes the folder; raises SettingsInvalid where it cannot."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsInvalid(
                f"readers.recordings: {folder}: {error.strerror}"
            ) from error
        self._folder = folder
        self._clock = clock
        self._limits = limits
        self._open_file = open_file
        self._made = 0

    def record(self, transport: Transport, profile: Profile) -> Transport:
        """`transport`, recorded from now on; itself where no file can be written."""
        self._made += 1
        time = self._clock.now().astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = self._folder / f"{time}-{self._made}-{profile.name}.jsonl"
        try:
            file = self._open_file(path)
        except OSError as error:
            log.warning("recording.failed", path=str(path), reason=error.strerror)
            return transport
        self._forget_the_oldest()
        log.info("recording.started", path=str(path), spec=transport.spec)
        return recorded(
            transport,
            profile,
            sink=_FileSink(file, self._limits.most_bytes),
            monotonic=self._clock.monotonic,
        )

    def _forget_the_oldest(self) -> None:
        recordings = sorted(self._folder.glob("*.jsonl"))
        for path in recordings[: -self._limits.most_files]:
            with suppress(OSError):
                path.unlink()


class _FileSink:
    """Implements drivers.recording.recorder.Sink."""

    def __init__(self, file: TextIO, most_bytes: int) -> None:
        self._file = file
        self._room = most_bytes

    def write(self, line: str) -> None:
        """Write it at once, so that it survives a crash of the agent."""
        if self._file.closed:
            return
        self._room -= len(line)
        if self._room < 0:
            log.warning("recording.full", path=self._file.name)
            self.close()
            return
        try:
            self._file.write(line)
        except OSError as error:
            log.warning("recording.failed", path=self._file.name, reason=error.strerror)
            self.close()

    def close(self) -> None:
        """Give the file back."""
        with suppress(OSError):
            self._file.close()
