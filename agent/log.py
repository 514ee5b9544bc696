"""Events, not sentences, one line each on stderr or in the journal; secrets and card numbers masked.

Built on the standard library's logging, so that a line of uvicorn or asyncio takes the
same form. structlog is imported for the console form only: it costs 150 ms.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TextIO

from agent.journald import SOCKET, JournalSocket, encode

_NAMESPACE = "cardlane"

SECRET_WORDS = frozenset(
    {"key", "token", "secret", "authorization", "password", "ciphertext"}
    | {"track", "track1", "track2", "pan", "pin", "emv", "ksn"}
)
"""A value is masked where its name has one of these words: `client_secret`."""
PUBLIC_NAMES = frozenset({"idempotency_key", "key_id"})

_ACCOUNT: ContextVar[str | None] = ContextVar("account", default=None)
_MASK = "[masked]"
_CARD_NUMBER = re.compile(
    # ISO/IEC 7812: Visa 4, Mastercard 2 and 5, Amex, Diners and JCB 3, others 6.
    r"(?<!\d)(?=2[2-7]|3\d|4\d|5[0-8]|6\d)"
    r"(?:\d{12,19}|\d{4}(?:[ -]\d{4}){3}|\d{4}[ -]\d{6}[ -]\d{5})(?!\d)"
)
_STRIPE_SECRET = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:sk|rk|pst)_(?:live|test)|whsec|\w+_secret)_\w+"
)


class LogForm(Protocol):
    """What the settings say about logging."""

    @property
    def level(self) -> str: ...

    @property
    def format(self) -> str: ...


class Logger:
    """Writes events with named values: `log.info("payment.confirmed", ms=12)`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"{_NAMESPACE}.{name}")

    def debug(self, event: str, /, **values: object) -> None:
        """For whoever looks for a fault."""
        self._write(logging.DEBUG, event, values)

    def info(self, event: str, /, **values: object) -> None:
        """What happened in the normal course."""
        self._write(logging.INFO, event, values)

    def warning(self, event: str, /, **values: object) -> None:
        """What the administrator should look at some day."""
        self._write(logging.WARNING, event, values)

    def error(self, event: str, /, **values: object) -> None:
        """What the administrator should look at now."""
        self._write(logging.ERROR, event, values)

    def exception(self, event: str, /, **values: object) -> None:
        """An error with the traceback of the exception being handled."""
        self._write(logging.ERROR, event, values, exc_info=True)

    def _write(
        self,
        level: int,
        event: str,
        values: dict[str, object],
        *,
        exc_info: bool = False,
    ) -> None:
        if self._logger.isEnabledFor(level):
            extra = {"values": values}
            self._logger.log(level, event, extra=extra, exc_info=exc_info)


def get_logger(name: str) -> Logger:
    """The logger of a module; costs nothing until it writes."""
    return Logger(name)


def configure_logging(
    form: LogForm, *, stream: TextIO | None = None, journal: Path = SOCKET
) -> None:
    """Send all events to `stream` (stderr), in place of what was set before.

    With the form `journald` they go to systemd's journal instead, if there is one.
    Libraries are heard from WARNING on, whatever the level of our own events.
    """
    handler = _handler(form, stream or sys.stderr, journal=journal)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_NAMESPACE).setLevel(form.level.upper())


@contextmanager
def in_account(name: str) -> Iterator[None]:
    """What is logged in the context, and in tasks begun there, names the account."""
    token = _ACCOUNT.set(name)
    try:
        yield
    finally:
        _ACCOUNT.reset(token)


def redact(name: str, value: object) -> object:
    """The value as it may be logged under that name."""
    if _is_secret(name):
        return _MASK
    if isinstance(value, bool | float | None):
        return value
    if isinstance(value, bytes | bytearray):
        return f"[{len(value)} bytes]"
    if isinstance(value, Mapping):
        return {str(key): redact(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(name, item) for item in value]
    masked = _CARD_NUMBER.sub(_mask_card_number, str(value))
    masked = _STRIPE_SECRET.sub(_MASK, masked)
    return value if isinstance(value, int) and masked == str(value) else masked


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    words = name.lower().replace("-", "_").split("_")
    return name not in PUBLIC_NAMES and not SECRET_WORDS.isdisjoint(words)


def _mask_card_number(match: re.Match[str]) -> str:
    digits = [int(character) for character in match[0] if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    is_card_number = (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
    return "[card number]" if is_card_number else match[0]


class _EventFormatter(logging.Formatter):
    """Turns a record, ours or a library's, into one redacted line."""

    def __init__(self, render: Callable[[dict[str, Any]], str]) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        return self._render(self.fields(record))

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """What is logged of a record, redacted."""
        at = datetime.fromtimestamp(record.created, UTC)
        fields: dict[str, Any] = {
            "timestamp": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name.removeprefix(f"{_NAMESPACE}."),
            "event": redact("event", record.getMessage()),
        }
        if (account := _ACCOUNT.get()) is not None:
            fields["account"] = account
        for name, value in getattr(record, "values", {}).items():
            fields[name] = redact(name, value)
        if record.exc_info:
            fields["exception"] = redact("", self.formatException(record.exc_info))
        return fields


class _JournalHandler(logging.Handler):
    """Hands records to systemd's journal."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._socket = JournalSocket(path)
        self._fields = _EventFormatter(_json).fields

    def emit(self, record: logging.LogRecord) -> None:
        self._socket.send(encode(self._fields(record)))

    def close(self) -> None:
        self._socket.close()
        super().close()


def _handler(form: LogForm, stream: TextIO, *, journal: Path) -> logging.Handler:
    if form.format == "journald" and journal.exists():
        return _JournalHandler(journal)
    handler = logging.StreamHandler(stream)
    render = _console(stream) if form.format == "console" else _json
    handler.setFormatter(_EventFormatter(render))
    return handler


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _console(stream: TextIO) -> Callable[[dict[str, Any]], str]:
    from structlog.dev import ConsoleRenderer

    renderer = ConsoleRenderer(colors=stream.isatty())
    return lambda fields: renderer(None, "", fields)
