"""What registers ask of readers, as they send it: one frozen value an action. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from agent.ids import PaymentIntentId

Sent = dict[str, str | int | bool]
"""Parameters as a register sent them, flat; never card data."""


@dataclass(frozen=True, slots=True)
class ProcessPaymentIntent:
    """`process_payment_intent`; None is "not sent"."""

    action: ClassVar[str] = "process_payment_intent"

    payment_intent: PaymentIntentId
    skip_tipping: bool | None = None
    enable_customer_cancellation: bool | None = None
    allow_redisplay: str | None = None
    return_url: str | None = None
    amount_eligible: int | None = None

    def parameters(self) -> Sent:
        """What was sent besides the intent, flat."""
        return _sent(
            skip_tipping=self.skip_tipping,
            enable_customer_cancellation=self.enable_customer_cancellation,
            allow_redisplay=self.allow_redisplay,
            return_url=self.return_url,
            amount_eligible=self.amount_eligible,
        )


Wanted = ProcessPaymentIntent
"""An action that a reader can be asked for."""


def _sent(**parameters: str | int | bool | None) -> Sent:
    return {name: value for name, value in parameters.items() if value is not None}
