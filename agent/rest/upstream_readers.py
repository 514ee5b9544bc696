"""Stripe's own readers behind the routes of readers: listed, and passed on to."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import (
    ReaderFeatureUnsupported,
    ResourceMissing,
    RouteUnknown,
    StripeUnreachable,
    UpstreamError,
)
from agent.ids import ReaderId
from agent.payments.payment import Payment
from agent.rest.forms import Value
from agent.rest.forwarding import forward
from agent.rest.lists import Paging
from agent.rest.reader_list import StripesPage
from agent.rest.reader_object import JsonObject
from agent.rest.requests import json_response
from agent.rest.services import Forwarded, Services, services_of
from agent.rest.stripes_reader_object import (
    reader_of_payment,
    stripes_reader_object,
    unseen_reader_object,
)
from agent.stripe_api.answers import Answer, usable
from agent.stripe_api.errors import StripeRefused
from agent.stripe_api.form import encode
from agent.stripe_api.objects import text_at

READERS = "/v1/terminal/readers"
LIST_WITHIN_S = 5.0
"""How long a list waits for Stripe's part."""

_PORT = re.compile(r"[:/]")
"""In what names a port of this machine; Stripe's registration codes are words."""


def is_ours(services: Services, reader_id: ReaderId) -> bool:
    """Whether this machine drives the reader, or Stripe cannot have it either."""
    try:
        services.fleet.session(reader_id)
    except ResourceMissing:
        return not services.stripe.has_key
    return True


async def existing_reader(services: Services, reader_id: ReaderId) -> ReaderId:
    """The id, if there is a reader of it, of this machine or of Stripe.

    Raises ResourceMissing, and StripeUnreachable where only Stripe can tell.
    """
    if is_ours(services, reader_id):
        return services.fleet.session(reader_id).record.reader_id
    if services.smart_readers.known(reader_id) is None:
        answer = await services.stripe.forward(
            "GET", f"{READERS}/{quote(reader_id, safe='')}", headers={}, body=b""
        )
        with suppress(StripeRefused):
            shown = _usable(answer)
            if shown.get("id") == reader_id and not shown.get("deleted"):
                return reader_id
        raise ResourceMissing(f"No such reader: '{reader_id}'", param="reader")
    return reader_id


def is_stripes_code(services: Services, registration_code: Value) -> bool:
    """Whether the code is for Stripe to understand; without a key none is."""
    return (
        services.stripe.has_key
        and isinstance(registration_code, str)
        and registration_code != ""
        and _PORT.search(registration_code) is None
    )


async def stripes_page(
    services: Services,
    paging: Paging,
    *,
    filters: Mapping[str, str | None],
    expand: tuple[str, ...],
) -> StripesPage:
    """A page of Stripe's list, empty without a key.

    Raises StripeUnreachable, also where Stripe takes too long, and StripeRefused.
    """
    if not services.stripe.has_key:
        return StripesPage()
    query = encode({**paging.model_dump(), **filters, "expand": expand})
    try:
        async with asyncio.timeout(LIST_WITHIN_S):
            answer = await services.stripe.forward(
                "GET", f"{READERS}?{query}", headers={}, body=b""
            )
    except TimeoutError:
        raise StripeUnreachable("Stripe takes long to list its readers.") from None
    try:
        listed = _usable(answer)
        return StripesPage(listed["data"], has_more=listed["has_more"])
    except KeyError as missing:
        raise StripeUnreachable(f"Stripe's list has no {missing}.") from missing
    except StripeRefused as refused:
        if refused.error.param == "device_type":
            return StripesPage()  # a type that only this machine knows
        raise


async def retrieve(request: Request) -> Response:
    """A reader of Stripe's, with the end of its action that this agent knows.

    Raises as `forward`; while an action is under way, what is known is shown instead.
    """
    services = services_of(request)
    reader_id = ReaderId(request.path_params["reader_id"])
    try:
        response = await forward(request)
    except UpstreamError as error:
        payment = services.actions.current(reader_id)
        if payment is None or payment.is_finished:
            raise
        response = json_response(known_reader(services, payment))
        response.headers["cardlane-incomplete"] = error.code
        return response
    return _with_own_end(services, response)


def shown_by_stripe(services: Services, shown: JsonObject) -> JsonObject:
    """Take note of a reader of Stripe's, and show it with the end that is known."""
    services.smart_readers.heard(shown)
    reader_id = ReaderId(text_at(shown, "id") or "")
    return stripes_reader_object(shown, services.actions.current(reader_id))


def known_reader(services: Services, payment: Payment) -> JsonObject:
    """The reader of an action as it was last seen."""
    shown = services.smart_readers.known(payment.reader_id)
    if shown is None:
        return unseen_reader_object(payment)
    return reader_of_payment(shown, payment)


def _usable(answer: Forwarded) -> dict[str, Any]:
    """Raises StripeRefused or StripeUnreachable."""
    asked = Answer(answer.status, answer.headers, answer.body)
    return usable(asked, is_question=True)


async def help_reader(request: Request) -> Response:
    """Play the customer of one of Stripe's simulated readers; test mode only.

    Raises RouteUnknown, and ReaderFeatureUnsupported for a reader of this machine.
    """
    services = services_of(request)
    if services.livemode:
        raise RouteUnknown("Test helpers are there in test mode only.")
    reader_id = ReaderId(request.path_params["reader_id"])
    if is_ours(services, reader_id):
        raise ReaderFeatureUnsupported(
            "Test helpers play the customer of Stripe's simulated readers; "
            f"{reader_id} is driven by this machine."
        )
    return _with_own_end(services, await forward(request))


def _with_own_end(services: Services, response: Response) -> Response:
    """Stripe's answer as it came, unless the agent knows more of the action."""
    if response.status_code != 200:
        return response
    try:
        shown: JsonObject = json.loads(bytes(response.body))
        known = shown_by_stripe(services, shown)
    except (ValueError, AttributeError):
        return response
    if known == shown:
        return response
    headers = dict(response.headers)
    del headers["content-length"]
    return Response(json.dumps(known), headers=headers)
