"""`/v1/files/:id`: signatures made at this machine's readers; other files are Stripe's."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import ResourceMissing
from agent.ids import FileId
from agent.journal.details import KEPT_FOR, KeptFile
from agent.rest.forwarding import forward
from agent.rest.parameters import Parameters, TextList
from agent.rest.reader_object import JsonObject
from agent.rest.requests import json_response, queried
from agent.rest.services import services_of

SVG = "image/svg+xml"
_RUNS_NOTHING = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
}


class RetrieveFile(Parameters):
    """`GET /v1/files/:id`."""

    expand: TextList = ()


async def retrieve_file(request: Request) -> Response:
    """What kind of file it is, and where its content is."""
    found = services_of(request).journal.details.file(_file_id_in(request))
    if found is None:
        return await forward(request)
    queried(request, RetrieveFile)
    file, made_at = found
    url = (
        f"{request.url.scheme}://{request.url.netloc}/v1/files/{file.file_id}/contents"
    )
    return json_response(file_object(file, made_at=made_at, url=url))


async def read_file(request: Request) -> Response:
    """The content of a file that this machine keeps; raises ResourceMissing."""
    file_id = _file_id_in(request)
    found = services_of(request).journal.details.file(file_id)
    if found is None:
        raise ResourceMissing(f"No such file upload: '{file_id}'", param="id")
    return Response(found[0].content, media_type=SVG, headers=_RUNS_NOTHING)


def file_object(file: KeptFile, *, made_at: datetime, url: str) -> JsonObject:
    """Stripe's File of a signature."""
    return {
        "id": file.file_id,
        "object": "file",
        "created": int(made_at.timestamp()),
        "expires_at": int((made_at + KEPT_FOR).timestamp()),
        "filename": "signature.svg",
        "links": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/file_links?file={file.file_id}",
        },
        "purpose": "customer_signature",
        "size": len(file.content),
        "title": None,
        "type": "svg",
        "url": url,
    }


def _file_id_in(request: Request) -> FileId:
    return FileId(request.path_params["file_id"])
