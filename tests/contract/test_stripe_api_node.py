"""Stripe's Node SDK, unmodified, as a client of the simulated Stripe API."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from stripe_api_server import APPROVED_DATA, StripeApiServer, declined_data

pytest_plugins = ("stripe_api_fixtures",)

NODE = Path(sys.executable).with_name("node")
SCRIPT = Path(__file__).parent.parent / "node" / "simulated_payment.mjs"


@pytest.mark.slow
def test_node_sdk_pays_declines_refunds_and_pages(server: StripeApiServer) -> None:
    port = server.url.rpartition(":")[2]
    data = (APPROVED_DATA.hex(), declined_data("insufficient_funds").hex())

    ended = subprocess.run(
        [NODE, SCRIPT, port, *data], check=True, capture_output=True, timeout=30
    )

    assert json.loads(ended.stdout) == {
        "decline": {
            "type": "StripeCardError",
            "code": "card_declined",
            "decline_code": "insufficient_funds",
        },
        "status": "succeeded",
        "fee": 33,
        "refunded": 50,
        "charges": ["succeeded", "failed"],
    }
