"""The journal's file, opened by a command beside a running agent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from pwd import getpwuid
from typing import TypeVar

from agent.cli.failures import CommandFailed
from agent.clock import SystemClock
from agent.journal.journal import Journal

T = TypeVar("T")

JOURNAL_FILE = "journal.db"


def journal_path(state_dir: Path) -> Path:
    """Where an agent with this state folder keeps its journal."""
    return state_dir / JOURNAL_FILE


def with_journal(path: Path, use: Callable[[Journal], Awaitable[T]]) -> T:
    """What `use` makes of the journal at `path`, which is made where missing.

    Raises CommandFailed for another user's journal, JournalUnavailable,
    JournalNewerSchema, JournalBroken.
    """
    check_owner(path.parent)

    async def opened() -> T:
        journal = await Journal.open(path, clock=SystemClock())
        try:
            return await use(journal)
        finally:
            await journal.aclose()

    return asyncio.run(opened())


def check_exists(path: Path) -> None:
    """Raise CommandFailed where there is no journal to look at."""
    if not path.exists():
        raise CommandFailed(
            f"{path}: there is no journal",
            code="journal_missing",
            remedy="Name the agent's settings with --config; the agent makes its "
            "journal at its first start.",
        )


def check_owner(folder: Path) -> None:
    """Raise CommandFailed in another user's folder.

    Root could open the agent's journal, and leave files the agent cannot open.
    """
    if not folder.exists():
        return
    owner = folder.stat().st_uid
    if owner == os.geteuid():
        return
    name = _user_name(owner)
    raise CommandFailed(
        f"{folder} belongs to {name}",
        code="journal_of_another_user",
        remedy=f"Run the command as that user: sudo -u {name} cardlane …",
    )


def _user_name(user_id: int) -> str:
    try:
        return getpwuid(user_id).pw_name
    except KeyError:
        return f"#{user_id}"
