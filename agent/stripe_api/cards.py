"""A card as a reader encrypted it, on its way to Stripe, and Stripe's no to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.stripe_api.errors import StripeRefused

_MAGNETIC = frozenset({"magnetic_stripe_track2", "magnetic_stripe_fallback"})


@dataclass(frozen=True, slots=True)
class ConfirmCard:
    """A card as the reader encrypted it."""

    read_method: str
    """Stripe's, such as `contact_emv`."""
    ciphertext: bytes = field(repr=False)
    ksn: bytes = field(repr=False)
    """DUKPT key serial number."""
    reader: str
    """`tmr_…`: who read it."""
    tip: int | None = None
    """Chosen at the reader, on top of the intent's amount; the card has signed both."""
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the refund that is made to it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Stripe or the issuer will not do it with this card; another may be tried."""

    code: str
    decline_code: str | None
    message: str
    charge: str | None


def payment_method_data(
    card: ConfirmCard, *, stored_at: int | None = None
) -> dict[str, object]:
    """The card as a request's `payment_method_data`.

    `stored_at` is the Unix time at which it was read, where that was without network.
    """
    content = "track_2" if card.read_method in _MAGNETIC else "emv_data"
    read: dict[str, object] = {
        "read_method": card.read_method,
        content: card.ciphertext.hex().upper(),
        "ksn": card.ksn.hex().upper(),
        "reader": card.reader,
        "amount_tip": card.tip,
    }
    if stored_at is not None:
        read["offline"] = {"stored_at": stored_at, "type": "deferred"}
    return {"type": "card_present", "card_present": read}


def refusal_of(refused: StripeRefused) -> Refused:
    """The refusal of the card itself; raises `refused` where it is about the request."""
    error = refused.error
    if error.status != 402 or error.type != "card_error":
        raise refused
    return Refused(
        error.code or "card_declined",
        error.decline_code,
        error.message,
        charge=error.charge,
    )
