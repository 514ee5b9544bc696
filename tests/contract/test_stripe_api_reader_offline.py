"""Readers that fall silent, and what becomes of what they were doing."""

from __future__ import annotations

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
    processing,
)

pytest_plugins = ("smart_reader_fixtures",)


def refusal_of(till: stripe.StripeClient, reader: stripe.terminal.Reader) -> str | None:
    """Why the reader takes no payment."""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        processing(till, reader)
    return caught.value.code


def test_connected_reader_was_seen_just_now(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    shop.clock.advance(600)

    seen = till.v1.terminal.readers.retrieve(reader.id)

    assert seen.status == "online"
    assert seen.last_seen_at == round(shop.clock.now().timestamp() * 1000)


def test_silent_reader_times_out_before_it_is_offline(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "set_network", connected=False)
    shop.clock.advance(119)

    assert refusal_of(till, reader) == "terminal_reader_timeout"
    assert till.v1.terminal.readers.retrieve(reader.id).status == "online"


def test_reader_is_offline_after_two_minutes_of_silence(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "set_network", connected=False)
    cut_off_at = round(shop.clock.now().timestamp() * 1000)

    shop.clock.advance(120)

    seen = till.v1.terminal.readers.retrieve(reader.id)
    assert (seen.status, seen.last_seen_at) == ("offline", cut_off_at)
    assert refusal_of(till, reader) == "terminal_reader_offline"


def test_offline_readers_can_be_listed(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    offline, online = new_reader(till), new_reader(till)
    do(shop, offline, "set_network", connected=False)
    shop.clock.advance(120)

    def listed(status: str) -> list[str]:
        found = till.v1.terminal.readers.list({"status": status})
        return [reader.id for reader in found.data]

    assert (listed("offline"), listed("online")) == ([offline.id], [online.id])


def test_reader_that_is_heard_again_is_online(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "set_network", connected=False)
    shop.clock.advance(200)

    shown = do(shop, reader, "set_network", connected=True)

    assert (shown["status"], shown["connected"]) == ("online", True)
    assert till.v1.terminal.readers.list({"status": "online"}).data[0].id == reader.id


def test_short_silence_is_never_noticed(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "set_network", connected=False)
    shop.clock.advance(60)
    do(shop, reader, "set_network", connected=True)

    shop.clock.advance(60)

    assert till.v1.terminal.readers.retrieve(reader.id).status == "online"


def test_reader_cut_off_in_a_payment_stays_in_progress_until_it_is_heard(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)
    do(shop, reader, "set_network", connected=False)
    do(shop, reader, "present_card", card="visa_approved")
    silent = action_of(till.v1.terminal.readers.retrieve(reader.id))
    told = event_types(till)

    do(shop, reader, "set_network", connected=True)

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert silent.status == "in_progress"
    assert "terminal.reader.action_failed" not in told
    assert (action.failure_code, action.failure_message) == (
        "connection_error",
        "Could not connect to Stripe.",
    )
    waiting = till.v1.payment_intents.retrieve(intent.id)
    assert waiting.status == "requires_payment_method"


def test_connection_lost_while_the_issuer_is_asked_may_have_paid(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "set_authorization_time", seconds=5)
    intent = processing(till, reader)
    do(shop, reader, "present_card", card="visa_approved")
    do(shop, reader, "set_network", connected=False)
    shop.clock.advance(5)

    do(shop, reader, "set_network", connected=True)

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert (action.status, action.failure_code) == ("failed", "connection_error")
    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_screen_tells_that_there_is_no_connection(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)

    shown = do(shop, reader, "set_network", connected=False)

    assert shown["screen"] == ["Welcome", "No connection"]
    assert look(shop, reader)["connected"] is False


def test_reader_can_be_cut_off_only_once(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "set_network", connected=False)

    refusal = do(shop, reader, "set_network", connected=False)

    assert refusal["error"]["code"] == "control_refused"


def test_deleted_reader_is_gone(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    look(shop, reader)
    do(shop, reader, "set_network", connected=False)

    till.v1.terminal.readers.delete(reader.id)
    shop.clock.advance(120)

    assert till.v1.terminal.readers.retrieve(reader.id).deleted is True
    assert look(shop, reader)["error"]["code"] == "reader_unknown"


def test_reader_that_lost_its_power_stays_in_progress_until_it_is_reset(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    processing(till, reader)
    do(shop, reader, "cut_power")

    shown = do(shop, reader, "set_network", connected=True)

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert (shown["phase"], action.status) == ("idle", "in_progress")
    assert "terminal.reader.action_failed" not in event_types(till)
    assert till.v1.terminal.readers.cancel_action(reader.id).action is None


def test_power_lost_while_the_issuer_is_asked_may_have_paid(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "set_authorization_time", seconds=5)
    intent = processing(till, reader)
    do(shop, reader, "present_card", card="visa_approved")

    do(shop, reader, "cut_power")
    shop.clock.advance(5)

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert action.status == "in_progress"
    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_collected_card_is_lost_with_the_power(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader, intent = new_reader(till), new_intent(till)
    till.v1.terminal.readers.collect_payment_method(
        reader.id, {"payment_intent": intent.id}
    )
    do(shop, reader, "present_card", card="visa_approved")

    do(shop, reader, "cut_power")

    waiting = till.v1.payment_intents.retrieve(intent.id)
    assert waiting.status == "requires_payment_method"


def test_reader_without_power_is_offline_after_two_minutes(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "cut_power")

    shop.clock.advance(120)

    assert till.v1.terminal.readers.retrieve(reader.id).status == "offline"
