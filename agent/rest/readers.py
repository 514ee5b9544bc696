"""`/v1/terminal/readers`: the readers of this machine, as Stripe shows readers."""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from agent.ids import ReaderId
from agent.rest.expansion import LIST_PREFIX, check_expandable, expanded
from agent.rest.lists import Paging, page
from agent.rest.parameters import Metadata, Parameters, Text, TextList
from agent.rest.reader_object import (
    JsonObject,
    ShownReader,
    deleted_reader_object,
    reader_object,
)
from agent.rest.requests import json_response, once, posted, queried
from agent.rest.services import Services, services_of


class RegisterReader(Parameters):
    """`POST /v1/terminal/readers`."""

    registration_code: Text
    label: Text | None = None
    location: Text | None = None
    metadata: Metadata | None = None
    expand: TextList = ()


class ListReaders(Paging):
    """`GET /v1/terminal/readers`."""

    device_type: Text | None = None
    location: Text | None = None
    serial_number: Text | None = None
    status: Literal["online", "offline"] | None = None
    expand: TextList = ()


class RetrieveReader(Parameters):
    """`GET /v1/terminal/readers/:id`."""

    expand: TextList = ()


class UpdateReader(Parameters):
    """`POST /v1/terminal/readers/:id`."""

    label: Text | None = None
    metadata: Metadata | None = None
    expand: TextList = ()


async def register_reader(request: Request) -> Response:
    """Bind a discovered reader to this machine, for good."""
    services = services_of(request)
    post = await posted(request, RegisterReader)
    asked = post.parameters
    check_expandable(asked.expand)

    async def execute() -> Response:
        session = await services.fleet.register(
            registration_code=asked.registration_code,
            label=asked.label,
            location=asked.location,
            metadata=_merged({}, asked.metadata) or {},
        )
        return json_response(shown_reader(services, session))

    response = await once(request, post.claim, execute)
    return await expanded(response, asked.expand, stripe=services.stripe)


async def list_readers(request: Request) -> Response:
    """A page of readers, newest first."""
    services = services_of(request)
    asked = queried(request, ListReaders)
    check_expandable(asked.expand, prefix=LIST_PREFIX)
    matching = [s for s in services.fleet.sessions() if _matches(s, asked)]
    sessions, has_more = page(
        matching, asked, id_of=lambda s: s.record.reader_id, kind="terminal reader"
    )
    response = json_response(
        {
            "object": "list",
            "data": [shown_reader(services, session) for session in sessions],
            "has_more": has_more,
            "url": "/v1/terminal/readers",
        }
    )
    return await expanded(response, asked.expand, stripe=services.stripe)


async def retrieve_reader(request: Request) -> Response:
    """One reader with its action."""
    services = services_of(request)
    asked = queried(request, RetrieveReader)
    check_expandable(asked.expand)
    session = services.fleet.session(reader_id_in(request))
    response = json_response(shown_reader(services, session))
    return await expanded(response, asked.expand, stripe=services.stripe)


async def update_reader(request: Request) -> Response:
    """Change a reader's label or metadata; metadata are merged, "" removes a key."""
    services = services_of(request)
    reader_id = reader_id_in(request)
    post = await posted(request, UpdateReader)
    asked = post.parameters
    check_expandable(asked.expand)

    async def execute() -> Response:
        record = services.fleet.session(reader_id).record
        session = await services.fleet.update(
            reader_id,
            label=asked.label,
            metadata=_merged(record.metadata, asked.metadata),
        )
        return json_response(shown_reader(services, session))

    response = await once(request, post.claim, execute)
    return await expanded(response, asked.expand, stripe=services.stripe)


async def delete_reader(request: Request) -> Response:
    """Forget a reader; its port is free again."""
    queried(request, Parameters)
    record = await services_of(request).fleet.delete(reader_id_in(request))
    return json_response(deleted_reader_object(record))


def reader_id_in(request: Request) -> ReaderId:
    """The reader that the path names."""
    return ReaderId(request.path_params["reader_id"])


def shown_reader(services: Services, reader: ShownReader) -> JsonObject:
    """The reader with what goes on at it now."""
    payment = services.actions.current(reader.record.reader_id)
    return reader_object(reader, payment, livemode=services.livemode)


def _matches(reader: ShownReader, asked: ListReaders) -> bool:
    record = reader.record
    return (
        asked.device_type in (None, record.device_type)
        and asked.location in (None, record.location)
        and asked.serial_number in (None, record.serial_number)
        and asked.status in (None, reader.status)
    )


def _merged(
    current: dict[str, str], changes: dict[str, str] | None
) -> dict[str, str] | None:
    """Stripe's rule: given keys are set, empty values unset, `metadata=""` clears."""
    if changes is None:
        return None
    if not changes:
        return {}
    merged = current | changes
    return {key: value for key, value in merged.items() if value}
