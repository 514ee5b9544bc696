"""What customers see and do at a smart reader, by the control routes."""

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
    new_reader,
    processing,
)

pytest_plugins = ("smart_reader_fixtures",)


def with_tips(till: stripe.StripeClient, **settings: Any) -> None:
    """Let all readers ask for tips in Canadian dollars."""
    terminal = till.v1.terminal
    default = terminal.configurations.list({"is_account_default": True}).data[0]
    params: Any = {"tipping": {"cad": settings}}
    terminal.configurations.update(default.id, params)


def action(till: stripe.StripeClient, reader: stripe.terminal.Reader) -> Any:
    """The reader's action as the API knows it."""
    return action_of(till.v1.terminal.readers.retrieve(reader.id))


def test_idle_reader_shows_its_splash_screen(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    shown = look(shop, new_reader(till))

    assert (shown["phase"], shown["screen"]) == ("idle", ["Welcome"])
    assert shown["device_type"] == "simulated_wisepos_e"


def test_readers_are_listed_with_their_screens(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    first, second = new_reader(till), new_reader(till, "simulated-s700")

    listed = shop.control("GET", "/simulator/smart_readers")["data"]

    assert [each["id"] for each in listed] == [second.id, first.id]


def test_unknown_reader_is_refused(shop: SmartReaderShop) -> None:
    refusal = shop.control("GET", "/simulator/smart_readers/tmr_none")

    assert refusal["error"]["code"] == "reader_unknown"


def test_reader_asks_for_a_card_and_says_how_it_went(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    processing(till, reader)
    asking = look(shop, reader)

    done = do(shop, reader, "present_card", card="visa_approved")
    shop.clock.advance(3)

    assert asking["screen"] == ["$10.00", "Insert, tap or swipe"]
    assert done["screen"] == ["Approved"]
    assert action(till, reader).status == "succeeded"
    assert look(shop, reader)["screen"] == ["Welcome"]


def test_refused_card_leads_to_a_failed_action(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    processing(till, reader)

    done = do(shop, reader, "present_card", card="visa_lost_card", entry="contactless")

    assert done["screen"] == ["Declined"]
    assert action(till, reader).failure_code == "card_declined"


@pytest.mark.parametrize(
    ("card", "entry", "advice"),
    [
        ("visa_chip_fallback", "contact", "Chip not read. Swipe card"),
        ("visa_removed_early", "contact", "Card removed too early. Try again"),
        ("visa_two_cards", "contactless", "Present one card only"),
        ("interac_approved", "contact", "Card not accepted. Try another card"),
    ],
)
def test_unreadable_card_is_asked_for_again_and_nobody_is_told(
    till: stripe.StripeClient, shop: SmartReaderShop, card: str, entry: str, advice: str
) -> None:
    reader = new_reader(till)
    processing(till, reader)

    shown = do(shop, reader, "present_card", card=card, entry=entry)

    assert shown["screen"][-1] == advice
    assert action(till, reader).status == "in_progress"
    assert do(shop, reader, "present_card", card="visa_approved")["screen"] == [
        "Approved"
    ]


def test_swiped_card_is_told_as_such(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)

    do(shop, reader, "present_card", card="visa_approved", entry="swipe")

    details: Any = charge_of(till, intent.id).payment_method_details
    assert details.card_present.read_method == "magnetic_stripe_track2"


def test_reader_asks_for_the_pin_of_a_card_that_has_one(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)
    asking = do(shop, reader, "present_card", card="visa_offline_pin")

    done = do(shop, reader, "enter_pin")

    assert (asking["phase"], asking["screen"][-1]) == ("entering_pin", "Enter PIN")
    assert done["screen"] == ["Approved"]
    details: Any = charge_of(till, intent.id).payment_method_details
    receipt = details.card_present.receipt
    assert receipt.cardholder_verification_method == "offline_pin"


def test_reader_proposes_percentages_of_the_amount(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    with_tips(till, percentages=[10, 15, 20])
    reader = new_reader(till)
    intent = processing(till, reader, amount=20_00)
    asking = look(shop, reader)

    chosen = do(shop, reader, "choose_tip", suggestion=1)
    do(shop, reader, "present_card", card="visa_approved")

    assert asking["screen"] == ["Add a tip?", "$20.00"]
    assert asking["buttons"] == [
        *("10% $2.00", "15% $3.00", "20% $4.00"),
        *("Custom", "No tip"),
    ]
    assert chosen["screen"][0] == "$23.00"
    paid: Any = till.v1.payment_intents.retrieve(intent.id)
    assert (paid.amount, paid.amount_received) == (23_00, 23_00)
    assert paid.amount_details.tip.amount == 3_00


@pytest.mark.parametrize(("amount", "first"), [(9_99, "$1.00"), (10_00, "10% $1.00")])
def test_smart_tips_are_amounts_below_the_threshold(
    till: stripe.StripeClient, shop: SmartReaderShop, amount: int, first: str
) -> None:
    with_tips(
        till,
        fixed_amounts=[100, 200, 300],
        percentages=[10, 15, 20],
        smart_tip_threshold=10_00,
    )
    reader = new_reader(till)
    processing(till, reader, amount=amount)

    assert look(shop, reader)["buttons"][0] == first


@pytest.mark.parametrize("amount", [0, 1_23])
def test_customer_may_type_a_tip_or_give_none(
    till: stripe.StripeClient, shop: SmartReaderShop, amount: int
) -> None:
    with_tips(till, fixed_amounts=[100, 200, 300])
    reader = new_reader(till)
    intent = processing(till, reader)

    do(shop, reader, "choose_tip", amount=amount)
    do(shop, reader, "present_card", card="visa_approved")

    paid: Any = till.v1.payment_intents.retrieve(intent.id)
    assert paid.amount == 10_00 + amount
    assert paid.amount_details.tip.amount == amount


@pytest.mark.parametrize(
    "config", [{"skip_tipping": True}, {"tipping": {"amount_eligible": 0}}]
)
def test_order_can_skip_the_tip_screen(
    till: stripe.StripeClient, shop: SmartReaderShop, config: Any
) -> None:
    with_tips(till, percentages=[10, 15, 20])
    reader = new_reader(till)
    processing(till, reader, config=config)

    assert look(shop, reader)["phase"] == "waiting_for_card"


def test_percentages_are_of_the_eligible_amount(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    with_tips(till, percentages=[10, 15, 20])
    reader = new_reader(till)
    processing(
        till, reader, amount=50_00, config={"tipping": {"amount_eligible": 10_00}}
    )

    assert look(shop, reader)["buttons"][0] == "10% $1.00"


def test_configuration_of_the_location_wins(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    with_tips(till, percentages=[10, 15, 20])
    reader = new_reader(till)
    own = till.v1.terminal.configurations.create(
        {"tipping": {"cad": {"percentages": [1, 2, 3]}}}
    )
    till.v1.terminal.locations.update(
        str(reader.location), {"configuration_overrides": own.id}
    )

    processing(till, reader, amount=100_00)

    assert look(shop, reader)["buttons"][0] == "1% $1.00"


def test_customer_cancels_by_the_x(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader, config={"enable_customer_cancellation": True})
    asking = look(shop, reader)

    do(shop, reader, "press_cancel")

    failed = action(till, reader)
    assert asking["buttons"] == ["X"]
    assert (failed.status, failed.failure_code) == ("failed", "customer_canceled")
    assert event_types(till)[-1] == "terminal.reader.action_failed"
    waiting = till.v1.payment_intents.retrieve(intent.id)
    assert waiting.status == "requires_payment_method"


def test_there_is_no_x_unless_the_order_says_so(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    processing(till, reader)

    refusal = do(shop, reader, "press_cancel")

    assert refusal["error"]["code"] == "control_refused"


@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("present_card", {"card": "visa_approved"}),
        ("enter_pin", {}),
        ("choose_tip", {"amount": 1}),
        ("answer_input", {"value": "x"}),
        ("remove_card", {}),
        ("set_network", {"connected": True}),
    ],
)
def test_reader_refuses_what_it_does_not_ask_for(
    till: stripe.StripeClient, shop: SmartReaderShop, deed: str, body: Any
) -> None:
    refusal = do(shop, new_reader(till), deed, **body)

    assert refusal["error"]["code"] == "control_refused"


@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("choose_tip", {}),
        ("choose_tip", {"amount": 1, "suggestion": 1}),
        ("update_software", {"version": "latest"}),
        ("present_card", {"card": "visa_approved", "entry": "thrown"}),
    ],
)
def test_malformed_deed_is_refused(
    till: stripe.StripeClient, shop: SmartReaderShop, deed: str, body: Any
) -> None:
    refusal = do(shop, new_reader(till), deed, **body)

    assert refusal["error"]["code"] == "control_invalid"


def test_card_left_in_the_slot_keeps_the_reader_busy(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    processing(till, reader)
    shown = do(shop, reader, "present_card", card="visa_approved", leave_in=True)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        processing(till, reader)
    do(shop, reader, "remove_card")

    assert shown["screen"] == ["Approved", "Remove card"]
    assert caught.value.code == "terminal_reader_busy"
    processing(till, reader)
    assert look(shop, reader)["phase"] == "waiting_for_card"


def test_reader_is_busy_while_it_asks_the_issuer(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "set_authorization_time", seconds=4)
    processing(till, reader)
    shown = do(shop, reader, "present_card", card="visa_approved")

    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.v1.terminal.readers.cancel_action(reader.id)
    shop.clock.advance(4)

    assert shown["screen"] == ["Processing"]
    assert caught.value.code == "terminal_reader_busy"
    assert action(till, reader).status == "succeeded"


def test_reader_is_busy_while_it_updates(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    shown = do(shop, reader, "update_software", version="2.44.1.0", seconds=60)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        processing(till, reader)
    shop.clock.advance(60)

    assert shown["screen"] == ["Updating"]
    assert caught.value.code == "terminal_reader_busy"
    updated = till.v1.terminal.readers.retrieve(reader.id)
    assert updated.device_sw_version == "2.44.1.0"


def test_newer_software_tells_the_error_of_the_api(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    do(shop, reader, "update_software", version="2.42.0.0")
    intent = processing(till, reader)

    do(shop, reader, "present_card", card="visa_insufficient_funds")

    error = action(till, reader).api_error
    assert (error.type, error.code) == ("card_error", "card_declined")
    assert error.decline_code == "insufficient_funds"
    assert error.payment_intent.id == intent.id
