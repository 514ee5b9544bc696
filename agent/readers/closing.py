"""Ends what a reader's driver does, whatever the driver makes of that."""

from __future__ import annotations

import asyncio
from typing import Any

from agent.log import get_logger
from drivers.reader import Reader

log = get_logger(__name__)

CLOSE_S = 5.0
"""How long a driver may take to end before it is left to itself."""


async def close_reader(reader: Reader) -> None:
    """Give the port back; raises nothing, and takes CLOSE_S at most."""
    serial_number = reader.info.serial_number
    try:
        async with asyncio.timeout(CLOSE_S):
            await reader.aclose()
    except TimeoutError:
        log.warning("reader.does_not_close", serial_number=serial_number)
    except Exception:
        # A driver's outermost frame: the trouble of one reader is no other's.
        log.exception("reader.defect", serial_number=serial_number)


async def end_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel them; raises nothing of theirs, and takes CLOSE_S at most."""
    for task in tasks:
        task.cancel()
    ended, _ = await asyncio.wait(tasks, timeout=CLOSE_S)
    for task in ended:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("reader.defect", error=type(error).__name__)
