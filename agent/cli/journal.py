"""`cardlane journal`: look at the journal's file, check and copy it.

It changes no entry.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed, ExitCode
from agent.cli.journal_copies import backup, export
from agent.cli.options import Config, Json
from agent.cli.settings_file import read_settings

if TYPE_CHECKING:
    from agent.journal.entry_table import VerifiedChain
    from agent.journal.journal import Journal, Recorded

CHAINS = {
    "updates": "firmware updates",
    "audit": "the audit",
    "offline": "offline payments",
}
"""What the other chains are of."""


def journal_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(help="Show, check and copy the journal.", no_args_is_help=True)
    group.command()(show)
    group.command()(verify)
    group.command()(export)
    group.command()(backup)
    return group


def show(
    after: Annotated[int, typer.Option(help="Read on from this entry.")] = 0,
    limit: Annotated[int, typer.Option(help="How many entries at most.")] = 100,
    payment: Annotated[
        str | None, typer.Option(help="Only this payment, pay_….")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show entries, oldest first."""
    from agent.cli.journal_file import check_exists, journal_path, with_journal
    from agent.ids import PaymentId

    path = journal_path(read_settings(config).state_dir)
    check_exists(path)

    async def read(journal: Journal) -> list[Recorded]:
        if payment is not None:
            return journal.entries_of(PaymentId(payment))
        return journal.read(after=after, limit=limit)

    for recorded in with_journal(path, read):
        typer.echo(entry_json(recorded) if as_json else entry_line(recorded))


def verify(config: Config = None, as_json: Json = False) -> None:
    """Check that no entry was changed or lost."""
    from agent.cli.journal_file import check_exists, journal_path, with_journal
    from agent.errors import JournalBroken

    path = journal_path(read_settings(config).state_dir)
    check_exists(path)

    async def check(journal: Journal) -> tuple[VerifiedChain, dict[str, VerifiedChain]]:
        return journal.verify(), journal.verify_others()

    try:
        chain, others = with_journal(path, check)
    except JournalBroken as error:
        raise CommandFailed(
            error.message,
            code=error.code,
            remedy=error.remedy,
            exit_code=ExitCode.NEGATIVE,
        ) from error
    if as_json:
        told = {name: asdict(other) for name, other in others.items()}
        typer.echo(json.dumps({**asdict(chain), **told}))
    else:
        typer.echo(f"{chain.entries} entries, none changed. Head: {chain.head}")
        for name, other in others.items():
            if other.entries:
                typer.echo(
                    f"{other.entries} entries of {CHAINS[name]}, none changed. "
                    f"Head: {other.head}"
                )


def entry_line(recorded: Recorded) -> str:
    """An entry for people: number, time, kind, payment and what else it says."""
    from dataclasses import asdict

    from agent.journal.codec import kind_of

    fields = asdict(recorded.entry)
    payment_id = fields.pop("payment_id")
    told = " ".join(
        f"{name}={value}"
        for name, value in fields.items()
        if value not in (None, False, {})
    )
    at = recorded.at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return f"{recorded.seq:>6}  {at}Z  {payment_id}  {kind_of(recorded.entry)}  {told}"


def entry_json(recorded: Recorded) -> str:
    """An entry for programs, on one line."""
    from dataclasses import asdict

    from agent.journal.codec import kind_of, time_text

    return json.dumps(
        {
            "seq": recorded.seq,
            "at": time_text(recorded.at),
            "kind": kind_of(recorded.entry),
            "entry": asdict(recorded.entry),
            "hash": recorded.hash,
        }
    )
