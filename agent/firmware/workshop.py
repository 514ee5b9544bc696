"""What an update works with, and how it can end other than well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from agent.clock import Clock
from agent.firmware.catalog import Catalog
from agent.firmware.gates import Obstacle
from agent.readers.session import ReaderSession
from agent.settings import FirmwareSettings
from drivers.reader import Reader


@dataclass(frozen=True, slots=True)
class Workshop:
    """Made anew for each update, of parts that all updates share."""

    session: Callable[[], ReaderSession]
    """The reader's; raises ResourceMissing once it was deleted."""
    catalog: Catalog
    clock: Clock
    local_time: Callable[[datetime], datetime]
    """The wall clock at the till, for windows."""
    settings: FirmwareSettings
    turn: asyncio.Lock
    """One reader of a machine at a time: the others go on taking payments."""
    is_idle: Callable[[], bool]
    """Whether no payment of the reader is under way or unsettled."""
    note_version: Callable[[str], Awaitable[None]]
    """Keeps what the reader runs now."""
    configure: Callable[[Reader], Awaitable[None]]
    """Gives the reader again what an update may have reset."""


class InstallFailed(Exception):
    """The update's end, with one of agent.firmware.failures."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotNow(Exception):
    """Something stands in the way; it passes by itself."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle)
        self.obstacle = obstacle
