"""What counts at a reader, setting by setting, and where each value comes from. Pure.

A setting is one top-level section of Stripe's Configuration, such as `tipping`: the
Location's Configuration has it, or the account's default, or nobody. A section is
taken whole, never put together from two Configurations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from agent.stripe_api.objects import Json, JsonObject, number_at, object_at


class Source(StrEnum):
    """Where the value of a setting comes from."""

    LOCATION = "location"
    """The Configuration that the reader's Location names."""
    ACCOUNT_DEFAULT = "account_default"
    BUILT_IN = "built_in"
    """Nobody has set it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it counts."""

    value: Json
    source: Source


@dataclass(frozen=True, slots=True)
class Tipping:
    """What a currency's tip screen offers; `tipping` of a Configuration."""

    percentages: tuple[int, ...] = ()
    fixed_amounts: tuple[int, ...] = ()
    """Minor units."""
    smart_tip_threshold: int | None = None
    """Below this amount the fixed amounts are offered, from it on the percentages."""


BUILT_IN: Mapping[str, Json] = MappingProxyType(
    {"offline": {"enabled": False}, "reboot_window": None, "tipping": None}
)
"""What counts where nobody has set anything; every other setting is then absent."""

_NO_SETTINGS = frozenset({"id", "object", "is_account_default", "livemode", "name"})


@dataclass(frozen=True, slots=True)
class EffectiveConfiguration:
    """All that counts at the readers of one Location, or of none."""

    settings: Mapping[str, Setting]
    location: str | None = None
    """`tml_…`: the readers' Location."""
    location_configuration: str | None = None
    """`tmc_…`: the Configuration that the Location names."""
    account_default: str | None = None
    """`tmc_…`; None before Stripe was ever asked."""

    @property
    def is_offline_enabled(self) -> bool:
        """Whether payments may be stored while Stripe cannot be reached."""
        offline = self.settings["offline"].value
        return isinstance(offline, dict) and offline.get("enabled") is True

    def tipping(self, currency: str) -> Tipping | None:
        """The tip screen for a currency (lower case); None where there is none."""
        tips = object_at(self.settings["tipping"].value, currency)
        percentages = _numbers(tips.get("percentages"))
        fixed_amounts = _numbers(tips.get("fixed_amounts"))
        if not percentages and not fixed_amounts:
            return None
        threshold = number_at(tips, "smart_tip_threshold")
        return Tipping(percentages, fixed_amounts, threshold)


def effective(
    account_default: JsonObject | None,
    overrides: JsonObject | None,
    *,
    location: str | None,
) -> EffectiveConfiguration:
    """The account's default with what the Location's own Configuration overrides.

    Both as Stripe has them; None for one that does not exist, or is not known.
    """
    settings = {
        name: Setting(value, Source.BUILT_IN) for name, value in BUILT_IN.items()
    }
    for configuration, source in (
        (account_default, Source.ACCOUNT_DEFAULT),
        (overrides, Source.LOCATION),
    ):
        for name, value in (configuration or {}).items():
            if name not in _NO_SETTINGS and value is not None:
                settings[name] = Setting(value, source)
    return EffectiveConfiguration(
        MappingProxyType(dict(sorted(settings.items()))),
        location=location,
        location_configuration=_id_of(overrides),
        account_default=_id_of(account_default),
    )


def differences(
    before: EffectiveConfiguration, after: EffectiveConfiguration
) -> tuple[str, ...]:
    """The names of the settings that are not what they were, sorted."""
    names = before.settings.keys() | after.settings.keys()
    return tuple(
        sorted(
            name
            for name in names
            if before.settings.get(name) != after.settings.get(name)
        )
    )


def _id_of(configuration: JsonObject | None) -> str | None:
    found = (configuration or {}).get("id")
    return found if isinstance(found, str) else None


def _numbers(value: Json) -> tuple[int, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        item for item in value if isinstance(item, int) and not isinstance(item, bool)
    )
