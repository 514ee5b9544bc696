"""Bodies of `multipart/form-data`: parameters, and files among them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.forms import MAXIMUM_PARAMETERS, Tree, build_tree
from simulator.stripe_api.engine.versions import ApiVersion

MEDIA_TYPE = "multipart/form-data"

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s";]{1,70}))', re.ASCII)
_PARAMETER = re.compile(rb';\s*(name|filename)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent."""

    filename: str
    content: bytes

    def __repr__(self) -> str:
        """Without the content, which may be a key."""
        return f"[file of {len(self.content)} bytes]"


@dataclass(frozen=True, slots=True)
class FileContent:
    """A parameter: an uploaded file."""

    def read(self, raw: Any, name: str, version: ApiVersion) -> Upload:
        """The upload; raises ParameterInvalid for anything else."""
        if not isinstance(raw, Upload):
            raise ParameterInvalid(
                "Invalid file: send it in a request of type multipart/form-data.",
                param=name,
            )
        return raw


def decode_multipart(body: bytes, content_type: str) -> Tree:
    """Decode a body as RFC 7578 writes it; files become Uploads.

    Raises InvalidRequest where it is cut short or otherwise not in that form.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise _malformed("there is no boundary")
    boundary = (found[1] or found[2]).encode()
    return build_tree(_part(part) for part in _parts(body, boundary))


def _parts(body: bytes, boundary: bytes) -> Iterator[bytes]:
    # RFC 2046, 5.1.1: the line break before a boundary belongs to the boundary.
    delimiter = b"\r\n--" + boundary
    pieces = (b"\r\n" + body).split(delimiter, MAXIMUM_PARAMETERS + 1)
    if len(pieces) > MAXIMUM_PARAMETERS + 1:
        raise InvalidRequest("Too many parameters in the request.")
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise _malformed("the last boundary is missing")
    for piece in pieces[1:-1]:
        if not piece.startswith(b"\r\n"):
            raise _malformed("a boundary does not end its line")
        yield piece[2:]


def _part(part: bytes) -> tuple[str, str | Upload]:
    head, separator, content = part.partition(b"\r\n\r\n")
    if not separator:
        raise _malformed("a part has no end of its headers")
    try:
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-disposition:"):
                names = {key: value.decode() for key, value in _PARAMETER.findall(line)}
                return _named(names, content)
    except UnicodeDecodeError:
        raise _malformed("a part is not in UTF-8") from None
    raise _malformed("a part has no name")


def _named(names: dict[bytes, str], content: bytes) -> tuple[str, str | Upload]:
    if b"name" not in names:
        raise _malformed("a part has no name")
    if b"filename" not in names:
        return names[b"name"], content.decode()
    # Some clients send the whole path; Stripe keeps the last part of it.
    filename = re.split(r"[/\\]", names[b"filename"])[-1]
    return names[b"name"], Upload(filename or "file", content)


def _malformed(reason: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid multipart/form-data in the request: {reason}.")
