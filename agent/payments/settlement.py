"""Whom to ask about a payment's money, and how patiently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent.clock import Clock, doubling
from agent.offline.vault import Vault
from agent.settings import PaymentSettings
from agent.stripe_api.client import StripeClient

FIRST_WAIT_S = 0.25
"""Before asking again; doubles up to `payments.settle_retry_max_s`."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What finding out and giving back need."""

    stripe: StripeClient
    clock: Clock
    settings: PaymentSettings
    offline: Vault | None = None
    """Where payments are stored while Stripe cannot be reached; None for nowhere."""

    def waits(self) -> Iterator[float]:
        """Seconds between one question and the next, without end."""
        return doubling(FIRST_WAIT_S, max_s=self.settings.settle_retry_max_s)
