"""A register app in one file: the official Stripe SDK, pointed at the agent.

    python examples/register.py --url http://127.0.0.1:7345 --key-file KEY \
        --registration-code serial:/dev/ttyUSB0

Nothing here knows of Cardlane but the address. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import stripe

SETTLED = {"succeeded", "failed"}


def take_payment(
    client: stripe.StripeClient, *, registration_code: str, amount: int, wait_s: float
) -> dict[str, object]:
    """Register the reader, charge `amount` cents on it, and say what became of it."""
    location = client.v1.terminal.locations.create(
        {
            "display_name": "Corner shop",
            "address": {
                "line1": "1 Main Street",
                "city": "Springfield",
                "state": "IL",
                "postal_code": "62701",
                "country": "US",
            },
        }
    )
    reader = client.v1.terminal.readers.create(
        {
            "registration_code": registration_code,
            "label": "Counter",
            "location": location.id,
        }
    )
    intent = client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
            "capture_method": "automatic",
        }
    )
    client.v1.terminal.readers.process_payment_intent(
        reader.id, {"payment_intent": intent.id}
    )
    reader = wait_for_action(client, reader.id, wait_s=wait_s)
    return report(client, reader=reader, payment_intent=intent.id)


def wait_for_action(
    client: stripe.StripeClient, reader_id: str, *, wait_s: float
) -> stripe.terminal.Reader:
    """Poll the reader as Stripe's guide does, until its action has ended."""
    deadline = time.monotonic() + wait_s  # noqa: TID251 - a script has no clock to pass
    while True:
        reader = client.v1.terminal.readers.retrieve(reader_id)
        if reader.action is None or reader.action.status in SETTLED:
            return reader
        if time.monotonic() > deadline:  # noqa: TID251
            raise TimeoutError(f"reader {reader_id} is still at work")
        time.sleep(0.05)


def report(
    client: stripe.StripeClient, *, reader: stripe.terminal.Reader, payment_intent: str
) -> dict[str, object]:
    """What a receipt needs, from the charge that Stripe recorded."""
    action = reader.action
    found: dict[str, object] = {
        "reader": reader.id,
        "action": None if action is None else action.status,
        "failure_code": None if action is None else action.failure_code,
    }
    intent = client.v1.payment_intents.retrieve(
        payment_intent, {"expand": ["latest_charge"]}
    )
    found["payment_intent"] = intent.status
    charge = intent.latest_charge
    if isinstance(charge, stripe.Charge) and charge.payment_method_details:
        card = charge.payment_method_details.card_present
        if card is not None and card.receipt is not None:
            found |= {
                "amount": charge.amount,
                "brand": card.brand,
                "last4": card.last4,
                "read_method": card.read_method,
                "aid": card.receipt.dedicated_file_name,
                "tvr": card.receipt.terminal_verification_results,
                "cryptogram": card.receipt.application_cryptogram,
                "authorization_code": card.receipt.authorization_code,
            }
    return found


def main() -> int:
    """Take one payment; exit 0 where it succeeded, 1 where it did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:7345")
    parser.add_argument("--key-file", type=Path, required=True)
    parser.add_argument("--registration-code", required=True)
    parser.add_argument("--amount", type=int, default=1234)
    parser.add_argument("--wait", type=float, default=30.0)
    arguments = parser.parse_args()
    client = stripe.StripeClient(
        arguments.key_file.read_text().strip(), base_addresses={"api": arguments.url}
    )
    found = take_payment(
        client,
        registration_code=arguments.registration_code,
        amount=arguments.amount,
        wait_s=arguments.wait,
    )
    sys.stdout.write(json.dumps(found) + "\n")
    return 0 if found["action"] == "succeeded" else 1


if __name__ == "__main__":
    sys.exit(main())
