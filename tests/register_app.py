"""The least of a register app, at an agent in another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from examples.launch import call


@dataclass(frozen=True)
class Register:
    """A register app at one agent."""

    url: str
    key: str

    def reader(self, registration_code: str) -> str:
        """Register the reader; its id."""
        found = self._call(
            "/v1/terminal/readers", {"registration_code": registration_code}
        )
        return str(found["id"])

    def intent(self) -> str:
        """A new PaymentIntent over 12.00 USD; its id."""
        body = {
            "amount": 1200,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
        }
        return str(self._call("/v1/payment_intents", body)["id"])

    def process(self, reader: str, intent: str) -> dict[str, Any]:
        """Take the payment; the action as it ended."""
        path = f"/v1/terminal/readers/{reader}/process_payment_intent"
        answer = self._call(path, {"payment_intent": intent})
        action: dict[str, Any] = answer["action"]
        return action

    def action(self, reader: str) -> dict[str, Any] | None:
        """What the reader says of its last action."""
        shown: dict[str, Any] | None = self._call(f"/v1/terminal/readers/{reader}")[
            "action"
        ]
        return shown

    def _call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Prefer": "wait=30", "Stripe-Version": "2026-10-28.endive"}
        status, answer = call(f"{self.url}{path}", body, key=self.key, headers=headers)
        assert status == 200, answer
        return answer
