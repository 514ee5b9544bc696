"""The running agent over HTTP, one blocking request at a time."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlencode, urlsplit

from agent.cli.failures import CommandFailed, ExitCode, usage_error
from agent.cli.tls_client import remedy_of
from agent.stripe_api.objects import JsonObject, object_at, text_at

REQUEST_TIMEOUT_S = 60.0
SILENCE_TIMEOUT_S = 40.0
"""An event stream is never silent for longer: the agent sends comments."""


class LocalApi:
    """What the command line asks of the agent. Raises CommandFailed."""

    def __init__(
        self, url: str, *, key: str, tls: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise usage_error(
                f"{url} is not a URL", remedy="Write it as http://127.0.0.1:7345."
            )
        self._url = url
        self._host, self._port = parts.hostname, parts.port
        self._is_secure = parts.scheme == "https"
        self._tls = tls
        self._key = key

    def get(self, path: str, query: Mapping[str, str] | None = None) -> JsonObject:
        """The object at `path`."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self._request("GET", target, headers={}, body=None)

    def get_bytes(self, path: str, query: Mapping[str, str]) -> bytes:
        """What is at `path`, whatever it is."""
        target = f"{path}?{urlencode(query)}"
        status, body = self._exchange("GET", target, headers={}, body=None)
        if status >= 400:
            _checked(status, body)
        return body

    def post(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> JsonObject:
        """Send a form; `idempotency_key` makes a repeat harmless."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        body = urlencode(form or {}).encode()
        return self._request("POST", path, headers=headers, body=body)

    def delete(self, path: str) -> JsonObject:
        """Delete what is at `path`; what is left of it."""
        return self._request("DELETE", path, headers={}, body=None)

    @contextmanager
    def events(self) -> Iterator[Iterator[ServerEvent | None]]:
        """The live event stream, from the moment the context is entered.

        It yields None for a sign of life, and ends when the connection does.
        """
        with self.stream("/agent/events") as events:
            yield events

    @contextmanager
    def stream(
        self, path: str, query: Mapping[str, str] | None = None
    ) -> Iterator[Iterator[ServerEvent | None]]:
        """The events at `path`, as they come; leaving the context ends them."""
        target = f"{path}?{urlencode(query)}" if query else path
        connection = self._connect(timeout_s=SILENCE_TIMEOUT_S)
        try:
            response = self._answer_to(
                connection,
                "GET",
                target,
                headers={"Accept": "text/event-stream"},
                body=None,
            )
            _checked(
                response.status, b"" if response.status == 200 else response.read()
            )
            events = parse_events(_lines(response))
            next(events, None)
            yield events
        finally:
            connection.close()

    def _request(
        self, method: str, target: str, *, headers: dict[str, str], body: bytes | None
    ) -> JsonObject:
        return _checked(*self._exchange(method, target, headers=headers, body=body))

    def _exchange(
        self, method: str, target: str, *, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, bytes]:
        connection = self._connect(timeout_s=REQUEST_TIMEOUT_S)
        try:
            response = self._answer_to(
                connection, method, target, headers=headers, body=body
            )
            return response.status, response.read()
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def _connect(self, *, timeout_s: float) -> HTTPConnection:
        if self._is_secure:
            return HTTPSConnection(
                self._host, self._port, timeout=timeout_s, context=self._tls
            )
        return HTTPConnection(self._host, self._port, timeout=timeout_s)

    def _answer_to(
        self,
        connection: HTTPConnection,
        method: str,
        target: str,
        *,
        headers: dict[str, str],
        body: bytes | None,
    ) -> HTTPResponse:
        authorized = {"Authorization": f"Bearer {self._key}", **headers}
        try:
            connection.request(method, target, body=body, headers=authorized)
            return connection.getresponse()
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> CommandFailed:
        return CommandFailed(
            f"no agent answers at {self._url}: {error}",
            code="agent_unreachable",
            remedy=(remedy_of(error) if self._is_secure else None)
            or "Start it with `cardlane run` or `systemctl start cardlane`; "
            "`cardlane doctor` looks for causes.",
            exit_code=ExitCode.UNREACHABLE,
        )


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of a stream, such as `/agent/events`."""

    name: str
    content: JsonObject


def parse_events(lines: Iterable[str]) -> Iterator[ServerEvent | None]:
    """Events from the lines of a stream of server-sent events; None for a comment."""
    name, parts = "", list[str]()
    for line in lines:
        field, _, value = line.rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if line.startswith(":"):
            yield None
        elif field == "event":
            name = value
        elif field == "data":
            parts.append(value)
        elif not field and parts:
            yield ServerEvent(name, object_at(json.loads("\n".join(parts))))
            name, parts = "", []


def _lines(response: HTTPResponse) -> Iterator[str]:
    """Lines as they come; a lost connection is an end like any other."""
    try:
        while line := response.readline():
            yield line.decode()
    except (OSError, HTTPException):
        return


def _checked(status: int, body: bytes) -> JsonObject:
    """The answer's object; raises CommandFailed for an error of the agent or Stripe."""
    try:
        content = object_at(json.loads(body or b"{}"))
    except ValueError:
        content = {}
    if status < 400:
        return content
    error = object_at(content, "error") or content
    message = text_at(error, "message") or text_at(error, "detail") or f"HTTP {status}"
    param = text_at(error, "param")
    raise CommandFailed(
        f"{message} [{param}]" if param and param not in message else message,
        code=text_at(error, "code") or text_at(error, "type") or str(status),
        remedy=text_at(error, "remedy") or "docs/errors.md explains the code.",
    )
