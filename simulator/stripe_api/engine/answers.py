"""What goes back to a client, as bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, apart from the headers that name the request it answers."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


def answer(
    content: Mapping[str, Any],
    *,
    status: int = 200,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Answer:
    """`content` as a JSON answer."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return Answer(status, body, (_JSON, *headers))


def download(content: bytes, *, media_type: str) -> Answer:
    """`content` as it is."""
    return Answer(200, content, ((b"content-type", media_type.encode()),))
