"""collect_payment_method and confirm_payment_intent, through the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from smart_reader_shop import (
    SmartReaderShop,
    action_of,
    charge_of,
    do,
    event_types,
    look,
    new_intent,
    new_reader,
    present,
    processing,
)

pytest_plugins = ("smart_reader_fixtures",)


def collected(
    till: stripe.StripeClient, reader: stripe.terminal.Reader, **changes: Any
) -> stripe.PaymentIntent:
    """A PaymentIntent whose card the reader has read."""
    intent = new_intent(till, **changes)
    till.v1.terminal.readers.collect_payment_method(
        reader.id, {"payment_intent": intent.id}
    )
    present(till, reader)
    return intent


def confirm(
    till: stripe.StripeClient,
    reader: stripe.terminal.Reader,
    intent: stripe.PaymentIntent,
) -> stripe.terminal.Reader:
    """Order the reader to charge what it has collected."""
    return till.v1.terminal.readers.confirm_payment_intent(
        reader.id, {"payment_intent": intent.id}
    )


def test_collected_card_can_be_inspected_before_it_is_charged(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    intent = collected(till, reader)

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    method = action.collect_payment_method.payment_method
    waiting = till.v1.payment_intents.retrieve(intent.id)
    assert (method.type, method.card_present.brand) == ("card_present", "visa")
    assert (waiting.status, waiting.payment_method) == (
        "requires_confirmation",
        method.id,
    )
    assert action.status == "in_progress"
    assert event_types(till)[-1] == "terminal.reader.action_updated"


def test_a_card_that_comes_after_the_intent_was_canceled_is_not_collected(
    shop: SmartReaderShop, till: stripe.StripeClient
) -> None:
    reader = new_reader(till)
    intent = new_intent(till)
    till.v1.terminal.readers.collect_payment_method(
        reader.id, {"payment_intent": intent.id}
    )
    till.v1.payment_intents.cancel(intent.id)

    do(shop, reader, "present_card", card="visa_approved", entry="contactless")

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert action.status == "failed"
    assert action.failure_code == "payment_intent_unexpected_state"
    assert look(shop, reader)["phase"] == "idle"
    assert till.v1.payment_intents.retrieve(intent.id).status == "canceled"


def test_confirmation_is_under_way_first_and_done_then(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    intent = collected(till, reader)

    answered = confirm(till, reader, intent)

    done = till.v1.terminal.readers.retrieve(reader.id)
    statuses = action_of(answered).status, action_of(done).status
    assert statuses == ("in_progress", "succeeded")
    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert event_types(till)[-1] == "terminal.reader.action_succeeded"


def test_charge_is_of_the_collected_payment_method(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = collected(till, reader)
    method = till.v1.payment_intents.retrieve(intent.id).payment_method
    confirm(till, reader, intent)

    assert charge_of(till, intent.id).payment_method == method


def test_amount_may_change_before_the_confirmation(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = collected(till, reader)
    till.v1.payment_intents.update(intent.id, {"amount": 12_00})

    confirm(till, reader, intent)

    assert charge_of(till, intent.id).amount == 12_00


def test_tip_is_in_the_confirmed_amount(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = new_intent(till)
    till.v1.terminal.readers.collect_payment_method(
        reader.id, {"payment_intent": intent.id}
    )
    present(till, reader, amount_tip=2_00)
    confirm(till, reader, intent)

    paid: Any = till.v1.payment_intents.retrieve(intent.id)
    assert (paid.amount, paid.amount_details.tip.amount) == (12_00, 2_00)


def test_declined_confirmation_fails_the_action(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = collected(till, reader, amount=10_05)

    confirm(till, reader, intent)

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert (action.status, action.failure_code) == ("failed", "card_declined")
    declined = till.v1.payment_intents.retrieve(intent.id)
    assert declined.status == "requires_payment_method"


def test_card_is_lost_after_thirty_seconds(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = collected(till, reader)
    shop.clock.advance(29)
    before = till.v1.payment_intents.retrieve(intent.id).status

    shop.clock.advance(1)

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    after = till.v1.payment_intents.retrieve(intent.id)
    assert before == "requires_confirmation"
    assert (after.status, after.payment_method) == ("requires_payment_method", None)
    assert action.failure_code == "collect_payment_method_timeout"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        confirm(till, reader, intent)
    assert caught.value.code == "intent_invalid_state"


def test_confirmation_in_time_stops_the_clock(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = collected(till, reader)
    confirm(till, reader, intent)

    shop.clock.advance(60)

    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_canceled_collection_gives_the_card_back(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = collected(till, reader)

    till.v1.terminal.readers.cancel_action(reader.id)

    waiting = till.v1.payment_intents.retrieve(intent.id)
    assert (waiting.status, waiting.payment_method) == ("requires_payment_method", None)


def test_collection_gives_way_to_another_payment(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    first = collected(till, reader)

    processing(till, reader)

    waiting = till.v1.payment_intents.retrieve(first.id)
    assert waiting.status == "requires_payment_method"


def test_another_intent_cannot_be_confirmed(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    collected(till, reader)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        confirm(till, reader, new_intent(till))

    assert caught.value.code == "intent_invalid_state"


def test_intent_canceled_after_the_collection_is_not_charged(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = collected(till, reader)
    till.v1.payment_intents.cancel(intent.id)

    confirm(till, reader, intent)

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert action.failure_code == "payment_intent_unexpected_state"
    assert look(shop, reader)["screen"] == ["Declined"]


def test_canceled_intent_stays_canceled_when_its_card_is_lost(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = collected(till, reader)
    till.v1.payment_intents.cancel(intent.id)

    shop.clock.advance(30)

    assert till.v1.payment_intents.retrieve(intent.id).status == "canceled"


def test_reader_asks_to_wait_between_collection_and_confirmation(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    collected(till, reader)

    assert look(shop, reader)["screen"] == ["Please wait"]


def test_pin_is_entered_before_the_card_is_collected(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = new_intent(till)
    till.v1.terminal.readers.collect_payment_method(
        reader.id, {"payment_intent": intent.id}
    )
    do(shop, reader, "present_card", card="visa_online_pin")

    do(shop, reader, "enter_pin")

    waiting = till.v1.payment_intents.retrieve(intent.id)
    assert waiting.status == "requires_confirmation"


def test_configs_are_told(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = new_intent(till)
    collecting = till.v1.terminal.readers.collect_payment_method(
        reader.id,
        {
            "payment_intent": intent.id,
            "collect_config": {"allow_redisplay": "limited", "skip_tipping": True},
        },
    )
    present(till, reader)
    confirming = till.v1.terminal.readers.confirm_payment_intent(
        reader.id,
        {
            "payment_intent": intent.id,
            "confirm_config": {"return_url": "https://example.com"},
        },
    )

    collect = action_of(collecting).collect_payment_method
    confirmed = action_of(confirming).confirm_payment_intent
    assert collect.collect_config.to_dict() == {"skip_tipping": True}
    assert confirmed.confirm_config.to_dict() == {"return_url": "https://example.com"}
