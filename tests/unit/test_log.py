"""The log: one line an event, and nothing in it that must not be known."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.log import configure_logging, get_logger, redact

VISA = "4242424242424242"


@dataclass(frozen=True, slots=True)
class Form:
    level: str = "info"
    format: str = "json"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_key_inside_a_word_is_masked() -> None:
    assert "abcdef" not in str(redact("path", "/v1/pi_offline_rk_test_abcdef"))


def test_an_event_is_one_line_of_json(stream: io.StringIO) -> None:
    configure_logging(Form(), stream=stream)

    get_logger("agent.payments").info("payment.confirmed", payment_id="pay_1", ms=12)

    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "agent.payments",
        "event": "payment.confirmed",
        "payment_id": "pay_1",
        "ms": 12,
    }


def test_a_value_with_line_breaks_stays_on_its_line(stream: io.StringIO) -> None:
    configure_logging(Form(), stream=stream)

    get_logger("agent").warning("reader.said", text='a\nb"} {"event": "forged')

    (line,) = lines(stream)
    assert line["text"] == 'a\nb"} {"event": "forged'


def test_events_below_the_level_are_left_out(stream: io.StringIO) -> None:
    configure_logging(Form(level="error"), stream=stream)
    log = get_logger("agent")

    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")

    assert [line["event"] for line in lines(stream)] == ["d"]


def test_debug_shows_our_events_and_not_those_of_libraries(
    stream: io.StringIO,
) -> None:
    configure_logging(Form(level="debug"), stream=stream)

    get_logger("agent").debug("ours")
    logging.getLogger("asyncio").debug("theirs")
    logging.getLogger("asyncio").warning("their %s", "trouble")

    assert [line["event"] for line in lines(stream)] == ["ours", "their trouble"]


def test_an_exception_brings_its_traceback_without_card_numbers(
    stream: io.StringIO,
) -> None:
    configure_logging(Form(), stream=stream)

    try:
        raise ValueError("bad " + VISA)
    except ValueError:
        get_logger("agent").exception("payment.crashed")

    (line,) = lines(stream)
    assert "ValueError: bad [card number]" in line["exception"]
    assert VISA not in stream.getvalue()


def test_console_form_is_for_people(stream: io.StringIO) -> None:
    configure_logging(Form(format="console"), stream=stream)

    get_logger("agent").info("agent.ready", url="http://127.0.0.1:7345")

    assert "agent.ready" in stream.getvalue()
    assert "url=http://127.0.0.1:7345" in stream.getvalue()


def test_configuring_twice_does_not_log_twice(stream: io.StringIO) -> None:
    configure_logging(Form(), stream=stream)
    configure_logging(Form(), stream=stream)

    get_logger("agent").info("once")

    assert len(lines(stream)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "key",
        "api_key",
        "client_secret",
        "authorization",
        "Authorization",
        "connection-token",
        "track_2",
        "track2",
        "pan",
        "emv_data",
        "ksn",
        "ciphertext",
    ],
)
def test_a_value_with_a_telling_name_is_masked(name: str) -> None:
    assert redact(name, "anything") == "[masked]"


@pytest.mark.parametrize("name", ["idempotency_key", "company", "monkey", "payment_id"])
def test_a_value_with_a_harmless_name_is_shown(name: str) -> None:
    assert redact(name, "anything") == "anything"


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424242",
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "3782 822463 10005",
        "378282246310005",
        "5555555555554444",
        "2223003122003222",
        "6011111111111117",
        "3056930009020004",
        "36227206271667",
        "6200000000000005",
        "4711009900000316877",
    ],
)
def test_a_card_number_is_masked_wherever_it_stands(text: str) -> None:
    assert redact("note", text) == "[card number]"
    assert redact("note", f"B{text}^X") == "B[card number]^X"
    assert redact("note", f"card {text} 2026") == "card [card number] 2026"


def test_card_numbers_are_masked_in_nested_values_and_numbers() -> None:
    value = {"a": [VISA, {"b": (int(VISA),)}], "pan": VISA, "n": 1050, "ok": True}

    assert redact("body", value) == {
        "a": ["[card number]", {"b": ["[card number]"]}],
        "pan": "[masked]",
        "n": 1050,
        "ok": True,
    }


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424241",
        "1764000000000",
        "0000000000000000",
        "pay_42424242",
        "42424242424242424242424242",
    ],
)
def test_a_number_that_is_no_card_number_is_shown(text: str) -> None:
    assert redact("note", text) == text


def test_raw_bytes_are_counted_and_not_shown() -> None:
    assert redact("frame", b"\x02secret\x03") == "[8 bytes]"


@pytest.mark.parametrize(
    "secret",
    [
        "rk_test_" + "x" * 24,
        "sk_live_" + "x" * 24,
        "pst_test_" + "x" * 24,
        "whsec_" + "x" * 24,
        "pi_1_secret_" + "x" * 24,
    ],
)
def test_stripes_secrets_are_masked_wherever_they_stand(secret: str) -> None:
    assert redact("note", f"got {secret}.") == "got [masked]."


def with_check_digit(digits: str) -> str:
    """ISO/IEC 7812-1: the digit that makes the weighted sum a multiple of ten."""
    weighted = (
        sum(divmod(int(digit) * (2 if place % 2 == 0 else 1), 10))
        for place, digit in enumerate(reversed(digits))
    )
    return digits + str(-sum(weighted) % 10)


@given(
    st.sampled_from(["4", "51", "2221", "34", "37", "6011", "3528", "36", "62"]),
    st.text("0123456789", min_size=11, max_size=14),
    st.text("abcXYZ ;=^%?", max_size=5),
)
def test_no_card_number_of_any_brand_gets_through(
    brand: str, rest: str, around: str
) -> None:
    number = with_check_digit(brand + rest)

    assert number not in str(redact("note", around + number + around))


def test_logging_as_json_does_not_load_structlog() -> None:
    program = (
        "import sys\n"
        "from agent.log import configure_logging, get_logger\n"
        "class Form: level = 'info'; format = 'json'\n"
        "configure_logging(Form())\n"
        "get_logger('agent').info('agent.ready')\n"
        "sys.exit('structlog' in sys.modules)\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
