"""Held money as the REST API's own tests have it."""

from __future__ import annotations

from agent.ids import PaymentIntentId
from agent.payments.hold_watch import ExpiringHold


class FakeHolds:
    """Fulfils agent.rest.services.Holds; nothing is held unless a test says so."""

    def __init__(self) -> None:
        self.held: list[ExpiringHold] = []
        self.looked_at: list[PaymentIntentId] = []

    def expiring(self) -> list[ExpiringHold]:
        return self.held

    def look(self, payment_intent: PaymentIntentId) -> None:
        self.looked_at.append(payment_intent)
