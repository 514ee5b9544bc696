"""`/agent/readers/:id/lease`: one register takes a reader for itself, for a while."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le, MaxLen
from starlette.requests import Request
from starlette.responses import Response

from agent.errors import LocalKeyScope, ParameterInvalid, ParameterMissing
from agent.ids import ReaderId
from agent.journal.leases import Lease
from agent.rest.auth import KeyScope
from agent.rest.guard import caller_of, callers_name, scopes_of
from agent.rest.parameters import Boolean, Integer, Parameters, Text, described_text
from agent.rest.reader_object import JsonObject
from agent.rest.readers import reader_id_in
from agent.rest.requests import json_response, posted, queried
from agent.rest.services import services_of
from agent.rest.upstream_readers import existing_reader

TOKEN_HEADER = "cardlane-lease-token"  # noqa: S105 - a header's name
USUAL_TTL_S = 60
LONGEST_TTL_S = 3600


class TakeLease(Parameters):
    """`POST …/lease`."""

    owner: Annotated[Text, MaxLen(100), described_text(100)] | None = None
    override: Boolean = False
    reason: Annotated[Text, MaxLen(200), described_text(200)] | None = None
    ttl_s: Annotated[Integer, Ge(1), Le(LONGEST_TTL_S)] = USUAL_TTL_S


async def take_lease(request: Request) -> Response:
    """Take the reader, go on having it, or take it from another."""
    services = services_of(request)
    reader_id = await existing_reader(services, reader_id_in(request))
    asked = (await posted(request, TakeLease)).parameters
    key_id = caller_of(request)
    owner = asked.owner or callers_name(request)
    if not asked.override:
        lease = await services.leases.take(
            reader_id, key_id, owner=owner, ttl_s=asked.ttl_s
        )
        return json_response(lease_object(lease))
    if KeyScope.MANAGE not in scopes_of(request):
        raise LocalKeyScope(f"Key {key_id} lacks the scope manage to override a lease.")
    if asked.reason is None:
        raise ParameterMissing("Missing required param: reason.", param="reason")
    lease = await services.leases.override(
        reader_id, key_id, owner=owner, ttl_s=asked.ttl_s, reason=asked.reason
    )
    return json_response(lease_object(lease))


async def show_lease(request: Request) -> Response:
    """Who has the reader; `lease` is null where nobody does."""
    queried(request, Parameters)
    services = services_of(request)
    reader_id = await existing_reader(services, reader_id_in(request))
    lease = services.leases.current(reader_id)
    return json_response({"lease": None if lease is None else lease_object(lease)})


async def release_lease(request: Request) -> Response:
    """Give the reader back."""
    queried(request, Parameters)
    services = services_of(request)
    reader_id = await existing_reader(services, reader_id_in(request))
    await services.leases.release(reader_id, caller_of(request))
    return json_response({"lease": None})


def check_lease(request: Request, reader_id: ReaderId) -> None:
    """Raises ReaderLeased or LeaseStale where this caller may not use the reader now."""
    services = services_of(request)
    services.leases.check(reader_id, caller_of(request), token=_token_in(request))


def lease_object(lease: Lease) -> JsonObject:
    """The lease for JSON."""
    return {
        "object": "lease",
        "reader": lease.reader_id,
        "key_id": lease.key_id,
        "owner": lease.owner,
        "token": lease.token,
        "expires_at": int(lease.expires_at.timestamp()),
    }


def _token_in(request: Request) -> int | None:
    text = request.headers.get(TOKEN_HEADER)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise ParameterInvalid("Cardlane-Lease-Token must be a whole number.")
    return int(text)
