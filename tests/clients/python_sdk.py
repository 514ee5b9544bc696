"""Calls Stripe's Python SDK as told: one JSON object per line in, one per line out.

Runs under whichever release is first on the path. Arguments: the API's URL and a key.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from operator import attrgetter
from typing import Any

import stripe


def main() -> None:
    """Serve until standard input ends."""
    url, key = sys.argv[1:]
    client = stripe.StripeClient(
        key, base_addresses={"api": url, "files": url}, max_network_retries=0
    )
    for line in sys.stdin:
        try:
            outcome = done(client, json.loads(line))
        except stripe.StripeError as error:
            outcome = {"refused": refusal(error)}
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()


def done(client: stripe.StripeClient, order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one order; raises StripeError."""
    if order["operation"] == "construct_event":
        event = client.construct_event(*order["ids"])
        return {"answer": event.to_dict(), "headers": {}}
    operation = attrgetter(order["operation"])(client.v1)
    with ExitStack() as files:
        params = {
            name: files.enter_context(open(value["path"], "rb"))
            if isinstance(value, dict) and "path" in value
            else value
            for name, value in order["params"].items()
        }
        answer = operation(*order["ids"], params, order["options"])
    if order["all"]:
        return {"answer": [each.to_dict() for each in answer.auto_paging_iter()]}
    headers = {k.lower(): v for k, v in answer.last_response.headers.items()}
    return {"answer": answer.to_dict(), "headers": headers}


def refusal(error: stripe.StripeError) -> dict[str, Any]:
    """What the SDK made of an error."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    return {
        "type": type(error).__name__,
        "status": error.http_status,
        "error": body.get("error", {}),
    }


if __name__ == "__main__":
    main()
