"""The question a payment asks the simulated issuer, and its answers.

The seam between the simulated Stripe API (which asks) and the simulated issuer
(which knows the keys). No PAN or track crosses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.protocol import emv


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """Encrypted card data with the amount they are presented for."""

    ciphertext: bytes
    ksn: bytes
    read_method: str
    """Stripe's `read_method`, such as `contact_emv`."""
    amount: int
    """Minor units."""
    currency: str
    """ISO 4217 alphabetic, lower case."""
    transaction_type: int = emv.SALE
    """What the chip must have signed it for (tag 9C, format n)."""


@dataclass(frozen=True, slots=True)
class PresentedCard:
    """What may be told about the card: Stripe's card_present details."""

    brand: str
    funding: str
    country: str
    last4: str
    iin: str
    exp_month: int
    exp_year: int
    fingerprint: str
    issuer: str
    description: str
    cardholder_name: str | None
    network: str
    dedicated_file_name: str | None
    """AID in upper-case hex; None for a swipe, like the four below."""
    application_preferred_name: str | None
    application_cryptogram: str | None
    terminal_verification_results: str | None
    transaction_status_information: str | None
    cardholder_verification_method: str | None


@dataclass(frozen=True, slots=True)
class Approved:
    """The issuer will pay."""

    card: PresentedCard
    authorization_code: str
    response_code: str
    emv_auth_data: str | None
    """Upper-case hex TLV for the card (8A, 91); None for a swipe."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The issuer will not pay, and says why in Stripe's words."""

    card: PresentedCard
    code: str
    """Stripe's error code: `card_declined`, `expired_card`, `incorrect_pin` …"""
    decline_code: str
    response_code: str
    emv_auth_data: str | None


class Issuer(Protocol):
    """Decides an authorization."""

    def authorize(self, request: AuthorizationRequest) -> Approved | Declined:
        """Decrypt, check the cryptogram, decide.

        A wrong cryptogram is a decline (`card_declined`, `invalid_account`);
        undecryptable data raise CardDataUnreadable.
        """
        ...
