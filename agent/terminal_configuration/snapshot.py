"""Stripe's Locations and Configurations as of one moment, and what they say. Pure.

Passwords and passcodes are not kept: the agent has no use for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from agent.journal.terminal_objects import TerminalObject
from agent.stripe_api.objects import JsonObject, text_at
from agent.terminal_configuration.effective import EffectiveConfiguration, effective

ACCOUNT_DEFAULT = "account_default"
"""Under this name the account's default Configuration is kept, whatever its id."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The objects by their names."""

    objects: Mapping[str, TerminalObject]

    @classmethod
    def of(cls, objects: Iterable[TerminalObject], *, livemode: bool) -> Snapshot:
        """Those of `objects` that belong to the mode of the agent's key."""
        kept = {
            each.name: each
            for each in objects
            if each.body is None or each.body.get("livemode") is livemode
        }
        return cls(MappingProxyType(kept))

    def knows(self, location: str | None) -> bool:
        """Whether what counts at this Location has been asked of Stripe."""
        return ACCOUNT_DEFAULT in self.objects and (
            location is None or location in self.objects
        )

    def fetched_at(self) -> datetime | None:
        """When the oldest of the objects was fetched; None where there are none."""
        return min((each.fetched_at for each in self.objects.values()), default=None)

    def effective(self, location: str | None) -> EffectiveConfiguration:
        """What counts at the readers of this Location."""
        overrides = text_at(self._body(location), "configuration_overrides")
        return effective(
            self._body(ACCOUNT_DEFAULT), self._body(overrides), location=location
        )

    def _body(self, name: str | None) -> JsonObject | None:
        kept = None if name is None else self.objects.get(name)
        return None if kept is None else kept.body


def without_secrets(configuration: JsonObject) -> JsonObject:
    """The Configuration without passwords; that they are set still shows."""
    shown = dict(configuration)
    if "wifi" in shown:
        shown["wifi"] = {"type": text_at(configuration, "wifi", "type")}
    if "reader_security" in shown:
        shown["reader_security"] = {}
    return shown
