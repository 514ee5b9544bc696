"""Endpoints whose code is loaded with the first request: no agent needs it to start."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response


async def read_receipt(request: Request) -> Response:
    """The receipt of a payment that has ended, approved or declined."""
    from agent.rest import receipts

    return await receipts.read_receipt(request)


async def show_openapi(request: Request) -> Response:
    """The description of this API: every route, what it takes and who may call it."""
    # In a thread: making it the first time would hold up all readers.
    content = await asyncio.to_thread(_openapi)
    return Response(
        content, media_type="application/json", headers={"cache-control": "no-store"}
    )


def _openapi() -> bytes:
    from agent.rest.openapi.document import openapi_json

    return openapi_json()
