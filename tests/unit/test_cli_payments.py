"""`cardlane payments`: shown, captured, canceled and refunded from the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from journal_entries import (
    CARD_COLLECTED,
    CONFIRM_STARTED,
    CONFIRMED,
    FINISHED,
    requested,
)
from served_agent import ServedAgent
from terminal import Terminal

from agent.cli.failures import CommandFailed, ExitCode
from agent.cli.local_api import LocalApi
from agent.cli.payment_commands import ATTEMPTS, post_until_answered
from agent.errors import StripeUnreachable
from agent.ids import PaymentId, PaymentIntentId
from agent.payments.reference import reference_digest
from agent.stripe_api.client import ForwardedAnswer
from agent.stripe_api.errors import AnswerLost

pytest_plugins = ("cli_fixtures",)

INTENT = "/v1/payment_intents/pi_1"
HELD = replace(CONFIRMED, status="requires_capture", capture_before=1_793_700_000)


def recorded(
    served: ServedAgent,
    name: str = "pay_1",
    intent: str = "pi_1",
    confirmed: Any = HELD,
) -> None:
    """A payment in the journal, of the sale that the register calls `table 4`."""
    begun = replace(
        requested(),
        payment_intent=PaymentIntentId(intent),
        reference_digest=reference_digest("table 4"),
    )
    entries = (begun, CARD_COLLECTED, CONFIRM_STARTED, confirmed, FINISHED)
    writing = served.agent.journal.append(
        *(replace(entry, payment_id=PaymentId(name)) for entry in entries)
    )
    asyncio.run_coroutine_threadsafe(writing, served.loop).result(timeout=10)


@pytest.fixture
def shop(served: ServedAgent) -> ServedAgent:
    """An agent that holds the money of a payment."""
    recorded(served)
    served.agent.stripe.objects = {
        INTENT: {"id": "pi_1", "currency": "usd", "amount_capturable": 1050},
        f"{INTENT}/capture": {
            "id": "pi_1",
            "amount_received": 1200,
            "currency": "usd",
        },
        f"{INTENT}/cancel": {"id": "pi_1", "status": "canceled"},
        "/v1/refunds": {
            "id": "re_1",
            "amount": 500,
            "currency": "usd",
            "status": "succeeded",
        },
    }
    return served


def sent(served: ServedAgent) -> list[tuple[str, bytes]]:
    """What was posted to Stripe: paths and bodies."""
    return [
        (path, body)
        for method, path, _, body in served.agent.stripe.asked
        if method == "POST"
    ]


@pytest.mark.parametrize("name", ["pay_1", "pi_1", "table 4"])
def test_a_payment_is_shown_by_whatever_is_known_of_it(
    name: str, terminal: Terminal, shop: ServedAgent
) -> None:
    code = terminal.run("payments", "show", name)

    assert code == 0
    lines = terminal.out.splitlines()
    assert lines[0] == "pay_1  10.50 USD"
    assert lines[1].startswith("The money is held, and awaits its capture. As of 2026")
    assert "Held until:     2026-11-03 10:00:00Z" in lines
    assert lines[-1] == "Next step of the sale: capture"


@pytest.mark.parametrize("name", ["pay_1", "pi_1", "table 4"])
def test_programs_are_told_the_same(
    name: str, terminal: Terminal, shop: ServedAgent
) -> None:
    terminal.run("payments", "show", name, "--json")

    found = json.loads(terminal.out)
    assert found["next_step"] == "capture"
    assert [payment["id"] for payment in found["payments"]] == ["pay_1"]


def test_a_sale_that_never_began_may_be_paid(
    terminal: Terminal, shop: ServedAgent
) -> None:
    code = terminal.run("payments", "show", "table 9")

    assert code == 0
    assert "No payment was begun here for table 9." in terminal.out
    assert terminal.out.endswith("Next step of the sale: may_try_again\n")


def test_payments_are_listed(terminal: Terminal, shop: ServedAgent) -> None:
    recorded(shop, "pay_2", "pi_2", CONFIRMED)

    terminal.run("payments", "list")
    everything = terminal.out
    terminal.run("payments", "list", "--held")
    held = terminal.out
    terminal.run("payments", "list", "--json", "--limit", "1")

    assert [line.split()[0] for line in everything.splitlines()] == [
        "PAYMENT",
        "pay_2",
        "pay_1",
    ]
    assert [line.split()[0] for line in held.splitlines()] == ["PAYMENT", "pay_1"]
    assert "held until 2026-11-03 10:00:00Z" in held
    assert json.loads(terminal.out)["has_more"] is True


def test_an_empty_list_says_so(terminal: Terminal, served: ServedAgent) -> None:
    assert terminal.run("payments", "list", "--held") == 0
    assert terminal.out == "There are none.\n"


@pytest.mark.parametrize("name", ["pay_1", "pi_1", "table 4"])
def test_held_money_is_captured(
    name: str, terminal: Terminal, shop: ServedAgent
) -> None:
    code = terminal.run("payments", "capture", name, "12.00")

    assert code == 0
    assert terminal.out == "Captured 12.00 USD of pi_1.\n"
    assert sent(shop) == [(f"{INTENT}/capture", b"amount_to_capture=1200")]


@pytest.mark.parametrize(
    ("amounts", "body"),
    [
        (("--tip", "2.00"), b"amount_to_capture=1250"),
        (("9.00", "--tip", "2.00"), b"amount_to_capture=1100"),
    ],
)
def test_a_tip_on_the_receipt_is_captured_on_top(
    amounts: tuple[str, ...], body: bytes, terminal: Terminal, shop: ServedAgent
) -> None:
    assert terminal.run("payments", "capture", "pay_1", *amounts) == 0
    assert sent(shop) == [(f"{INTENT}/capture", body)]


def test_all_of_it_is_captured_where_no_amount_is_named(
    terminal: Terminal, shop: ServedAgent
) -> None:
    terminal.run("payments", "capture", "pi_1", "--json")

    assert json.loads(terminal.out)["amount_received"] == 1200
    assert sent(shop) == [(f"{INTENT}/capture", b"")]


def test_held_money_is_released(terminal: Terminal, shop: ServedAgent) -> None:
    assert terminal.run("payments", "cancel", "pay_1") == 0
    assert terminal.out == "Canceled pi_1: the customer pays nothing.\n"
    assert sent(shop) == [(f"{INTENT}/cancel", b"")]


def test_money_is_given_back(terminal: Terminal, shop: ServedAgent) -> None:
    code = terminal.run(
        "payments", "refund", "pay_1", "5.00", "--reason", "requested_by_customer"
    )

    assert code == 0
    assert terminal.out == "Refund re_1 of 5.00 USD for pi_1: succeeded.\n"
    body = b"payment_intent=pi_1&amount=500&reason=requested_by_customer"
    assert sent(shop) == [("/v1/refunds", body)]


def test_an_amount_that_is_none_moves_no_money(
    terminal: Terminal, shop: ServedAgent
) -> None:
    assert terminal.run("payments", "capture", "pi_1", "12.345") == 2
    assert "too many decimals" in terminal.err
    assert sent(shop) == []


def test_a_name_of_several_sales_moves_no_money(
    terminal: Terminal, shop: ServedAgent
) -> None:
    recorded(shop, "pay_2", "pi_2")

    assert terminal.run("payments", "refund", "table 4") == 2
    assert "several PaymentIntents: pi_1, pi_2 (payment_ambiguous)" in terminal.err
    assert sent(shop) == []


def test_a_name_of_nothing_moves_no_money(
    terminal: Terminal, shop: ServedAgent
) -> None:
    assert terminal.run("payments", "cancel", "table 9") == 6
    assert "(resource_missing)" in terminal.err


def test_stripes_refusal_is_told_at_once(terminal: Terminal, shop: ServedAgent) -> None:
    del shop.agent.stripe.objects[f"{INTENT}/capture"]
    shop.agent.stripe.answer = ForwardedAnswer(
        400,
        {},
        b'{"error": {"code": "payment_intent_unexpected_state", "message": "No."}}',
    )

    assert terminal.run("payments", "capture", "pi_1") == 6
    assert "No. (payment_intent_unexpected_state)" in terminal.err
    assert len(sent(shop)) == 1


def posted(
    shop: ServedAgent, sleep: Callable[[float], None] = lambda _: None
) -> CommandFailed:
    """How a capture fails that nobody answers; `sleep` is what happens meanwhile."""
    with pytest.raises(CommandFailed) as failed:
        post_until_answered(
            LocalApi(shop.url, key=shop.key),
            f"{INTENT}/capture",
            {},
            key="k1",
            again="capture pi_1 12.50",
            sleep=sleep,
        )
    return failed.value


def test_a_lost_answer_is_asked_for_under_the_same_key(shop: ServedAgent) -> None:
    stripe = shop.agent.stripe
    stripe.refusal = AnswerLost("no answer from Stripe")

    def mended(_: float) -> None:
        stripe.refusal = None

    captured = post_until_answered(
        LocalApi(shop.url, key=shop.key),
        f"{INTENT}/capture",
        {},
        key=None,
        again="capture pi_1",
        sleep=mended,
    )

    assert captured["amount_received"] == 1200


def test_where_no_answer_comes_the_outcome_is_unknown(shop: ServedAgent) -> None:
    pauses: list[float] = []
    shop.agent.stripe.refusal = AnswerLost("no answer from Stripe")

    failure = posted(shop, pauses.append)

    assert failure.exit_code is ExitCode.OUTCOME_UNKNOWN
    assert failure.code == "stripe_answer_lost"
    again = "cardlane payments capture pi_1 12.50 --idempotency-key k1"
    assert again in failure.remedy
    assert len(pauses) == ATTEMPTS - 1


def test_what_certainly_was_not_done_is_no_unknown_outcome(shop: ServedAgent) -> None:
    shop.agent.stripe.refusal = StripeUnreachable("no connection to Stripe")

    failure = posted(shop)

    assert failure.exit_code is ExitCode.REFUSED
    assert failure.code == "stripe_unreachable"


def test_without_an_agent_nothing_was_done() -> None:
    with pytest.raises(CommandFailed) as failed:
        post_until_answered(
            LocalApi("http://127.0.0.1:1", key="rk_test_x"),
            "/v1/refunds",
            {},
            key=None,
            again="refund pi_1",
            sleep=lambda _: None,
        )

    assert failed.value.exit_code is ExitCode.UNREACHABLE
