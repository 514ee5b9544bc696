"""A register app's tests without hardware: put the fixture into your conftest.py.

Run it with `pytest examples/pytest_simulator.py`.
"""

# ruff: noqa: S101 - tests assert

import subprocess
from collections.abc import Iterator

import pytest
import stripe


@pytest.fixture(scope="session")
def client() -> Iterator[stripe.StripeClient]:
    """Stripe's own client, and a simulated Stripe on a free port behind it."""
    command = ["cardlane-simulator", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        ready = "" if simulator.stdout is None else simulator.stdout.readline()
        url = ready.split()[-1]  # cardlane-simulator ready http://127.0.0.1:40123
        yield stripe.StripeClient("sk_test_anything", base_addresses={"api": url})
        simulator.terminate()


def test_a_customer_pays_by_card(client: stripe.StripeClient) -> None:
    readers = client.v1.terminal.readers
    reader = readers.create({"registration_code": "simulated-wpe"})
    intent = client.v1.payment_intents.create(
        {
            "amount": 450,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
        }
    )

    readers.process_payment_intent(reader.id, {"payment_intent": intent.id})
    client.v1.test_helpers.terminal.readers.present_payment_method(reader.id)

    paid = client.v1.payment_intents.retrieve(intent.id)
    assert (paid.status, paid.amount_received) == ("succeeded", 450)
