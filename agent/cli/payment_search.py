"""Which payment, or which PaymentIntent, a command means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from agent.cli.failures import CommandFailed, ExitCode
from agent.stripe_api.objects import JsonObject, text_at

if TYPE_CHECKING:
    from agent.cli.local_api import LocalApi

PAYMENTS = "/agent/payments"

Name = Annotated[
    str, typer.Argument(help="pay_…, pi_…, or the register's own reference.")
]


def found_by(api: LocalApi, name: str) -> JsonObject:
    """`payments` and `next_step` of what `name` stands for. Raises CommandFailed."""
    if name.startswith("pay_"):
        payment = api.get(f"{PAYMENTS}/{quote(name, safe='')}")
        return {"payments": [payment], "next_step": payment.get("next_step")}
    kind = "payment_intent" if name.startswith("pi_") else "reference"
    return api.get(PAYMENTS, {kind: name})


def payments_in(found: JsonObject) -> list[JsonObject]:
    """The payments of an answer."""
    payments = found.get("payments")
    listed = payments if isinstance(payments, list) else []
    return [each for each in listed if isinstance(each, dict)]


def intent_meant(api: LocalApi, name: str) -> str:
    """The PaymentIntent whose money is taken or held; raises CommandFailed.

    One named by its own id need not have been paid on this machine.
    """
    if name.startswith("pi_"):
        return name
    payments = payments_in(found_by(api, name))
    charged = [p for p in payments if text_at(p, "charged") in {"yes", "returned"}]
    intents = {text_at(each, "payment_intent") or "" for each in charged or payments}
    if len(intents) == 1:
        return intents.pop()
    if intents:
        raise CommandFailed(
            f"{name} stands for several PaymentIntents: {', '.join(sorted(intents))}",
            code="payment_ambiguous",
            remedy="Name one of them.",
            exit_code=ExitCode.USAGE,
        )
    raise CommandFailed(
        f"no payment was begun here for {name}",
        code="resource_missing",
        remedy="`cardlane payments list` shows those of this machine.",
    )
