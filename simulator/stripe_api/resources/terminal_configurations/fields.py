"""The Configuration as an object, and which one counts for a reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from simulator.stripe_api.engine.store import Kind, Store

Setting = Mapping[str, Any]


class Configuration(TypedDict):
    """Stripe's terminal Configuration; a setting that is absent is inherited."""

    id: str
    object: str
    bbpos_wisepad3: NotRequired[Setting]
    bbpos_wisepos_e: NotRequired[Setting]
    cellular: NotRequired[Setting]
    is_account_default: bool
    livemode: bool
    name: str | None
    offline: NotRequired[Setting]
    reader_security: NotRequired[Setting]
    reboot_window: NotRequired[Setting]
    stripe_s700: NotRequired[Setting]
    stripe_s710: NotRequired[Setting]
    stripe_t600: NotRequired[Setting]
    tipping: NotRequired[Setting]
    verifone_m425: NotRequired[Setting]
    verifone_p400: NotRequired[Setting]
    verifone_p630: NotRequired[Setting]
    verifone_ux700: NotRequired[Setting]
    verifone_v660p: NotRequired[Setting]
    wifi: NotRequired[Setting]


SCREENS = (
    "bbpos_wisepad3",
    "bbpos_wisepos_e",
    "stripe_s700",
    "stripe_s710",
    "stripe_t600",
    "verifone_m425",
    "verifone_p400",
    "verifone_p630",
    "verifone_ux700",
    "verifone_v660p",
)
"""Settings that hold a splash screen for one type of reader."""

CONFIGURATIONS = Kind[Configuration](
    name="terminal.configuration",
    prefix="tmc",
    noun="configuration",
    indexes=("is_account_default",),
    expandable={f"{screen}.splashscreen": "file" for screen in SCREENS},
    shape=Configuration,
)


def account_default(store: Store) -> Configuration:
    """The configuration of readers whose location has none; there is always one."""
    return store.of(CONFIGURATIONS).having("is_account_default", True)[0]


def effective(store: Store, configuration_id: str | None) -> Mapping[str, Any]:
    """What counts at a location: its configuration's settings, else the default's."""
    own = store.of(CONFIGURATIONS).get(configuration_id or "")
    return {**account_default(store), **(own or {})}
