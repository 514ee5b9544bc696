"""Rules that play the customer of a smart reader, so that nobody has to wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from smart_reader_shop import (
    SmartReaderShop,
    action_of,
    look,
    new_intent,
    new_reader,
    processing,
)

pytest_plugins = ("smart_reader_fixtures",)

RULES = "/simulator/smart_rules"
TAP = {"do": "present_card", "card": "visa_approved", "entry": "contactless"}


@pytest.fixture(autouse=True)
def no_rules(shop: SmartReaderShop) -> Iterator[None]:
    yield
    shop.control("DELETE", RULES)


def add(shop: SmartReaderShop, when: Any, *then: Any, **rest: Any) -> Any:
    """Put a rule in force."""
    return shop.control("POST", RULES, {"when": when, "then": list(then), **rest})


def rules(shop: SmartReaderShop) -> Any:
    """The rules in force."""
    return shop.control("GET", RULES)["data"]


def status(till: stripe.StripeClient, intent: stripe.PaymentIntent) -> str:
    """The intent's status now."""
    return till.v1.payment_intents.retrieve(intent.id).status


def test_rule_pays_after_the_order_was_answered(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    add(shop, {"phase": "waiting_for_card"}, TAP)
    reader, intent = new_reader(till), new_intent(till)

    answered = till.v1.terminal.readers.process_payment_intent(
        reader.id, {"payment_intent": intent.id}
    )

    assert action_of(answered).status == "in_progress"
    assert status(till, intent) == "succeeded"
    assert rules(shop)[0]["fired"] == 1


def test_spent_rule_does_nothing(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    add(shop, {"phase": "waiting_for_card"}, TAP)
    reader = new_reader(till)
    first, second = processing(till, reader), processing(till, reader)

    assert status(till, first) == "succeeded"
    assert status(till, second) == "requires_payment_method"


def test_rule_can_hold_for_ever(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    add(shop, {"phase": "waiting_for_card"}, TAP, times=None)
    reader = new_reader(till)

    intents = [processing(till, reader) for _ in range(3)]

    assert [status(till, intent) for intent in intents] == ["succeeded"] * 3


def test_rule_takes_its_time(till: stripe.StripeClient, shop: SmartReaderShop) -> None:
    add(shop, {"text": "insert, TAP"}, TAP, after_s=5)
    intent = processing(till, new_reader(till))
    before = status(till, intent)

    shop.clock.advance(5)

    assert before == "requires_payment_method"
    assert status(till, intent) == "succeeded"


def test_rules_follow_one_another_through_a_payment(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    default = till.v1.terminal.configurations.list({"is_account_default": True}).data[0]
    till.v1.terminal.configurations.update(
        default.id, {"tipping": {"cad": {"percentages": [10, 15, 20]}}}
    )
    add(shop, {"text": "no tip"}, {"do": "choose_tip", "suggestion": 0})
    add(shop, {"phase": "waiting_for_card"}, {**TAP, "card": "visa_online_pin"})
    add(shop, {"phase": "entering_pin"}, {"do": "enter_pin"})

    intent = processing(till, new_reader(till))

    assert till.v1.payment_intents.retrieve(intent.id).amount_received == 11_00


def test_rule_may_be_about_one_reader_only(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    mine, other = new_reader(till), new_reader(till)
    add(shop, {"reader": mine.id, "phase": "waiting_for_card"}, TAP)

    intent = processing(till, other)

    assert status(till, intent) == "requires_payment_method"


def test_new_rule_begins_with_what_is_shown_already(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    intent = processing(till, new_reader(till))

    add(shop, {"phase": "waiting_for_card"}, TAP)

    assert status(till, intent) == "succeeded"


def test_refused_deed_is_kept_for_whoever_asks(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    add(shop, {"phase": "waiting_for_card"}, {"do": "enter_pin"})

    processing(till, new_reader(till))

    assert rules(shop)[0]["failures"] == ["the reader asks for no PIN"]


def test_rules_in_a_circle_end(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    off = {"do": "set_network", "connected": False}
    on = {"do": "set_network", "connected": True}
    add(shop, {"text": "no connection"}, on, times=None)
    add(shop, {"phase": "waiting_for_card"}, off, times=None)

    processing(till, new_reader(till))

    failures = [failure for rule in rules(shop) for failure in rule["failures"]]
    assert "the rules chase one another" in failures


def test_removed_rule_is_gone(till: stripe.StripeClient, shop: SmartReaderShop) -> None:
    rule = add(shop, {"phase": "waiting_for_card"}, TAP, after_s=1)
    intent = processing(till, new_reader(till))

    shop.control("DELETE", f"{RULES}/{rule['id']}")
    shop.clock.advance(1)

    assert rules(shop) == []
    assert status(till, intent) == "requires_payment_method"


def test_screens_are_not_watched_without_rules(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    rule = add(shop, {"phase": "waiting_for_card"}, TAP)
    shop.control("DELETE", f"{RULES}/{rule['id']}")
    reader = new_reader(till)

    processing(till, reader)

    assert look(shop, reader)["phase"] == "waiting_for_card"


@pytest.mark.parametrize(
    ("when", "then", "code"),
    [
        ({}, [TAP], "control_invalid"),
        ({"text": "Enter PIN"}, [], "control_invalid"),
        ({"text": "Enter PIN"}, [{"do": "shout"}], "control_invalid"),
        ({"phase": "dancing"}, [TAP], "control_invalid"),
        ({"text": "x"}, [{**TAP, "card": "none_such"}], "card_unknown"),
    ],
)
def test_rule_that_could_never_work_is_refused(
    shop: SmartReaderShop, when: Any, then: Any, code: str
) -> None:
    assert add(shop, when, *then)["error"]["code"] == code


def test_rules_end_with_the_account_they_are_about(shop: SmartReaderShop) -> None:
    add(shop, {"phase": "waiting_for_card"}, TAP)

    shop.api.reset()

    assert rules(shop) == []


def test_unknown_rule_cannot_be_removed(shop: SmartReaderShop) -> None:
    refusal = shop.control("DELETE", f"{RULES}/smart_rule_none")

    assert refusal["error"]["code"] == "rule_unknown"
