"""Whether a reader asks for a tip, and what it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.stripe_api.engine.errors import ParameterInvalid
from simulator.stripe_api.engine.parameters import Fields, Integer, Values
from simulator.stripe_api.resources.payment_intents.fields import PaymentIntent
from simulator.stripe_api.resources.terminal_configurations.fields import effective
from simulator.stripe_api.resources.terminal_locations import LOCATIONS
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.tips import Suggestion, suggestions

TIPPING = Fields({"amount_eligible": Integer(minimum=0)})


def check_tipping(config: Values, *, name: str) -> None:
    """Raise ParameterInvalid for a wish to tip and not to; `name` is the config's."""
    if config.get("skip_tipping") and config.get("tipping", {}).get("amount_eligible"):
        raise ParameterInvalid(
            f"You may only specify one of these parameters: {name}[skip_tipping], "
            f"{name}[tipping][amount_eligible].",
            param=f"{name}[tipping][amount_eligible]",
        )


def may_be_tipped(config: Mapping[str, Any]) -> bool:
    """Whether the order lets the reader ask for a tip at all."""
    eligible = (config.get("tipping") or {}).get("amount_eligible")
    return not config.get("skip_tipping") and eligible != 0


def proposed_tips(
    turn: Turn, intent: PaymentIntent, config: Mapping[str, Any]
) -> list[Suggestion]:
    """What the tip screen offers; nothing where there is no such screen."""
    if not may_be_tipped(config):
        return []
    eligible = (config.get("tipping") or {}).get("amount_eligible")
    settings = _settings(turn, intent["currency"])
    if settings is None:
        return []
    return suggestions(settings, base=eligible or intent["amount"])


def configuration_of(turn: Turn) -> str | None:
    """The id of the configuration of the reader's location, if it has one."""
    location = turn.call.store.of(LOCATIONS).get(turn.reader["location"] or "")
    return None if location is None else location.get("configuration_overrides")


def _settings(turn: Turn, currency: str) -> Mapping[str, Any] | None:
    """The tipping settings in force at the reader, for a currency."""
    configuration = effective(turn.call.store, configuration_of(turn))
    tipping: Mapping[str, Any] = configuration.get("tipping") or {}
    return tipping.get(currency)
