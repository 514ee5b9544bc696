"""Smart readers go on where they were when the simulator's state was taken out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe
from smart_reader_shop import (
    SmartReaderShop,
    action_of,
    do,
    event_types,
    look,
    new_intent,
    new_reader,
    present,
    processing,
)

pytest_plugins = ("smart_reader_fixtures",)


def restore(shop: SmartReaderShop, *, after_s: float = 0) -> None:
    """Take everything out and, a while later, put it back."""
    kept = json.dumps(shop.api.state.dump())
    shop.api.reset()
    shop.clock.advance(after_s)
    shop.api.state.restore(json.loads(kept))


def action(till: stripe.StripeClient, reader: stripe.terminal.Reader) -> Any:
    """The reader's action as the API knows it."""
    return action_of(till.v1.terminal.readers.retrieve(reader.id))


def collecting(
    till: stripe.StripeClient, reader: stripe.terminal.Reader
) -> stripe.PaymentIntent:
    """A PaymentIntent whose card the reader has read."""
    intent = new_intent(till)
    till.v1.terminal.readers.collect_payment_method(
        reader.id, {"payment_intent": intent.id}
    )
    present(till, reader)
    return intent


def test_payment_goes_on(till: stripe.StripeClient, shop: SmartReaderShop) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)

    restore(shop)
    present(till, reader)

    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_collected_card_is_lost_when_its_time_is_over(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    collecting(till, reader)
    shop.clock.advance(10)
    restore(shop)
    shop.clock.advance(19)
    before = action(till, reader).status

    shop.clock.advance(1)

    assert before == "in_progress"
    assert action(till, reader).failure_code == "collect_payment_method_timeout"


def test_collected_card_can_be_confirmed_in_time(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = collecting(till, reader)
    restore(shop)

    till.v1.terminal.readers.confirm_payment_intent(
        reader.id, {"payment_intent": intent.id}
    )

    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_form_whose_time_is_over_meanwhile_fails_at_once(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    till.v1.terminal.readers.collect_inputs(
        reader.id, {"inputs": [{"type": "text", "custom_text": {"title": "Name"}}]}
    )

    restore(shop, after_s=200)
    shown = look(shop, reader)

    assert shown["phase"] == "idle"
    assert action(till, reader).failure_code == "collect_inputs_timeout"


def test_issuer_answers_after_all(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "set_authorization_time", seconds=5)
    intent = processing(till, reader)
    do(shop, reader, "present_card", card="visa_approved")
    restore(shop)

    shop.clock.advance(5)

    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert event_types(till)[-1] == "terminal.reader.action_succeeded"


def test_update_is_over(till: stripe.StripeClient, shop: SmartReaderShop) -> None:
    reader = new_reader(till)
    do(shop, reader, "update_software", version="2.44.1.0", seconds=60)

    restore(shop)

    assert look(shop, reader)["phase"] == "idle"


def test_silence_is_noticed_when_it_is_time(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "set_network", connected=False)
    shop.clock.advance(60)
    restore(shop)
    shop.clock.advance(59)
    before = till.v1.terminal.readers.list({"status": "offline"}).data

    shop.clock.advance(1)

    assert before == []
    assert till.v1.terminal.readers.list({"status": "offline"}).data[0].id == reader.id


def test_state_of_a_deleted_reader_is_not_kept(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    processing(till, reader)
    till.v1.terminal.readers.delete(reader.id)

    restore(shop)

    assert till.v1.terminal.readers.retrieve(reader.id).deleted is True


def test_seeded_reader_takes_payments(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    seeded = {
        "id": "tmr_seeded",
        "object": "terminal.reader",
        "device_type": "bbpos_wisepos_e",
        "label": "Till 1",
        "serial_number": "WPE123",
        "status": "online",
    }
    shop.api.state.seed([seeded])
    reader = till.v1.terminal.readers.retrieve("tmr_seeded")
    intent = processing(till, reader)

    present(till, reader)

    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_seeded_reader_may_be_offline_and_come_online(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    seeded = {
        "id": "tmr_seeded",
        "object": "terminal.reader",
        "device_type": "stripe_s700",
        "label": "Till 2",
        "serial_number": "S700",
        "status": "offline",
    }
    shop.api.state.seed([seeded])
    reader = till.v1.terminal.readers.retrieve("tmr_seeded")

    shown = do(shop, reader, "set_network", connected=True)

    assert (reader.status, shown["status"]) == ("offline", "online")


def test_mobile_reader_takes_no_commands(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    seeded = {
        "id": "tmr_mobile",
        "object": "terminal.reader",
        "device_type": "stripe_m2",
        "label": "M2",
        "serial_number": "M2",
        "status": None,
    }
    shop.api.state.seed([seeded])
    reader = till.v1.terminal.readers.retrieve("tmr_mobile")

    with pytest.raises(stripe.InvalidRequestError, match="stripe_m2 do not support"):
        processing(till, reader)

    assert reader.status is None
    assert shop.control("GET", "/simulator/smart_readers")["data"] == []
