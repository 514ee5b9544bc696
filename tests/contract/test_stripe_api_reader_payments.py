"""process_payment_intent on a simulated smart reader, through the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from smart_reader_shop import (
    action_of,
    charge_of,
    event_types,
    new_intent,
    new_reader,
    present,
    processing,
)

pytest_plugins = ("smart_reader_fixtures",)


def test_reader_waits_for_a_card(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = new_intent(till)

    ordered = till.v1.terminal.readers.process_payment_intent(
        reader.id, {"payment_intent": intent.id}
    )

    assert action_of(ordered).to_dict() == {
        "api_error": None,
        "failure_code": None,
        "failure_message": None,
        "process_payment_intent": {"payment_intent": intent.id},
        "status": "in_progress",
        "type": "process_payment_intent",
    }


def test_presented_card_pays(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)

    done = present(till, reader)

    paid = till.v1.payment_intents.retrieve(intent.id)
    assert (action_of(done).status, paid.status) == ("succeeded", "succeeded")
    assert event_types(till)[-3:] == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "terminal.reader.action_succeeded",
    ]


def test_charge_names_card_reader_and_location(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)
    present(till, reader, "5555555555554444")

    details: Any = charge_of(till, intent.id).payment_method_details
    card = details.card_present
    assert (card.brand, card.last4) == ("mastercard", "4444")
    assert card.read_method == "contact_emv"
    assert (card.reader, card.location) == (reader.id, reader.location)
    assert card.receipt.application_cryptogram


@pytest.mark.parametrize(
    ("number", "failure_code", "decline_code", "message"),
    [
        (
            "4000000000000002",
            "card_declined",
            "generic_decline",
            "Your card was declined.",
        ),
        (
            "4000000000009995",
            "card_declined",
            "insufficient_funds",
            "Your card has insufficient funds.",
        ),
        ("4000000000009987", "card_declined", "lost_card", "Your card was declined."),
        ("4000000000009979", "card_declined", "stolen_card", "Your card was declined."),
        (
            "4000000000000069",
            "expired_card",
            "expired_card",
            "Your card has expired.",
        ),
        (
            "4000000000000119",
            "processing_error",
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ],
)
def test_declined_card_fails_the_action(
    till: stripe.StripeClient,
    number: str,
    failure_code: str,
    decline_code: str,
    message: str,
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)

    action = action_of(present(till, reader, number))

    declined: Any = till.v1.payment_intents.retrieve(intent.id)
    assert (action.status, action.failure_code) == ("failed", failure_code)
    assert action.failure_message == message
    assert declined.status == "requires_payment_method"
    assert declined.last_payment_error.decline_code == decline_code
    assert event_types(till)[-3:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "terminal.reader.action_failed",
    ]


@pytest.mark.parametrize(
    ("ending", "decline_code"),
    [
        (1, "call_issuer"),
        (2, "offline_pin_required"),
        (3, "online_or_offline_pin_required"),
        (5, "generic_decline"),
        (55, "incorrect_pin"),
        (65, "withdrawal_count_limit_exceeded"),
        (75, "pin_try_exceeded"),
    ],
)
def test_amount_can_ask_for_a_decline(
    till: stripe.StripeClient, ending: int, decline_code: str
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader, amount=20_00 + ending)

    present(till, reader)

    declined: Any = till.v1.payment_intents.retrieve(intent.id)
    assert declined.last_payment_error.decline_code == decline_code


def test_declined_intent_can_be_processed_again(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)
    present(till, reader, "4000000000000002")

    till.v1.terminal.readers.process_payment_intent(
        reader.id, {"payment_intent": intent.id}
    )
    done = present(till, reader)

    assert action_of(done).status == "succeeded"
    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_manual_capture_holds_the_amount(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = processing(till, reader, capture_method="manual")

    present(till, reader)

    held = till.v1.payment_intents.retrieve(intent.id)
    assert (held.status, held.amount_capturable) == ("requires_capture", 10_00)


def test_intent_is_processed_only_while_it_needs_a_payment_method(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)
    present(till, reader)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.v1.terminal.readers.process_payment_intent(
            reader.id, {"payment_intent": intent.id}
        )

    assert caught.value.code == "intent_invalid_state"
    assert caught.value.user_message == (
        "Payment intent must be in the requires_payment_method state to be processed "
        "by a reader."
    )


def test_intent_without_cards_that_are_present_is_refused(
    till: stripe.StripeClient,
) -> None:
    intent = new_intent(till, allowed_payment_method_types=["card"])

    with pytest.raises(stripe.InvalidRequestError, match="card_present"):
        till.v1.terminal.readers.process_payment_intent(
            new_reader(till).id, {"payment_intent": intent.id}
        )


def test_payment_that_was_not_begun_is_replaced(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    first = processing(till, reader)
    second = processing(till, reader)

    present(till, reader)

    statuses = [
        till.v1.payment_intents.retrieve(each.id).status for each in (first, second)
    ]
    assert statuses == ["requires_payment_method", "succeeded"]


def test_intent_canceled_meanwhile_fails_the_action(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)
    till.v1.payment_intents.cancel(intent.id)

    action = action_of(present(till, reader))

    assert (action.status, action.failure_code) == (
        "failed",
        "payment_intent_unexpected_state",
    )


def test_config_is_told_apart_from_how_the_card_may_be_shown(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    processing(
        till,
        reader,
        config={
            "allow_redisplay": "always",
            "enable_customer_cancellation": True,
            "return_url": "https://example.com/back",
            "skip_tipping": True,
        },
    )

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert action.process_payment_intent.process_config.to_dict() == {
        "enable_customer_cancellation": True,
        "return_url": "https://example.com/back",
        "skip_tipping": True,
    }


def test_intent_of_an_action_can_be_expanded(till: stripe.StripeClient) -> None:
    intent = new_intent(till)

    reader = till.v1.terminal.readers.process_payment_intent(
        new_reader(till).id,
        {
            "payment_intent": intent.id,
            "expand": ["action.process_payment_intent.payment_intent"],
        },
    )

    expanded = action_of(reader).process_payment_intent.payment_intent
    assert expanded.amount == 10_00


def test_cancel_action_resets_the_reader_silently(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)
    before = event_types(till)

    canceled = till.v1.terminal.readers.cancel_action(reader.id)

    assert canceled.action is None
    assert event_types(till) == before
    waiting = till.v1.payment_intents.retrieve(intent.id)
    assert waiting.status == "requires_payment_method"


def test_card_presented_to_an_idle_reader_is_refused(
    till: stripe.StripeClient,
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="does not have an action"):
        present(till, new_reader(till))


def test_unknown_number_is_refused_and_not_repeated(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    processing(till, reader)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        present(till, reader, "4012888888881881")

    assert caught.value.param == "card_present[number]"
    assert "4012888888881881" not in str(caught.value)


def test_future_usage_leaves_a_card_for_later(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = processing(
        till,
        reader,
        setup_future_usage="off_session",
        config={"allow_redisplay": "always"},
    )
    present(till, reader)

    charge = charge_of(till, intent.id)
    details: Any = charge.payment_method_details
    card: Any = till.v1.payment_methods.retrieve(details.card_present.generated_card)
    assert (card.type, card.card.last4) == ("card", "4242")
    assert card.card.generated_from.charge == charge.id
    assert card.allow_redisplay == "always"
