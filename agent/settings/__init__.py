"""What the administrator chose: read once, checked, frozen."""

from agent.settings.accounts import (
    AccountSettings,
    account_files,
    account_folder,
    check_account_name,
    load_account,
)
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
    "AccountSettings",
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
    "account_files",
    "account_folder",
    "check_account_name",
    "load_account",
    "load_settings",
    "read_fleet_password",
    "read_offline_key",
    "read_stripe_key",
]
