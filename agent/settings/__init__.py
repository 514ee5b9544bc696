"""What the administrator chose: read once, checked, frozen."""

from agent.settings.load import load_settings
from agent.settings.models import (
    FirmwareSettings,
    LogSettings,
    PaymentSettings,
    ReaderSettings,
    RestSettings,
    Settings,
    StripeSettings,
    TerminalSettings,
)
from agent.settings.stripe_key import StripeKey, read_stripe_key

__all__ = [
    "FirmwareSettings",
    "LogSettings",
    "PaymentSettings",
    "ReaderSettings",
    "RestSettings",
    "Settings",
    "StripeKey",
    "StripeSettings",
    "TerminalSettings",
    "load_settings",
    "read_stripe_key",
]
