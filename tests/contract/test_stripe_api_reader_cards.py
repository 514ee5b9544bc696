"""Interac refunds, saved cards and unusual cards on a smart reader."""

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
    present,
    processing,
)

pytest_plugins = ("smart_reader_fixtures",)

BOTH: Any = ["card_present", "interac_present"]


def paid_by_interac(
    till: stripe.StripeClient, reader: stripe.terminal.Reader, **changes: Any
) -> stripe.PaymentIntent:
    """A PaymentIntent that an Interac card has paid."""
    intent = processing(till, reader, allowed_payment_method_types=BOTH, **changes)
    present(till, reader, type="interac_present")
    return intent


def refunding(
    till: stripe.StripeClient, reader: stripe.terminal.Reader, **params: Any
) -> stripe.terminal.Reader:
    """Let the reader wait for the card that gets its money back."""
    sent: Any = params
    return till.v1.terminal.readers.refund_payment(reader.id, sent)


def test_interac_is_captured_at_once(till: stripe.StripeClient) -> None:
    intent = paid_by_interac(till, new_reader(till), capture_method="manual")

    paid = till.v1.payment_intents.retrieve(intent.id)
    details: Any = charge_of(till, intent.id).payment_method_details
    assert paid.status == "succeeded"
    assert details.type == "interac_present"
    assert details.interac_present.brand == "interac"
    assert details.interac_present.receipt.account_type == "checking"


def test_interac_card_is_usual_where_nothing_else_is_taken(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader, allowed_payment_method_types=["interac_present"])

    present(till, reader)

    details: Any = charge_of(till, intent.id).payment_method_details
    assert details.type == "interac_present"


