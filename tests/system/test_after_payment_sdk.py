"""Capture, raise, cancel and refund through the agent, by Stripe's own Python SDK."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import stripe

from examples.launch import (
    AgentFolder,
    Simulator,
    agent,
    agent_folder,
    call,
    simulator,
)

pytestmark = pytest.mark.slow

DAY_S = 86_400
Capture = Literal["automatic", "manual"]
CAPTURE = "/v1/payment_intents/*/capture"


@dataclass(frozen=True)
class Shop:
    """A register app before an agent, with one reader."""

    world: Simulator
    client: stripe.StripeClient
    patient: stripe.StripeClient
    """The same, which repeats what was lost by itself."""
    home: AgentFolder
    key: str
    reader: str

    @property
    def url(self) -> str:
        return self.home.url

    def cardlane(self, *arguments: str) -> tuple[int, str]:
        """What `cardlane …` prints, and its exit code."""
        key_file = self.home.folder / "till_key"
        key_file.touch(mode=0o600)
        key_file.write_text(self.key)
        run = subprocess.run(
            self.home.command(*arguments, "--key-file", str(key_file)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return run.returncode, run.stdout

    def paid(self, amount: int = 40_00, *, capture: Capture = "automatic") -> str:
        """The id of a PaymentIntent that a card has paid, or holds the money for."""
        intent = self.client.v1.payment_intents.create(
            {
                "amount": amount,
                "currency": "usd",
                "capture_method": capture,
                "allowed_payment_method_types": ["card_present"],
                "payment_method_options": {
                    "card_present": {"request_incremental_authorization_support": True}
                },
            }
        )
        reader = call(
            f"{self.url}/v1/terminal/readers/{self.reader}/process_payment_intent",
            {"payment_intent": intent.id},
            key=self.key,
            headers={"Prefer": "wait=60"},
            timeout_s=70,
        )[1]
        assert reader["action"]["status"] == "succeeded", reader
        return intent.id

    def held(self, amount: int = 40_00) -> str:
        return self.paid(amount, capture="manual")

    def told(self, intent: str) -> Any:
        """What the agent says of the sale."""
        path = f"{self.url}/agent/payments?payment_intent={intent}"
        return call(path, key=self.key)[1]["payments"][0]

    def befall(self, kind: str, *, path: str) -> None:
        """Let this happen to the next such request at Stripe."""
        rule = {"fault": {"kind": kind}, "method": "POST", "path": path, "times": 1}
        self.world.control("POST", "/simulator/faults", rule)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with simulator(folder) as world:
        home = agent_folder(folder, stripe_url=world.url)
        with agent(home):
            world.when_asked_present("visa_approved")
            key, base = home.key(), {"api": home.url}
            client = stripe.StripeClient(key, base_addresses=base)  # type: ignore[arg-type]
            reader = client.v1.terminal.readers.create(
                {"registration_code": world.registration_code}
            )
            yield Shop(
                world,
                client,
                stripe.StripeClient(key, base_addresses=base, max_network_retries=2),  # type: ignore[arg-type]
                home,
                key,
                reader.id,
            )


@pytest.mark.parametrize(("captured", "returned"), [(40_00, 0), (25_00, 0), (52_00, 0)])
def test_a_capture_may_be_of_all_of_less_or_with_a_tip_from_the_receipt(
    captured: int, returned: int, shop: Shop
) -> None:
    held = shop.held(40_00)

    intent = shop.client.v1.payment_intents.capture(
        held, {"amount_to_capture": captured}
    )

    told = shop.told(held)
    assert (intent.status, intent.amount_received) == ("succeeded", captured)
    assert (told["next_step"], told["amount_received"]) == ("done", captured)
    assert told["amount_returned"] == returned


def test_a_capture_beyond_what_the_card_allows_changes_nothing(shop: Shop) -> None:
    held = shop.held(40_00)

    with pytest.raises(stripe.CardError) as refused:
        shop.client.v1.payment_intents.capture(held, {"amount_to_capture": 400_05})

    assert refused.value.code == "card_declined"
    assert shop.told(held)["next_step"] == "capture"


def test_a_hold_can_be_raised_before_it_is_captured(shop: Shop) -> None:
    held = shop.held(40_00)

    raised = shop.client.v1.payment_intents.increment_authorization(
        held, {"amount": 60_00}
    )
    captured = shop.client.v1.payment_intents.capture(held)

    assert (raised.amount, raised.status) == (60_00, "requires_capture")
    assert captured.amount_received == 60_00
    assert shop.told(held)["amount_received"] == 60_00


def test_a_second_capture_is_refused_by_stripe_in_its_own_words(shop: Shop) -> None:
    held = shop.held()
    shop.client.v1.payment_intents.capture(held)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.payment_intents.capture(held)

    assert refused.value.code == "payment_intent_unexpected_state"
    assert shop.told(held)["next_step"] == "done"


def test_a_capture_that_was_lost_is_repeated_by_the_sdk_and_done_once(
    shop: Shop,
) -> None:
    held = shop.held()
    shop.befall("lose_reply", path=CAPTURE)

    intent = shop.patient.v1.payment_intents.capture(held)

    assert (intent.status, intent.amount_received) == ("succeeded", 40_00)


def test_a_lost_answer_is_not_called_a_failure(shop: Shop) -> None:
    held = shop.held()
    key: Any = {"idempotency_key": f"capture-{held}"}
    shop.befall("lose_reply", path=CAPTURE)

    with pytest.raises(stripe.APIError) as lost:
        shop.client.v1.payment_intents.capture(held, options=key)
    told = shop.told(held)
    again = shop.client.v1.payment_intents.capture(held, options=key)

    assert lost.value.error
    assert lost.value.error.code == "stripe_answer_lost"
    assert "same Idempotency-Key" in str(lost.value.http_body)
    assert told["next_step"] == "done"
    assert again.amount_received == 40_00
    assert again.last_response
    assert again.last_response.headers["idempotent-replayed"] == "true"


def test_a_hold_that_is_canceled_charges_nobody(shop: Shop) -> None:
    held = shop.held()

    intent = shop.client.v1.payment_intents.cancel(held)

    told = shop.told(held)
    assert intent.status == "canceled"
    assert (told["charged"], told["next_step"]) == ("no", "may_try_again")
    with pytest.raises(stripe.InvalidRequestError):
        shop.client.v1.payment_intents.capture(held)


@pytest.mark.parametrize("by", ["payment_intent", "charge"])
def test_a_refund_is_of_part_and_then_of_all_the_rest(by: str, shop: Shop) -> None:
    paid = shop.paid(40_00)
    name = paid if by == "payment_intent" else shop.told(paid)["charge"]
    of: Any = {by: name}

    part: Any = {**of, "amount": 15_00}
    shop.client.v1.refunds.create(part)
    partly = shop.told(paid)
    rest = shop.client.v1.refunds.create(of)
    wholly = shop.told(paid)

    assert (partly["charged"], partly["amount_returned"]) == ("yes", 15_00)
    assert rest.amount == 25_00
    assert (wholly["charged"], wholly["next_step"]) == ("returned", "may_try_again")


def test_a_refund_that_was_lost_is_given_once(shop: Shop) -> None:
    paid = shop.paid(40_00)
    shop.befall("lose_reply", path="/v1/refunds")

    shop.patient.v1.refunds.create({"payment_intent": paid, "amount": 15_00})

    assert shop.told(paid)["amount_returned"] == 15_00


def test_no_more_is_refunded_than_was_taken(shop: Shop) -> None:
    paid = shop.paid(40_00)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.refunds.create({"payment_intent": paid, "amount": 40_01})

    assert refused.value.param == "amount"
    assert shop.told(paid)["next_step"] == "done"


def test_what_was_refunded_is_not_refunded_again(shop: Shop) -> None:
    paid = shop.paid()
    shop.client.v1.refunds.create({"payment_intent": paid})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.refunds.create({"payment_intent": paid})

    assert refused.value.code == "charge_already_refunded"


def test_what_the_cardholder_disputes_is_not_refunded(shop: Shop) -> None:
    charge = shop.world.stripe(f"/v1/charges/{shop.told(shop.paid())['charge']}")
    disputed = {"id": "ch_disputed", "disputed": True, "payment_intent": None}
    seed = {**charge, **disputed, "balance_transaction": None}
    call(f"{shop.world.url}/simulator/seed", [seed])  # type: ignore[arg-type]

    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.refunds.create({"charge": "ch_disputed"})

    assert refused.value.code == "charge_disputed"


def test_the_command_line_takes_and_gives_back_what_is_held(shop: Shop) -> None:
    held = shop.held(40_00)
    payment = str(shop.told(held)["id"])
    shop.befall("lose_reply", path=CAPTURE)

    before = shop.cardlane("payments", "show", payment)
    captured = shop.cardlane("payments", "capture", payment, "30.00")
    refunded = shop.cardlane("payments", "refund", held, "10.00")
    after = shop.cardlane("payments", "show", held)

    assert before[0] == 0
    assert before[1].endswith("Next step of the sale: capture\n")
    assert captured == (0, f"Captured 30.00 USD of {held}.\n")
    assert refunded[1].endswith(f"of 10.00 USD for {held}: succeeded.\n")
    assert "Captured:       30.00 USD\nGiven back:     10.00 USD" in after[1]
    assert after[1].endswith("Next step of the sale: done\n")


def test_after_its_end_a_hold_cannot_be_captured(shop: Shop) -> None:
    held = shop.held()
    shop.world.control("POST", "/simulator/clock", {"advance_s": 2 * DAY_S + 60})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.payment_intents.capture(held)

    told = shop.told(held)
    assert refused.value.code == "payment_intent_unexpected_state"
    assert (told["charged"], told["next_step"]) == ("no", "may_try_again")
