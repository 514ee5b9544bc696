"""Operations on files: uploading, reading, listing, and reading their content."""

from __future__ import annotations

from simulator.stripe_api.engine.answers import Answer, download
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.lists import TimeRange, list_parameters, page, within
from simulator.stripe_api.engine.metadata import Metadata
from simulator.stripe_api.engine.multipart import FileContent
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Boolean,
    Choice,
    Fields,
    Integer,
    Required,
)
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.resources.files.fields import (
    FILE_CONTENTS,
    FILES,
    File,
    add_file,
    content_of,
    links_of,
)
from simulator.stripe_api.resources.files.links import add_link, check_linkable
from simulator.stripe_api.resources.files.purposes import (
    MEDIA_TYPES,
    PURPOSES,
    check_upload,
)

_GENERATED_PURPOSES = (
    *("document_provider_identity_document", "finance_report_run"),
    *("financial_account_statement", "identity_document_downloadable", "selfie"),
    "sigma_scheduled_query",
)
"""Of files that Stripe makes itself: they can be listed, and there are none."""

_CREATE = Fields(
    {
        "file": Required(FileContent()),
        "file_link_data": Fields(
            {
                "create": Required(Boolean()),
                "expires_at": Integer(),
                "metadata": Metadata(),
            }
        ),
        "purpose": Required(Choice(tuple(PURPOSES))),
    }
)
_LIST = list_parameters(
    created=TimeRange(), purpose=Choice((*PURPOSES, *_GENERATED_PURPOSES))
)
_PATH = "/v1/files"


def _create(call: Call) -> File:
    upload, purpose = call.params["file"], call.params["purpose"]
    link = call.params.get("file_link_data", {"create": False})
    format_ = check_upload(upload, PURPOSES[purpose])
    if link["create"]:
        check_linkable(purpose, link, now=call.now)
    file = add_file(call, upload, purpose=purpose, format_=format_)
    if link["create"]:
        add_link(call, file["id"], link)
    return _shown(call, file)


def _retrieve(call: Call) -> File:
    return _shown(call, call.find(FILES, "file"))


def _read_contents(call: Call) -> Answer:
    file = call.find(FILES, "file")
    if file["url"] is None:
        raise InvalidRequest(
            f"Files with the purpose '{file['purpose']}' cannot be downloaded."
        )
    return download(content_of(call, file["id"]), media_type=MEDIA_TYPES[file["type"]])


def _list(call: Call) -> Object:
    created = call.params.get("created")
    found = page(
        call.store,
        FILES,
        params=call.params,
        url=_PATH,
        equal=("purpose",),
        where=lambda file: within(file["created"], created),
    )
    return {**found, "data": [_shown(call, file) for file in found["data"]]}


def _shown(call: Call, file: File) -> File:
    seen = file.copy()
    seen["links"] = links_of(call, file["id"])
    return seen


FILE = Resource(
    kinds=(FILES, FILE_CONTENTS),
    operations=(
        Operation("POST", _PATH, _CREATE, FILES, _create),
        Operation("GET", _PATH, _LIST, FILES, _list, is_list=True),
        Operation("GET", f"{_PATH}/{{file}}", Fields({}), FILES, _retrieve),
        Operation(
            "GET", f"{_PATH}/{{file}}/contents", Fields({}), FILES, _read_contents
        ),
    ),
)
