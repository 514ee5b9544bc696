"""Events in systemd's journal, read as journald reads them."""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.journald import LARGEST_ENTRY_BYTES, encode
from agent.log import configure_logging, get_logger


@dataclass(frozen=True, slots=True)
class Form:
    level: str = "info"
    format: str = "journald"


class Journald:
    """systemd's journal, as far as a program can tell."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def entry(self) -> dict[str, str]:
        return decode(self._socket.recv(2 * LARGEST_ENTRY_BYTES))

    def close(self) -> None:
        self._socket.close()


def decode(entry: bytes) -> dict[str, str]:
    """An entry's fields by the rules of the native protocol."""
    fields: dict[str, str] = {}
    while entry:
        line, _, rest = entry.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if equals:
            fields[name.decode()], entry = value.decode(), rest
        else:
            length = int.from_bytes(rest[:8], "little")
            value, end = rest[8 : 8 + length], rest[8 + length : 9 + length]
            assert end == b"\n"
            fields[name.decode()], entry = value.decode(), rest[9 + length :]
    return fields


@pytest.fixture
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.usefixtures("_logging_as_it_was")
def test_an_event_becomes_an_entry_with_a_field_for_each_value(folder: Path) -> None:
    journald = Journald(folder / "socket")
    configure_logging(Form(), journal=folder / "socket")

    get_logger("agent.payments").warning(
        "payment.outcome_unknown", payment_id="pay_1", attempts=3, local_key="secret"
    )

    assert journald.entry() == {
        "MESSAGE": "payment.outcome_unknown payment_id=pay_1 attempts=3 "
        "local_key=[masked]",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "cardlane",
        "CARDLANE_EVENT": "payment.outcome_unknown",
        "CARDLANE_LOGGER": "agent.payments",
        "CARDLANE_PAYMENT_ID": "pay_1",
        "CARDLANE_ATTEMPTS": "3",
        "CARDLANE_LOCAL_KEY": "[masked]",
    }
    journald.close()


@pytest.mark.usefixtures("_logging_as_it_was")
def test_a_traceback_stays_one_field(folder: Path) -> None:
    journald = Journald(folder / "socket")
    configure_logging(Form(), journal=folder / "socket")

    try:
        raise ValueError("the reason")
    except ValueError:
        get_logger("agent").exception("task.failed")

    entry = journald.entry()
    assert entry["CARDLANE_EXCEPTION"].splitlines()[-1] == "ValueError: the reason"
    assert entry["PRIORITY"] == "3"
    journald.close()


@pytest.mark.usefixtures("_logging_as_it_was")
def test_a_journal_that_is_gone_does_not_stop_anybody(folder: Path) -> None:
    journald = Journald(folder / "socket")
    configure_logging(Form(), journal=folder / "socket")
    journald.close()

    get_logger("agent").info("agent.ready")

    assert logging.getLogger().handlers


@pytest.mark.usefixtures("_logging_as_it_was")
def test_without_a_journal_events_go_to_stderr(folder: Path) -> None:
    stream = io.StringIO()
    configure_logging(Form(), stream=stream, journal=folder / "absent")

    get_logger("agent").info("agent.ready")

    assert '"event": "agent.ready"' in stream.getvalue()


def test_an_entry_too_long_for_a_datagram_keeps_its_event() -> None:
    entry = decode(encode({"event": "reader.said", "text": "x" * LARGEST_ENTRY_BYTES}))

    assert entry["MESSAGE"] == "reader.said (its values were too long)"
    assert entry["PRIORITY"] == "6"


@given(
    st.dictionaries(
        st.text("abcdefghijklmnopqrstuvwxyz_-. ", min_size=1, max_size=70),
        st.text() | st.integers() | st.none() | st.lists(st.text()),
    )
)
def test_any_event_can_be_read_back(values: dict[str, object]) -> None:
    entry = decode(encode({**values, "event": "any", "level": "info"}))

    assert entry["CARDLANE_EVENT"] == "any"
    assert entry["MESSAGE"].startswith("any")
    assert all(len(name) <= 64 for name in entry)
