"""Asking Stripe for all that counts at some Locations. All or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agent.journal.terminal_objects import TerminalObject
from agent.stripe_api import terminal_objects
from agent.stripe_api.client import StripeClient
from agent.stripe_api.objects import JsonObject, text_at
from agent.terminal_configuration.snapshot import ACCOUNT_DEFAULT, without_secrets


async def fetch(
    stripe: StripeClient, *, locations: Iterable[str], at: datetime
) -> list[TerminalObject]:
    """The account's default, these Locations, and the Configurations they name.

    Raises StripeRefused, StripeUnreachable, AnswerLost or StripeKeyMissing.
    """
    default = await terminal_objects.account_default(stripe)
    found: dict[str, JsonObject | None] = {ACCOUNT_DEFAULT: without_secrets(default)}
    for location_id in sorted(set(locations)):
        location = await terminal_objects.location(stripe, location_id)
        found[location_id] = location
        overrides = text_at(location, "configuration_overrides")
        if overrides is not None and overrides not in found:
            own = await terminal_objects.configuration(stripe, overrides)
            found[overrides] = None if own is None else without_secrets(own)
    return [TerminalObject(name, body, fetched_at=at) for name, body in found.items()]
