"""What the command line says: prompts, endings, tables, findings, errors."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from agent.cli.ending import ending_object, ending_text
from agent.cli.failures import CommandFailed, told
from agent.cli.findings import (
    failed,
    findings_object,
    findings_text,
    good,
    is_healthy,
    warning,
)
from agent.cli.local_api import ServerEvent, parse_events
from agent.cli.prompts import prompt
from agent.cli.reader_table import readers_text
from agent.cli.readers import discovery_line
from agent.cli.tables import table
from agent.cli.till import Ending, Order, Result
from agent.money import Amount
from agent.stripe_api.objects import JsonObject
from drivers.reader import CustomerStep

AT = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ORDER = Order(
    Amount(1234, "usd"),
    reader_id="tmr_1",
    capture_method="automatic",
    idempotency_key="k",
)


@pytest.mark.parametrize(
    ("event", "content", "line"),
    [
        (
            "input_requested",
            {"options": ["tap", "insert", "swipe"]},
            "Insert, tap or swipe card",
        ),
        ("input_requested", {"options": ["insert"]}, "Insert card"),
        ("input_requested", {"options": ["manual", "tap"]}, "Tap or enter card"),
        ("input_requested", {"options": []}, "Present card"),
        ("input_requested", {}, "Present card"),
        ("display_requested", {"message": "remove_card"}, "Remove card"),
        ("display_requested", {"message": "something_new"}, "something_new"),
        ("card_event", {"event": "presented", "option": "tap"}, "Card tapped"),
        ("card_event", {"event": "presented", "option": None}, "Card presented"),
        ("card_event", {"event": "removed", "option": None}, "Card removed"),
        ("customer_busy", {"step": "entering_pin"}, "The customer enters the PIN"),
        ("phase_changed", {"phase": "confirming"}, "Authorizing …"),
        (
            "phase_changed",
            {"phase": "unknown"},
            "The answer was lost; finding out what happened …",
        ),
    ],
)
def test_the_till_reads_what_the_reader_asks(
    event: str, content: JsonObject, line: str
) -> None:
    assert prompt(event, content) == line


@pytest.mark.parametrize(
    ("event", "content"),
    [
        ("phase_changed", {"phase": "requested"}),
        ("reader_status_changed", {"status": "online"}),
        ("display_requested", {"message": ""}),
    ],
)
def test_what_needs_no_word_gets_none(event: str, content: JsonObject) -> None:
    assert prompt(event, content) is None


@pytest.mark.parametrize("step", CustomerStep)
def test_whatever_the_customer_does_has_its_words(step: CustomerStep) -> None:
    assert prompt("customer_busy", {"step": step.value})


def test_a_decline_is_told_with_its_reason() -> None:
    ending = Ending(
        Result.DECLINED, {"id": "pi_1"}, "card_declined", "Your card was declined."
    )

    assert ending_text(ending, ORDER, merchant=None, at=AT) == (
        "DECLINED\nYour card was declined. (card_declined)\n12.34 USD  pi_1\n"
    )


def test_an_unknown_outcome_is_never_told_as_a_decline() -> None:
    ending = Ending(Result.UNKNOWN, {"id": "pi_1"})

    text = ending_text(ending, ORDER, merchant=None, at=AT)

    assert text.startswith("OUTCOME UNKNOWN: do not take this payment again\n")
    assert "DECLINED" not in text


def test_an_approval_is_told_by_its_receipt() -> None:
    ending = Ending(Result.APPROVED, {"id": "pi_1", "amount": 1234, "currency": "usd"})

    text = ending_text(ending, ORDER, merchant="Shop", at=AT)

    assert "TOTAL                            12.34 USD\n" in text
    assert "APPROVED" in text


def test_an_ending_is_told_to_programs() -> None:
    intent: JsonObject = {
        "id": "pi_1",
        "status": "succeeded",
        "amount": 1234,
        "currency": "usd",
        "latest_charge": {"id": "ch_1"},
    }

    assert ending_object(Ending(Result.APPROVED, intent), ORDER) == {
        "result": "approved",
        "reader": "tmr_1",
        "payment_intent": "pi_1",
        "payment_intent_status": "succeeded",
        "charge": "ch_1",
        "amount": 1234,
        "currency": "usd",
        "failure_code": None,
        "failure_message": None,
    }


def test_a_failure_is_one_line_and_a_remedy() -> None:
    failure = CommandFailed("it is broken", code="broken", remedy="Mend it.")

    assert told(failure) == "cardlane: it is broken (broken)\nMend it."


def test_a_table_has_columns_as_wide_as_their_longest_cell() -> None:
    assert table(["ID", "NAME"], [["tmr_1", "a"], ["x", "long name"]]) == (
        "ID     NAME\ntmr_1  a\nx      long name"
    )


def test_readers_are_listed_with_what_they_do() -> None:
    reader: JsonObject = {
        "id": "tmr_1",
        "label": "Till",
        "device_type": "magtek_dynaprox",
        "serial_number": "B50",
        "status": "online",
        "action": {"status": "in_progress"},
    }

    assert readers_text([reader]).splitlines()[1] == (
        "tmr_1  Till   magtek_dynaprox  B50            online  in_progress"
    )


def test_without_readers_the_next_step_is_told() -> None:
    assert "cardlane readers discover" in readers_text([])


def test_discovered_readers_are_told_free_taken_in_trouble_or_gone() -> None:
    found: dict[str, JsonObject] = {}
    events = [
        ServerEvent("reader_found", {"registration_code": "serial:a"}),
        ServerEvent("reader_identified", {"registration_code": "serial:a"}),
        ServerEvent(
            "reader_identified",
            {"registration_code": "serial:b", "registered_as": "tmr_1"},
        ),
        ServerEvent(
            "reader_failed",
            {"registration_code": "serial:c", "problem": "reader_timeout"},
        ),
        ServerEvent("reader_gone", {"registration_code": "serial:a"}),
        ServerEvent("method_failed", {"method": "bluetooth", "message": "it is off"}),
    ]

    lines = [discovery_line(event, found) for event in events]

    assert [line and line.split()[-1] for line in lines] == [
        None,
        "free",
        "tmr_1",
        "reader_timeout",
        "gone",
        "off",
    ]
    assert list(found) == ["serial:b", "serial:c"]


def test_findings_are_told_with_their_remedies() -> None:
    findings = [
        good("settings", "They can be read."),
        warning("ports", "None.", remedy="Plug one in."),
        failed("agent", "It does not run.", remedy="Start it."),
    ]

    assert findings_text(findings) == (
        "GOOD     settings  They can be read.\n"
        "WARNING  ports     None.\n"
        "                   → Plug one in.\n"
        "FAILED   agent     It does not run.\n"
        "                   → Start it."
    )


def test_only_a_failed_check_makes_the_patient_ill() -> None:
    warned = [warning("ports", "None.", remedy="Plug one in.")]
    ill = [*warned, failed("agent", "It does not run.", remedy="Start it.")]

    assert is_healthy(warned)
    assert not is_healthy(ill)
    assert json.loads(json.dumps(findings_object(ill)))["healthy"] is False


def test_events_are_read_from_their_stream() -> None:
    lines = [
        ": listening\n",
        "\n",
        "event: card_event\r\n",
        'data: {"a":\n',
        "data: 1}\n",
        "\n",
        ": keep-alive\n",
        "retry: 5\n",
        "\n",
    ]

    assert list(parse_events(lines)) == [
        None,
        ServerEvent("card_event", {"a": 1}),
        None,
    ]
