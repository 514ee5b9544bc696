"""An agent's store for offline payments where a test has none: nothing can be stored."""

from __future__ import annotations

from agent.clock import Clock
from agent.events import EventBus
from agent.ids import Random
from agent.journal.journal import Journal
from agent.offline.forwarder import Forwarder
from agent.offline.payments import OfflinePayments
from agent.offline.vault import Vault
from agent.settings import OfflineKey, OfflineSettings
from agent.stripe_api.client import StripeClient
from agent.stripe_api.connections import Connections


def offline_payments(
    journal: Journal,
    *,
    clock: Clock,
    random: Random,
    events: EventBus | None = None,
    key: OfflineKey | None = None,
    settings: OfflineSettings | None = None,
    is_enabled: bool = False,
) -> OfflinePayments:
    """The real parts, on a Stripe that cannot be reached."""
    chosen = settings or OfflineSettings()
    forwarder = Forwarder(
        journal=journal,
        stripe=StripeClient(
            Connections(),
            api_base="http://127.0.0.1:9",
            key=None,
            api_version="2026-10-28.endive",
            timeout_s=1.0,
        ),
        key=key,
        events=events or EventBus(),
        clock=clock,
        settings=chosen,
        livemode=False,
    )
    vault = Vault(
        journal=journal,
        key=key,
        settings=chosen,
        enabled_at=lambda _: is_enabled,
        known_at=clock.now,
        clock=clock,
        random=random,
        livemode=False,
        accepted=forwarder.wake,
    )
    return OfflinePayments(vault, forwarder)
