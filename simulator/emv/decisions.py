"""How an issuer decides, and how each refusal is told to Stripe and to the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.cards.card import Account, Decision

APPROVED_RESPONSE_CODE = "00"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A decline in the words of both sides."""

    code: str
    """Stripe's error code; the decline code is the Decision itself."""
    response_code: str
    """Tag 8A, ISO 8583 field 39."""


# Stripe's documented amounts: the last two digits of the minor units decide.
AMOUNT_ENDINGS: Mapping[int, Decision] = {
    1: Decision.CALL_ISSUER,
    2: Decision.OFFLINE_PIN_REQUIRED,
    3: Decision.ONLINE_OR_OFFLINE_PIN_REQUIRED,
    5: Decision.GENERIC_DECLINE,
    55: Decision.INCORRECT_PIN,
    65: Decision.WITHDRAWAL_COUNT_LIMIT_EXCEEDED,
    75: Decision.PIN_TRY_EXCEEDED,
}

REFUSALS: Mapping[Decision, Refusal] = {
    Decision.CALL_ISSUER: Refusal("card_declined", "01"),
    Decision.EXPIRED_CARD: Refusal("expired_card", "54"),
    Decision.GENERIC_DECLINE: Refusal("card_declined", "05"),
    Decision.INCORRECT_PIN: Refusal("card_declined", "55"),
    Decision.INSUFFICIENT_FUNDS: Refusal("card_declined", "51"),
    Decision.INVALID_ACCOUNT: Refusal("card_declined", "14"),
    Decision.LOST_CARD: Refusal("card_declined", "41"),
    Decision.OFFLINE_PIN_REQUIRED: Refusal("card_declined", "1A"),
    Decision.ONLINE_OR_OFFLINE_PIN_REQUIRED: Refusal("card_declined", "1A"),
    Decision.PIN_TRY_EXCEEDED: Refusal("card_declined", "75"),
    Decision.PROCESSING_ERROR: Refusal("processing_error", "96"),
    Decision.STOLEN_CARD: Refusal("card_declined", "43"),
    Decision.WITHDRAWAL_COUNT_LIMIT_EXCEEDED: Refusal("card_declined", "65"),
}


_SETTLED_BY_PIN = (
    Decision.OFFLINE_PIN_REQUIRED,
    Decision.ONLINE_OR_OFFLINE_PIN_REQUIRED,
)


def decide(account: Account, amount: int, *, is_pin_verified: bool = False) -> Decision:
    """The account's own fate first, then the documented endings of `amount`.

    Who asks for a PIN is content once one was verified.
    """
    ending = AMOUNT_ENDINGS.get(amount % 100, Decision.APPROVE)
    for decision in (account.decision, ending):
        if decision in _SETTLED_BY_PIN and is_pin_verified:
            continue
        if decision is not Decision.APPROVE:
            return decision
    return Decision.APPROVE
