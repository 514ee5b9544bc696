"""What register apps ask of a reader besides a payment, and what comes of it."""

from __future__ import annotations

from typing import Any

from asgi_client import Answer
from flow_agent import Stack, good

READERS = "/v1/terminal/readers"


async def ask(
    stack: Stack, action: str, form: dict[str, str], *, key: str | None = None
) -> Answer:
    """Ask the reader for the action; answers at once."""
    headers = {} if key is None else {"idempotency-key": key}
    return await stack.agent.rest.post(
        f"{READERS}/{stack.reader}/{action}", form, headers
    )


async def begin(stack: Stack, action: str, form: dict[str, str]) -> Any:
    """Ask for the action, which must be accepted; the action as it begins."""
    return good(await ask(stack, action, form))["action"]


async def done(stack: Stack, action: str, form: dict[str, str]) -> Any:
    """Ask for the action; the reader's action at its end."""
    await begin(stack, action, form)
    return await stack.agent.ended(stack.reader)


async def new_setup(stack: Stack, **params: str) -> str:
    """A new SetupIntent for a card that is there; its id."""
    form = {"allowed_payment_method_types[]": "card_present", **params}
    return str(good(await stack.agent.rest.post("/v1/setup_intents", form))["id"])


async def new_customer(stack: Stack) -> str:
    """A new customer; its id."""
    return str(good(await stack.agent.rest.post("/v1/customers", {}))["id"])


async def setup_of(stack: Stack, setup: str) -> Any:
    """The SetupIntent as Stripe has it."""
    return await stack.world.stripe("GET", f"/v1/setup_intents/{setup}")


async def cards_of(stack: Stack, customer: str) -> list[str]:
    """The ids of the cards that Stripe keeps for the customer."""
    path = f"/v1/customers/{customer}/payment_methods?type=card"
    return [each["id"] for each in (await stack.world.stripe("GET", path))["data"]]


async def paid_by_interac(stack: Stack, amount: int = 12_00) -> str:
    """A PaymentIntent that an Interac card has paid at the reader; its id."""
    form = {
        "amount": str(amount),
        "currency": "cad",
        "allowed_payment_method_types[0]": "card_present",
        "allowed_payment_method_types[1]": "interac_present",
    }
    created = good(await stack.agent.rest.post("/v1/payment_intents", form))
    stack.world.customer("interac_approved")
    action = await stack.agent.pay(stack.reader, created["id"])
    assert action["status"] == "succeeded", action
    return str(created["id"])


async def refunds_of(stack: Stack, intent: str) -> list[Any]:
    """What was given back of the intent."""
    listed = await stack.world.stripe("GET", f"/v1/refunds?payment_intent={intent}")
    found: list[Any] = listed["data"]
    return found


async def told(stack: Stack) -> Any:
    """What `/agent/payments` says of the reader's latest action."""
    payment_id = stack.payment().payment_id
    return good(await stack.agent.rest.get(f"/agent/payments/{payment_id}"))
