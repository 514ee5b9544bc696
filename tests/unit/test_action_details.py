"""What an action is about, in Stripe's words, however far it is."""

from __future__ import annotations

from dataclasses import replace

from journal_entries import requested

from agent.ids import SetupIntentId
from agent.payments.payment import begin
from agent.payments.shown_card import ShownCard
from agent.rest.action_details import details_of

COLLECTION = replace(
    begin(requested()),
    action="collect_payment_method",
    parameters={"skip_tipping": False, "amount_eligible": 900},
)


def test_a_collection_has_no_card_until_one_was_read() -> None:
    details = details_of(COLLECTION)

    assert details == {
        "payment_intent": "pi_1",
        "collect_config": {
            "skip_tipping": False,
            "tipping": {"amount_eligible": 900},
        },
    }


def test_a_collected_card_is_a_payment_method_without_an_id() -> None:
    parameters = {**COLLECTION.parameters, "allow_redisplay": "limited"}
    collected = replace(
        COLLECTION,
        parameters=parameters,
        card=ShownCard("visa", "4242", 12, 2034),
        read_method="contact_emv",
    )

    method = details_of(collected)["payment_method"]

    assert isinstance(method, dict)
    card = method["card_present"]
    assert (method["id"], method["type"]) == (None, "card_present")
    assert method["allow_redisplay"] == "limited"
    assert isinstance(card, dict)
    assert (card["brand"], card["last4"], card["exp_year"]) == ("visa", "4242", 2034)
    assert card["fingerprint"] is None


def test_a_confirm_shows_its_own_configuration_only() -> None:
    parameters = {**COLLECTION.parameters, "return_url": "https://shop.example"}
    confirm = replace(
        COLLECTION, action="confirm_payment_intent", parameters=parameters
    )

    assert details_of(confirm) == {
        "payment_intent": "pi_1",
        "confirm_config": {"return_url": "https://shop.example"},
    }


def test_a_setup_shows_the_card_that_was_kept() -> None:
    setup = replace(
        begin(requested()),
        action="process_setup_intent",
        setup_intent=SetupIntentId("seti_1"),
        parameters={"allow_redisplay": "always", "enable_customer_cancellation": True},
    )

    assert details_of(replace(setup, result="pm_1")) == {
        "setup_intent": "seti_1",
        "generated_card": "pm_1",
        "process_config": {"enable_customer_cancellation": True},
    }
    assert "generated_card" not in details_of(setup)
