"""`/v1/terminal/readers`: this machine's readers as Stripe shows them, and Stripe's."""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import UpstreamError
from agent.ids import ReaderId
from agent.rest.expansion import (
    LIST_PREFIX,
    check_expandable,
    expand_reader,
    expanded,
)
from agent.rest.forms import decode_body
from agent.rest.forwarding import forward
from agent.rest.lists import Paging
from agent.rest.parameters import Metadata, Parameters, Text, TextList
from agent.rest.reader_list import Ours, StripesPage, page_of_readers
from agent.rest.reader_object import (
    JsonObject,
    ShownReader,
    deleted_reader_object,
    reader_object,
)
from agent.rest.requests import json_response, once, posted, queried
from agent.rest.services import Services, services_of
from agent.rest.upstream_readers import (
    READERS,
    is_ours,
    is_stripes_code,
    retrieve,
    shown_by_stripe,
    stripes_page,
)


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
    """Bind a discovered reader to this machine, or a smart one to Stripe's account."""
    services = services_of(request)
    sent = decode_body(
        await request.body(), content_type=request.headers.get("content-type", "")
    )
    if is_stripes_code(services, sent.get("registration_code")):
        return await forward(request)
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
    """A page of readers: this machine's, then Stripe's."""
    services = services_of(request)
    asked = queried(request, ListReaders)
    check_expandable(asked.expand, prefix=LIST_PREFIX)
    problem: UpstreamError | None = None

    async def ask_stripe(paging: Paging) -> StripesPage:
        nonlocal problem
        try:
            return await stripes_page(
                services, paging, filters=_filters(asked), expand=asked.expand
            )
        except UpstreamError as error:
            problem = error
            return StripesPage()

    ours = Ours(
        services.fleet.sessions(),
        id_of=lambda session: session.record.reader_id,
        is_wanted=lambda session: _matches(session, asked),
    )
    page = await page_of_readers(ours, asked, ask_stripe=ask_stripe)
    if problem is not None and not page.ours:
        raise problem
    shown = [shown_reader(services, session) for session in page.ours]
    for reader in shown:
        await expand_reader(reader, asked.expand, stripe=services.stripe)
    response = json_response(
        {
            "object": "list",
            "data": [*shown, *(shown_by_stripe(services, one) for one in page.theirs)],
            "has_more": page.has_more,
            "url": READERS,
        }
    )
    if problem is not None:
        response.headers["cardlane-incomplete"] = problem.code
    return response


async def retrieve_reader(request: Request) -> Response:
    """One reader with its action."""
    services, reader_id = services_of(request), reader_id_in(request)
    if not is_ours(services, reader_id):
        return await retrieve(request)
    asked = queried(request, RetrieveReader)
    check_expandable(asked.expand)
    response = json_response(shown_reader(services, services.fleet.session(reader_id)))
    return await expanded(response, asked.expand, stripe=services.stripe)


async def update_reader(request: Request) -> Response:
    """Change a reader's label or metadata; metadata are merged, "" removes a key."""
    services, reader_id = services_of(request), reader_id_in(request)
    if not is_ours(services, reader_id):
        return await forward(request)
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
    """Forget a reader; a port of this machine is free again."""
    services, reader_id = services_of(request), reader_id_in(request)
    if not is_ours(services, reader_id):
        return await forward(request)
    queried(request, Parameters)
    record = await services.fleet.delete(reader_id)
    return json_response(deleted_reader_object(record))


def reader_id_in(request: Request) -> ReaderId:
    """The reader that the path names."""
    return ReaderId(request.path_params["reader_id"])


def shown_reader(services: Services, reader: ShownReader) -> JsonObject:
    """The reader with what goes on at it now."""
    payment = services.actions.current(reader.record.reader_id)
    details = (
        None if payment is None else services.journal.details.of(payment.payment_id)
    )
    return reader_object(reader, payment, livemode=services.livemode, details=details)


def _filters(asked: ListReaders) -> dict[str, str | None]:
    return {
        "device_type": asked.device_type,
        "location": asked.location,
        "serial_number": asked.serial_number,
        "status": asked.status,
    }


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
