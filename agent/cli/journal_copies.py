"""`cardlane journal export` and `backup`: take the journal somewhere else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import usage_error
from agent.cli.options import Config, Json
from agent.cli.settings_file import read_settings

if TYPE_CHECKING:
    from agent.journal.audit import AuditStore
    from agent.journal.backup import Backup
    from agent.journal.entry_table import RawEntry
    from agent.journal.journal import Journal
    from agent.journal.offline import OfflineStore
    from agent.journal.updates import UpdateStore

ALWAYS = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)


def export(
    since: Annotated[
        str | None, typer.Option(help="From then on: 2026-11-01, 2026-11-01T12:00Z.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Before then; a time without zone is UTC.")
    ] = None,
    updates: Annotated[
        bool, typer.Option("--updates", help="Firmware updates, not payments.")
    ] = False,
    audit: Annotated[
        bool,
        typer.Option("--audit", help="What people did, such as overriding a lease."),
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="What became of payments stored offline.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Print entries as JSON lines, with or without --json, oldest first."""
    from agent.cli.journal_file import check_exists, journal_path, with_journal

    if updates + audit + offline > 1:
        raise usage_error(
            "several of --updates, --audit and --offline", remedy="Ask for one of them."
        )
    first, end = _time(since, default=ALWAYS), _time(until, default=NEVER)
    path = journal_path(read_settings(config).state_dir)
    check_exists(path)

    async def write(journal: Journal) -> None:
        source = _source(journal, updates=updates, audit=audit, offline=offline)
        for entry in source.export(since=first, until=end):
            typer.echo(exported_line(entry))

    with_journal(path, write)


def _source(
    journal: Journal, *, updates: bool, audit: bool, offline: bool
) -> Journal | UpdateStore | AuditStore | OfflineStore:
    if offline:
        return journal.offline
    if audit:
        return journal.audit
    return journal.updates if updates else journal


def backup(
    file: Annotated[Path, typer.Argument(help="Where to; it must not exist.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Copy the journal while the agent runs, and check the copy."""
    from agent.cli.journal_file import check_exists, journal_path, with_journal
    from agent.clock import SystemClock
    from agent.journal.backup import back_up

    path = journal_path(read_settings(config).state_dir)
    check_exists(path)
    if file.exists():
        raise usage_error(f"{file} exists", remedy="Name a file that does not exist.")

    async def copy(_: Journal) -> Backup:
        return await back_up(path, file, clock=SystemClock())

    made = with_journal(path, copy)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "file": str(made.path),
                    "entries": made.payments.entries,
                    "head": made.payments.head,
                    "update_entries": made.updates.entries,
                    "update_head": made.updates.head,
                }
            )
        )
    else:
        typer.echo(
            f"{made.path}: {made.payments.entries} entries, none changed. "
            f"Head: {made.payments.head}"
        )


def exported_line(entry: RawEntry) -> str:
    """The entry on one line; `entry` holds exactly what was hashed."""
    return json.dumps(
        {
            "seq": entry.seq,
            "at": entry.at,
            "kind": entry.kind,
            "entry": json.loads(entry.body),
            "hash": entry.hash,
        }
    )


def _time(text: str | None, *, default: datetime) -> datetime:
    if text is None:
        return default
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise usage_error(
            f"{text} is no time", remedy="Write it as 2026-11-01 or 2026-11-01T12:00Z."
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
