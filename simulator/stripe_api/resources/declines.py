"""What Stripe says about a declined card: message, advice and outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from simulator.stripe_api.engine.errors import doc_url


class Decline(Protocol):
    """An issuer's no, in the words of both sides."""

    @property
    def code(self) -> str:
        """Stripe's error code, such as `card_declined`."""
        ...

    @property
    def decline_code(self) -> str:
        """Stripe's word for the issuer's reason."""
        ...

    @property
    def response_code(self) -> str:
        """The network's own code for it."""
        ...


_MESSAGES: Mapping[str, str] = {
    "expired_card": "Your card has expired.",
    "authentication_required": (
        "Your card was declined. This transaction requires authentication."
    ),
    "incorrect_cvc": "Your card's security code is incorrect.",
    "incorrect_pin": "Your card's PIN is incorrect.",
    "processing_error": (
        "An error occurred while processing your card. Try again in a little bit."
    ),
    "insufficient_funds": "Your card has insufficient funds.",
}
"""By error code first, then by decline code; any other card was just declined."""

_DECLINED = "Your card was declined."

_CONFIRM_CARD_DATA = ("expired_card", "incorrect_pin", "invalid_account")
_TRY_AGAIN_LATER = (
    *("call_issuer", "generic_decline", "insufficient_funds", "issuer_not_available"),
    *("processing_error", "reenter_transaction", "try_again_later"),
    *("withdrawal_count_limit_exceeded", "offline_pin_required"),
    *("online_or_offline_pin_required",),
)


def message(declined: Decline) -> str:
    """Stripe's sentence for people."""
    for code in (declined.code, declined.decline_code):
        if code in _MESSAGES:
            return _MESSAGES[code]
    return _DECLINED


def advice(declined: Decline) -> str:
    """Stripe's `advice_code`: what the merchant should do next."""
    if declined.decline_code in _CONFIRM_CARD_DATA:
        return "confirm_card_data"
    if declined.decline_code in _TRY_AGAIN_LATER:
        return "try_again_later"
    return "do_not_try_again"


def error_details(declined: Decline, *, charge_id: str) -> Mapping[str, Any]:
    """The members that Stripe's card error and `last_payment_error` share."""
    return {
        "advice_code": advice(declined),
        "charge": charge_id,
        "code": declined.code,
        "decline_code": declined.decline_code,
        "doc_url": doc_url(declined.code),
        "message": message(declined),
        "network_decline_code": declined.response_code,
    }
