"""`/agent/journal`: the journal's entries, oldest first, page by page."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from agent.journal.codec import kind_of, time_text
from agent.journal.journal import Recorded
from agent.rest.parameters import Limit, NotNegative, Parameters
from agent.rest.reader_object import Json, JsonObject
from agent.rest.requests import json_response, queried
from agent.rest.services import services_of


class ReadJournal(Parameters):
    """`GET /agent/journal`."""

    after: NotNegative = 0
    """The sequence number to read on from."""
    limit: Limit = 100


async def read_journal(request: Request) -> Response:
    """A page of entries; `next_after` reads on, null at the end."""
    asked = queried(request, ReadJournal)
    journal = services_of(request).journal
    page = journal.read(after=asked.after, limit=asked.limit + 1)
    recorded, has_more = page[: asked.limit], len(page) > asked.limit
    entries: list[Json] = [entry_object(each) for each in recorded]
    next_after = recorded[-1].seq if has_more else None
    return json_response({"entries": entries, "next_after": next_after})


def entry_object(recorded: Recorded) -> JsonObject:
    """An entry as the API and `cardlane journal show --json` give it."""
    return {
        "seq": recorded.seq,
        "at": time_text(recorded.at),
        "kind": kind_of(recorded.entry),
        "entry": asdict(recorded.entry),
        "hash": recorded.hash,
    }
