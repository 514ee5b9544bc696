"""`cardlane readers move`: a reader from one account of the machine to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed
from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.reader_commands import ReaderArgument
from agent.cli.reader_table import readers_text
from agent.cli.settings_file import chosen_account, read_settings
from agent.stripe_api.objects import text_at

if TYPE_CHECKING:
    from agent.journal.journal import Journal
    from agent.journal.readers import RegisteredReader

READERS = "/v1/terminal/readers"


def move(
    reader: ReaderArgument,
    to: Annotated[
        str | None,
        typer.Option(
            help="The account that is to have it; by default the agent's own."
        ),
    ] = None,
    to_key_file: Annotated[
        Path | None,
        typer.Option(help="File with a local key of that account, as --key-file."),
    ] = None,
    location: Annotated[
        str | None, typer.Option(help="That account's Location for it, tml_….")
    ] = None,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Move a reader of this machine to another account, where it gets a new id.

    Where that account cannot have it, it stays, with a new id all the same.
    """
    import json

    source = open_local_api(AgentAddress(config, url, key_file))
    with chosen_account(to):
        target = open_local_api(AgentAddress(config, url, to_key_file))
    # Nothing is deleted before it is certain that both can be asked.
    target.get(READERS, {"limit": "1"})
    source.get(f"{READERS}/{reader}")
    record = _record_of(reader, config)
    source.delete(f"{READERS}/{reader}")
    try:
        moved = target.post(READERS, _form(record, location=location))
    except CommandFailed as failure:
        back = source.post(READERS, _form(record, location=record.location))
        raise CommandFailed(
            f"{failure.message}; it stays, as {text_at(back, 'id')}",
            code=failure.code,
            remedy=failure.remedy,
        ) from failure
    typer.echo(json.dumps(moved) if as_json else readers_text([moved]))


def _form(record: RegisteredReader, *, location: str | None) -> dict[str, str]:
    """What it is registered with; a Location is one account's."""
    given = {
        "registration_code": record.spec,
        "label": None if record.label == record.spec else record.label,
        "location": location,
    }
    metadata = {f"metadata[{name}]": value for name, value in record.metadata.items()}
    return {name: value for name, value in given.items() if value} | metadata


def _record_of(reader: str, config: Path | None) -> RegisteredReader:
    """What the account's journal says of it; raises CommandFailed."""
    from agent.cli.journal_file import check_exists, journal_path, with_journal

    path = journal_path(read_settings(config).state_dir)
    check_exists(path)

    async def known(journal: Journal) -> list[RegisteredReader]:
        return journal.readers.all()

    for record in with_journal(path, known):
        if record.reader_id == reader:
            return record
    raise CommandFailed(
        f"reader {reader} is one of Stripe's own",
        code="resource_missing",
        remedy="Register it anew at Stripe, with the code that it shows.",
    )
