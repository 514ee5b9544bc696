"""Files and file links as objects: their fields, and how they are added."""

from __future__ import annotations

import base64
from typing import TypedDict

from simulator.stripe_api.engine.lists import envelope
from simulator.stripe_api.engine.multipart import Upload
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.resources.files.purposes import PURPOSES

LINKS_SHOWN = 10
"""How many of its links a file shows."""


class File(TypedDict):
    """Stripe's File."""

    id: str
    object: str
    created: int
    expires_at: int | None
    filename: str
    links: Object
    purpose: str
    size: int
    title: str | None
    type: str
    url: str | None


class FileContents(TypedDict):
    """A file's content, under the file's id."""

    id: str
    base64: str


class FileLink(TypedDict):
    """Stripe's FileLink; whoever has the URL can read the file."""

    id: str
    object: str
    created: int
    expired: bool
    expires_at: int | None
    file: str
    livemode: bool
    metadata: dict[str, str]
    url: str | None


FILES = Kind[File](
    name="file", prefix="file", noun="file upload", indexes=("purpose",), shape=File
)
FILE_CONTENTS = Kind[FileContents](
    name="simulator.file_content", prefix="file", noun="file content"
)
FILE_LINKS = Kind[FileLink](
    name="file_link",
    prefix="link",
    noun="file link",
    indexes=("file",),
    expandable={"file": "file"},
    shape=FileLink,
)


def add_file(
    call: Call, upload: Upload, *, purpose: str, format_: str, title: str | None = None
) -> File:
    """Store a file that has been checked, or that the simulator itself made."""
    file_id = call.new_id(FILES)
    rules = PURPOSES[purpose]
    readable = f"http://{call.host}/v1/files/{file_id}/contents"
    file: File = {
        "id": file_id,
        "object": "file",
        "created": call.now,
        "expires_at": rules.kept_for_s and call.now + rules.kept_for_s,
        "filename": upload.filename,
        "links": envelope([], url=f"/v1/file_links?file={file_id}"),
        "purpose": purpose,
        "size": len(upload.content),
        "title": title,
        "type": format_,
        "url": readable if rules.is_downloadable else None,
    }
    encoded = base64.b64encode(upload.content).decode()
    call.store.of(FILES).put(file)
    call.store.of(FILE_CONTENTS).put({"id": file_id, "base64": encoded})
    return file


def content_of(call: Call, file_id: str) -> bytes:
    """A file's content; empty for a file whose content was never here."""
    contents = call.store.of(FILE_CONTENTS).get(file_id)
    return b"" if contents is None else base64.b64decode(contents["base64"])


def save_link(call: Call, link: FileLink) -> FileLink:
    """Store a link, new or changed, and show it in its file."""
    call.store.of(FILE_LINKS).put(link)
    file = call.store.of(FILES).get(link["file"])
    if file is not None:
        shown = file.copy()
        shown["links"] = links_of(call, file["id"])
        call.store.of(FILES).put(shown)
    return link


def links_of(call: Call, file_id: str) -> Object:
    """The list of a file's links, as they are now."""
    links = call.store.of(FILE_LINKS).having("file", file_id)
    return envelope(
        [current(link, call.now) for link in links[:LINKS_SHOWN]],
        url=f"/v1/file_links?file={file_id}",
        has_more=len(links) > LINKS_SHOWN,
    )


def current(link: FileLink, now: int) -> FileLink:
    """The link as of now: time alone makes it expire."""
    expires_at = link["expires_at"]
    seen = link.copy()
    seen["expired"] = expires_at is not None and expires_at <= now
    return seen
