"""A whole simulator in this process, with a few seeds, asked as over HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from control_client import JsonAnswer, ask

from simulator.app import Simulator, build_simulator
from simulator.clock import ManualClock

KEY = {"authorization": "Bearer sk_test_simulator0123456789"}
LIVE_KEY = {"authorization": "Bearer sk_live_simulator0123456789"}
CUSTOMER = {"id": "cus_ada", "object": "customer", "email": "ada@example.com"}
LOCATION = {
    "id": "tml_shop",
    "object": "terminal.location",
    "display_name": "Shop",
    "address": {
        "line1": "Unter den Linden 1",
        "city": "Berlin",
        "postal_code": "10117",
        "country": "DE",
    },
}
READER = {
    "id": "tmr_counter",
    "object": "terminal.reader",
    "device_type": "simulated_wisepos_e",
    "location": "tml_shop",
}
INTENT = {
    "id": "pi_coffee",
    "object": "payment_intent",
    "amount": 450,
    "currency": "usd",
    "customer": "cus_ada",
    "payment_method_types": ["card_present"],
}
SEEDS = [CUSTOMER, LOCATION, READER, INTENT]


class Run:
    """One simulator, asked over HTTP."""

    def __init__(self, simulator: Simulator, clock: ManualClock) -> None:
        self.simulator = simulator
        self.clock = clock

    async def get(self, path: str, *, headers: dict[str, str] = KEY) -> Any:
        """What Stripe's API answers."""
        answer = await ask(self.simulator.app, "GET", f"/v1/{path}", headers=headers)
        return answer.content

    async def post(self, path: str, form: str = "", *, key: str = "") -> Any:
        """A change that must succeed, under an idempotency key where there is one."""
        headers = KEY | ({"idempotency-key": key} if key else {})
        answer = await ask(
            self.simulator.app,
            "POST",
            f"/v1/{path}",
            body=form.encode(),
            headers=headers,
        )
        assert answer.status == 200, answer.content
        return answer.content

    async def control(self, method: str, path: str, body: object = None) -> JsonAnswer:
        """One request to the control routes."""
        return await ask(self.simulator.app, method, f"/simulator/{path}", body=body)

    async def pay(self, intent: str = "pi_coffee") -> Any:
        """A payment on the seeded reader."""
        await self.post(
            "terminal/readers/tmr_counter/process_payment_intent",
            f"payment_intent={intent}",
        )
        await self.post(
            "test_helpers/terminal/readers/tmr_counter/present_payment_method"
        )
        return await self.get(f"payment_intents/{intent}")


@contextlib.asynccontextmanager
async def running(
    *, seeds: Any = (), state: Path | None = None, clock: ManualClock | None = None
) -> AsyncIterator[Run]:
    clock = clock or ManualClock()
    simulator = build_simulator(clock=clock, seeds=seeds, state_file=state)
    async with simulator.stripe_api.running():
        yield Run(simulator, clock)
