"""Cards that are saved at a smart reader, through the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from smart_reader_shop import (
    SmartReaderShop,
    action_of,
    do,
    look,
    new_reader,
    present,
)

pytest_plugins = ("smart_reader_fixtures",)


def saving(
    till: stripe.StripeClient, reader: stripe.terminal.Reader, **config: Any
) -> stripe.SetupIntent:
    """A SetupIntent for which the reader waits for a card."""
    intent = till.v1.setup_intents.create(
        {"allowed_payment_method_types": ["card_present"]}
    )
    params: Any = {
        "setup_intent": intent.id,
        "allow_redisplay": "limited",
        **({"process_config": config} if config else {}),
    }
    till.v1.terminal.readers.process_setup_intent(reader.id, params)
    return intent


def test_saved_card_can_be_used_again(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = saving(till, reader)

    done = action_of(present(till, reader))

    saved = till.v1.setup_intents.retrieve(intent.id)
    card: Any = till.v1.payment_methods.retrieve(
        done.process_setup_intent.generated_card
    )
    assert (done.status, saved.status) == ("succeeded", "succeeded")
    assert (card.type, card.allow_redisplay) == ("card", "limited")
    assert card.card.generated_from.setup_attempt == saved.latest_attempt


def test_declined_card_is_not_saved(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = saving(till, reader)

    action = action_of(present(till, reader, "4000000000000002"))

    assert (action.status, action.failure_code) == (
        "failed",
        "setup_intent_authentication_failure",
    )
    declined = till.v1.setup_intents.retrieve(intent.id)
    assert declined.status == "requires_payment_method"


def test_interac_cards_are_not_saved(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    saving(till, reader, enable_customer_cancellation=True)
    asking = look(shop, reader)

    shown = do(shop, reader, "present_card", card="interac_approved")

    assert (asking["screen"][0], asking["buttons"]) == ("Save card", ["X"])
    assert shown["screen"][-1] == "Card not accepted. Try another card"


def test_setup_intent_is_processed_only_once(till: stripe.StripeClient) -> None:
    reader = new_reader(till)
    intent = saving(till, reader)
    present(till, reader)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.v1.terminal.readers.process_setup_intent(
            reader.id, {"setup_intent": intent.id, "allow_redisplay": "always"}
        )

    assert caught.value.code == "intent_invalid_state"


def test_setup_intent_without_cards_that_are_present_is_refused(
    till: stripe.StripeClient,
) -> None:
    intent = till.v1.setup_intents.create()

    with pytest.raises(stripe.InvalidRequestError, match="card_present"):
        till.v1.terminal.readers.process_setup_intent(
            new_reader(till).id,
            {"setup_intent": intent.id, "allow_redisplay": "always"},
        )


def test_setup_intent_canceled_meanwhile_fails_the_action(
    till: stripe.StripeClient,
) -> None:
    reader = new_reader(till)
    intent = saving(till, reader)
    till.v1.setup_intents.cancel(intent.id)

    action = action_of(present(till, reader))

    assert action.failure_code == "setup_intent_unexpected_state"


def test_eftpos_cards_are_not_saved(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    saving(till, reader)

    shown = do(shop, reader, "present_card", card="eftpos_au_debit")

    assert shown["screen"][-1] == "Card not accepted. Try another card"


def test_mobile_wallets_are_not_saved(
    till: stripe.StripeClient, shop: SmartReaderShop
) -> None:
    reader = new_reader(till)
    intent = saving(till, reader)

    do(shop, reader, "present_card", card="visa_contactless", entry="contactless")

    action = action_of(till.v1.terminal.readers.retrieve(reader.id))
    assert action.failure_code == "setup_intent_mobile_wallet_unsupported"
    waiting = till.v1.setup_intents.retrieve(intent.id)
    assert waiting.status == "requires_payment_method"
