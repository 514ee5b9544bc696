"""What docs/stripe-api.md shows of the simulated API works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import stripe

pytest_plugins = ("smart_reader_fixtures",)

DOCUMENT = Path(__file__).parents[2] / "docs" / "stripe-api.md"


def test_documented_payment_is_taken(till: stripe.StripeClient) -> None:
    _, payment, *_ = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)

    exec(payment, {"client": till})  # noqa: S102 - the document's own example

    (intent,) = till.v1.payment_intents.list().data
    assert (intent.status, intent.amount_received) == ("succeeded", 4_50)
