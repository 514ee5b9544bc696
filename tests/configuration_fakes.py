"""What the REST API's tests know of Locations and Configurations."""

from __future__ import annotations

from collections.abc import Sequence

from agent.stripe_api.objects import JsonObject
from agent.terminal_configuration.configurations import Freshness
from agent.terminal_configuration.effective import EffectiveConfiguration, effective


class FakeConfigurations:
    """Fulfils agent.rest.services.Configurations; a test says what Stripe has."""

    def __init__(self) -> None:
        self.account_default: JsonObject | None = None
        self.overrides: dict[str | None, JsonObject] = {}
        """The Configurations of Locations, by the Location."""
        self.state = Freshness(None, None, problem=None)
        self.times_outdated = 0
        self.objects: list[JsonObject] = []
        """What is kept for a start without network."""

    async def known(self, location: str | None) -> EffectiveConfiguration:
        return effective(
            self.account_default, self.overrides.get(location), location=location
        )

    def freshness(self) -> Freshness:
        return self.state

    def kept(self) -> Sequence[JsonObject]:
        return self.objects

    def outdated(self) -> None:
        self.times_outdated += 1
