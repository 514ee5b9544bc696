"""`cardlane receipt`: what goes to stdout, as it is."""

from __future__ import annotations

import asyncio
import json

import pytest
from journal_entries import (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    FINISHED,
    requested,
)
from receipts import charge, intent
from served_agent import ServedAgent
from terminal import Terminal

pytest_plugins = ("cli_fixtures",)


@pytest.fixture
def paid(served: ServedAgent) -> ServedAgent:
    """An agent that has taken the payment pay_1."""
    recorded = served.agent.journal.append(
        requested(), CARD_COLLECTED, CONFIRM_STARTED, CONFIRMED, FINISHED
    )
    asyncio.run_coroutine_threadsafe(recorded, served.loop).result(timeout=10)
    served.agent.stripe.objects = {
        "/v1/payment_intents/pi_1": intent(charge()),
        "/v1/account": {"business_profile": {"name": "Corner Shöp"}},
    }
    return served


def test_a_receipt_is_printed_as_wide_as_the_paper(
    terminal: Terminal, paid: ServedAgent
) -> None:
    code = terminal.run("receipt", "pay_1", "--copy", "merchant", "--width", "48")

    assert code == 0
    lines = terminal.out.splitlines()
    assert lines[0].strip() == "Corner Shöp"
    assert lines[3] == "-" * 48
    assert lines[-1].strip() == "MERCHANT COPY"


def test_a_page_is_printed_as_it_is(terminal: Terminal, paid: ServedAgent) -> None:
    code = terminal.run("receipt", "pay_1", "--format", "html")

    assert code == 0
    assert terminal.out.startswith("<!DOCTYPE html>\n")
    assert terminal.out.endswith("</html>\n")


@pytest.mark.parametrize("wish", [("--json",), ("--format", "json")])
def test_a_receipt_is_told_to_programs(
    terminal: Terminal, paid: ServedAgent, wish: tuple[str, ...]
) -> None:
    code = terminal.run("receipt", "pay_1", *wish)

    assert code == 0
    assert json.loads(terminal.out)["payment"] == "pay_1"


def test_a_payment_without_a_receipt_says_why(
    terminal: Terminal, served: ServedAgent
) -> None:
    code = terminal.run("receipt", "pay_9")

    assert code == 6
    assert "resource_missing" in terminal.err
