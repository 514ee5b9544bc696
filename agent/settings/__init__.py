"""What the administrator chose: read once, checked, frozen."""

from agent.settings.fleet_password import read_fleet_password
from agent.settings.load import load_settings
from agent.settings.models import (
    CliSettings,
    EventSettings,
    FirmwareSettings,
    FleetSettings,
    LogSettings,
    OfflineSettings,
    PaymentSettings,
    ReaderSettings,
    RestSettings,
    Settings,
    StripeSettings,
    TerminalSettings,
)
from agent.settings.offline_key import OfflineKey, read_offline_key
from agent.settings.stripe_key import StripeKey, read_stripe_key

__all__ = [
    "CliSettings",
    "EventSettings",
    "FirmwareSettings",
    "FleetSettings",
    "LogSettings",
    "OfflineKey",
    "OfflineSettings",
    "PaymentSettings",
    "ReaderSettings",
    "RestSettings",
    "Settings",
    "StripeKey",
    "StripeSettings",
    "TerminalSettings",
    "load_settings",
    "read_fleet_password",
    "read_offline_key",
    "read_stripe_key",
]
