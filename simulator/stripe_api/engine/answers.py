"""What goes back to a client, as bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
    return Answer(status, json.dumps(content, separators=(",", ":")).encode(), headers)
