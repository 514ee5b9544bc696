"""What the simulated acquirer agrees to for one authorization. Pure.

The account is a restaurant in the United States, so that Stripe's flexible
authorizations are there; only the card's brand and network and the currency decide.
"""

from __future__ import annotations

from simulator.stripe_api.resources.payment_intents.fields import PaymentIntent

_DAY_S = 24 * 60 * 60
HOLD_S = 2 * _DAY_S
EXTENDED_HOLD_S = 30 * _DAY_S
EXTENDED_HOLD_OF_VISA_S = 29 * _DAY_S + 18 * 60 * 60

_FLEXIBLE_BRANDS = frozenset({"amex", "discover", "mastercard", "visa"})
_SINGLE_MESSAGE_NETWORKS = frozenset({"eftpos_au", "interac"})
"""There is no capturing later: the first message takes the money."""

_LEAST_TOLERANCE = 50_00
"""In US cents; half the authorized amount where that is more."""


def is_held(intent: PaymentIntent, *, network: str) -> bool:
    """Whether the amount is only held, for another request to capture."""
    if network in _SINGLE_MESSAGE_NETWORKS:
        return False
    return intent["capture_method"] == "manual" or _option(intent, "capture_method")


def hold_s(intent: PaymentIntent, *, brand: str) -> int:
    """How long a hold lasts."""
    if not _option(intent, "request_extended_authorization"):
        return HOLD_S
    if brand not in _FLEXIBLE_BRANDS:
        return HOLD_S
    return EXTENDED_HOLD_OF_VISA_S if brand == "visa" else EXTENDED_HOLD_S


def may_be_raised(intent: PaymentIntent, *, brand: str) -> bool:
    """Whether the issuer can be asked to hold more."""
    is_requested = _option(intent, "request_incremental_authorization_support")
    return is_requested and brand in _FLEXIBLE_BRANDS


def may_be_overcaptured(intent: PaymentIntent, *, brand: str) -> bool:
    """Whether more can be captured than is held, as for a tip on the receipt."""
    return intent["currency"] == "usd" and brand in _FLEXIBLE_BRANDS


def most_capturable(authorized: int) -> int:
    """The most that can be captured of an authorization that may be overcaptured."""
    return authorized + max(authorized // 2, _LEAST_TOLERANCE)


def _option(intent: PaymentIntent, name: str) -> bool:
    options = intent["payment_method_options"].get("card_present", {})
    return bool(options.get(name))