def test_interac_card_is_refused_where_the_intent_does_not_take_it(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    processing(till, reader)

    with pytest.raises(stripe.InvalidRequestError, match="interac_present") as caught:
        present(till, reader, type="interac_present")

    assert caught.value.param == "type"


def test_typed_card_details_are_refused(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    processing(till, reader)

    with pytest.raises(stripe.InvalidRequestError, match="typed"):
        present(
            till,
            reader,
            type="card",
            card={"number": "4242424242424242", "exp_month": 12, "exp_year": 34},
        )


@pytest.mark.parametrize("by", ["payment_intent", "charge"])
def test_interac_payment_is_refunded_to_its_card(
    till: stripe.StripeClient, by: str
) -> None:
    reader = new_reader(till)
    intent = paid_by_interac(till, reader)
    charge = charge_of(till, intent.id)
    named = intent.id if by == "payment_intent" else charge.id
    asking = action_of(
        refunding(till, reader, **{by: named}, metadata={"order": "7"})
    ).refund_payment

    done = action_of(present(till, reader))

    refund: Any = till.v1.refunds.retrieve(done.refund_payment.refund)
    assert (asking.amount, asking[by]) == (10_00, named)
    assert (refund.amount, refund.status) == (10_00, "succeeded")
    assert refund.metadata["order"] == "7"
    assert charge_of(till, intent.id).refunded is True
    assert event_types(till)[-3:] == [
        "refund.created",
        "charge.refunded",
        "terminal.reader.action_succeeded",
    ]


def test_partial_refund_can_be_declined_by_its_amount(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    intent = paid_by_interac(till, reader)
    refunding(till, reader, payment_intent=intent.id, amount=5_05)

    action = action_of(present(till, reader))

    assert (action.status, action.failure_code) == ("failed", "card_declined")
    assert charge_of(till, intent.id).amount_refunded == 0


def test_refund_goes_to_no_other_kind_of_card(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = paid_by_interac(till, reader)
    refunding(till, reader, payment_intent=intent.id, amount=4_00)
    asking = look(shop, reader)

    shown = do(shop, reader, "present_card", card="visa_approved")

    assert asking["screen"] == ["Refund $4.00", "Insert, tap or swipe"]
    assert shown["screen"][-1] == "Card not accepted. Try another card"


def test_refund_can_be_canceled_by_the_customer(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = paid_by_interac(till, reader)
    refunding(
        till,
        reader,
        payment_intent=intent.id,
        refund_payment_config={"enable_customer_cancellation": True},
    )

    do(shop, reader, "press_cancel")

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert action.failure_code == "customer_canceled"


def test_other_cards_are_not_refunded_on_a_reader(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)
    present(till, reader)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        refunding(till, reader, payment_intent=intent.id)

    assert caught.value.code == "charge_not_refundable"


def test_interac_is_refunded_in_person_only(till: stripe.StripeClient) -> None:
    intent = paid_by_interac(till, new_reader(till))

    with pytest.raises(stripe.InvalidRequestError, match="in person"):
        till.v1.refunds.create({"payment_intent": intent.id})


def test_refund_larger_than_the_payment_is_refused(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = paid_by_interac(till, reader)

    with pytest.raises(stripe.InvalidRequestError, match="greater than"):
        refunding(till, reader, payment_intent=intent.id, amount=10_01)


def test_payment_refunded_meanwhile_fails_the_action(till: stripe.StripeClient) -> None:
    first, second = new_reader(till), new_reader(till)
    intent = paid_by_interac(till, first)
    refunding(till, first, payment_intent=intent.id)
    refunding(till, second, payment_intent=intent.id)
    present(till, second)

    action = action_of(present(till, first))

    assert action.failure_code == "charge_already_refunded"


def test_tip_is_refused_where_nobody_asks_for_one(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = paid_by_interac(till, reader)
    refunding(till, reader, payment_intent=intent.id)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        present(till, reader, amount_tip=100)

    assert caught.value.param == "amount_tip"


def test_wish_to_tip_and_not_to_tip_is_refused(till: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        processing(
            till,
            new_reader(till),
            config={"skip_tipping": True, "tipping": {"amount_eligible": 100}},
        )

    assert caught.value.param == "process_config[tipping][amount_eligible]"


def test_helper_gives_the_tip_it_is_told(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)

    present(till, reader, amount_tip=1_50)

    paid: Any = till.v1.payment_intents.retrieve(intent.id)
    assert (paid.amount, paid.amount_received) == (11_50, 11_50)
    assert paid.amount_details.tip.amount == 1_50


def test_declined_tip_does_not_stay_in_the_amount(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)

    present(till, reader, "4000000000000002", amount_tip=1_50)

    assert charge_of(till, intent.id).amount == 11_50
    assert till.v1.payment_intents.retrieve(intent.id).amount == 10_00


def test_tip_beyond_what_can_be_charged_fails_the_action(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    processing(till, reader, amount=999_999_00)

    action = action_of(present(till, reader, amount_tip=999_999_00))

    assert (action.status, action.failure_code) == ("failed", "amount_too_large")


@pytest.mark.parametrize(
    "number", ["4001007020000002", "4001000360000005", "4242424242424242"]
)
def test_helper_enters_the_pin_of_a_card_that_needs_one(
    till: stripe.StripeClient, number: str
) -> None:
    reader = new_reader(till)
    processing(till, reader)

    assert action_of(present(till, reader, number)).status == "succeeded"


def test_helper_takes_over_where_a_pin_is_awaited(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    processing(till, reader)
    do(shop, reader, "present_card", card="visa_offline_pin")

    assert action_of(present(till, reader)).status == "succeeded"


@pytest.mark.parametrize("number", ["4000008260000075", "4000002760000008"])
def test_tap_without_pin_is_followed_by_the_card_with_pin(
    till: stripe.StripeClient, number: str
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)

    done = action_of(present(till, reader, number))

    charges = till.v1.charges.list({"payment_intent": intent.id}).data
    methods = [_read_method(charge) for charge in charges]
    assert done.status == "succeeded"
    assert [charge.status for charge in charges] == ["succeeded", "failed"]
    assert methods == ["contact_emv", "contactless_emv"]


def test_reader_asks_to_insert_the_card_whose_pin_is_wanted(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)
    asking = do(
        shop,
        reader,
        "present_card",
        card="visa_offline_pin_retry_tap",
        entry="contactless",
    )

    do(shop, reader, "present_card", card="visa_offline_pin_retry")
    do(shop, reader, "enter_pin")

    assert asking["screen"][-1] == "Insert card and enter PIN"
    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_collected_tap_can_lead_to_a_pin_as_well(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)
    till.v1.terminal.readers.collect_payment_method(
        reader.id, {"payment_intent": intent.id}
    )
    present(till, reader, "4000008260000075")

    till.v1.terminal.readers.confirm_payment_intent(
        reader.id, {"payment_intent": intent.id}
    )

    assert till.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_chip_has_the_last_word(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)

    do(shop, reader, "present_card", card="visa_refuses_after_approval")

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert action.failure_code == "card_declined"
    assert charge_of(till, intent.id).paid is False


def test_chip_that_refuses_is_not_asked_where_the_issuer_declines(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader, amount=10_55)

    do(shop, reader, "present_card", card="visa_refuses_after_approval")

    declined: Any = till.v1.payment_intents.retrieve(intent.id)
    assert declined.last_payment_error.decline_code == "incorrect_pin"


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("378282246310005", "amex"),
        ("371449635398431", "amex"),
        ("6011111111111117", "discover"),
        ("36227206271667", "diners"),
        ("3566002020360505", "jcb"),
        ("6200000000000005", "unionpay"),
        ("6280000360000978", "eftpos_au"),
        ("4711009900000316877", "girocard"),
    ],
)
def test_cards_of_all_brands_pay(
    till: stripe.StripeClient, number: str, brand: str
) -> None:
    reader = new_reader(till)
    intent = processing(till, reader)

    present(till, reader, number)

    details: Any = charge_of(till, intent.id).payment_method_details
    assert details.card_present.brand == brand
    assert details.card_present.last4 == number[-4:]


def _read_method(charge: stripe.Charge) -> str:
    details: Any = charge.payment_method_details
    read_method: str = details.card_present.read_method
    return read_method
