"""The official Python SDK tells a reader to do with cards whatever Stripe lets it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stripe

from examples.launch import Simulator, agent, agent_folder, simulator

pytestmark = pytest.mark.slow

WAIT: Any = {"headers": {"Prefer": "wait=60"}}
BOTH: Any = ["card_present", "interac_present"]


@dataclass(frozen=True)
class Till:
    """An SDK's client at a running agent, and one reader."""

    world: Simulator
    client: stripe.StripeClient
    reader: str

    def customer(self, card: str) -> None:
        """From now on this card is presented."""
        self.world.when_asked_present(card, reader="till")

    def intent(self, *, currency: str = "usd", types: Any = BOTH) -> str:
        """A new PaymentIntent over 12.34; its id."""
        made = self.client.v1.payment_intents.create(
            {
                "amount": 12_34,
                "currency": currency,
                "allowed_payment_method_types": types,
            }
        )
        return made.id


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    folder = tmp_path_factory.mktemp("till")
    with simulator(folder, readers=["till"]) as world:
        home = agent_folder(folder, stripe_url=world.url)
        with agent(home):
            client = stripe.StripeClient(
                home.key(), base_addresses={"api": home.url, "files": home.url}
            )
            code = f"serial:{world.folder / 'till'}"
            reader = client.v1.terminal.readers.create({"registration_code": code})
            yield Till(world, client, reader.id)


def action_of(reader: stripe.terminal.Reader) -> Any:
    """The reader's action, which must be there."""
    assert reader.action is not None
    return reader.action


def test_a_card_is_looked_at_and_charged(till: Till) -> None:
    till.customer("visa_approved")
    readers, intent = till.client.v1.terminal.readers, till.intent()

    seen = action_of(
        readers.collect_payment_method(till.reader, {"payment_intent": intent}, WAIT)
    )
    paid = action_of(
        readers.confirm_payment_intent(till.reader, {"payment_intent": intent}, WAIT)
    )

    card = seen.collect_payment_method.payment_method.card_present
    assert (seen.status, card.brand, card.last4) == ("in_progress", "visa", "4242")
    assert (paid.type, paid.status) == ("confirm_payment_intent", "succeeded")
    assert till.client.v1.payment_intents.retrieve(intent).status == "succeeded"


def test_a_card_is_kept(till: Till) -> None:
    till.customer("visa_approved")
    customer = till.client.v1.customers.create({"name": "Jo"}).id
    setup = till.client.v1.setup_intents.create(
        {"customer": customer, "allowed_payment_method_types": ["card_present"]}
    )

    action = action_of(
        till.client.v1.terminal.readers.process_setup_intent(
            till.reader,
            {"setup_intent": setup.id, "allow_redisplay": "always"},
            WAIT,
        )
    )

    kept = action.process_setup_intent.generated_card
    card = till.client.v1.payment_methods.retrieve(kept)
    assert action.status == "succeeded"
    assert (card.type, card.customer, card.allow_redisplay) == (
        "card",
        customer,
        "always",
    )


def test_an_interac_payment_goes_back_to_its_card(till: Till) -> None:
    till.customer("interac_approved")
    readers, intent = till.client.v1.terminal.readers, till.intent(currency="cad")
    readers.process_payment_intent(till.reader, {"payment_intent": intent}, WAIT)

    action = action_of(
        readers.refund_payment(
            till.reader,
            {
                "payment_intent": intent,
                "amount": 2_34,
                "metadata": {"order": "7"},
                "expand": ["action.refund_payment.refund"],
            },
            WAIT,
        )
    )

    refund = action.refund_payment.refund
    assert action.status == "succeeded"
    assert (refund.amount, refund.status, refund.metadata["order"]) == (
        2_34,
        "succeeded",
        "7",
    )


def test_an_action_that_is_refused_says_why(till: Till) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.client.v1.terminal.readers.confirm_payment_intent(
            till.reader, {"payment_intent": till.intent()}
        )

    assert caught.value.code == "intent_invalid_state"
