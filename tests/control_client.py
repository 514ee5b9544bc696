"""One JSON request to an ASGI application, without a server and without a port."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """An answer; `content` is None where the body is empty."""

    status: int
    content: Any


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> JsonAnswer:
    """The answer of `app`; `body` is sent as JSON, bytes as they are."""
    sent_headers = {"host": "simulator", **(headers or {})}
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"" if body is None else sent}

    async def send(message: Message) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.partition("?")[0],
        "raw_path": path.partition("?")[0].encode(),
        "root_path": "",
        "query_string": path.partition("?")[2].encode(),
        "headers": [(n.encode(), v.encode()) for n, v in sent_headers.items()],
        "server": ("simulator", 80),
        "client": ("client", 1),
    }
    await app(scope, receive, send)
    content = b"".join(each.get("body", b"") for each in messages)
    return JsonAnswer(messages[0]["status"], json.loads(content) if content else None)
