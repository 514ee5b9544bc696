"""What a virtual card is: plain values, without keys and without cryptography.

The number is kept out of every `repr`, so that it never reaches a log or a message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Entry(StrEnum):
    """How a card can be given to a reader."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"
    SWIPE = "swipe"


class Behaviour(StrEnum):
    """What the card itself does when read, whatever its issuer thinks."""

    NORMAL = "normal"
    CHIP_UNREADABLE = "chip_unreadable"
    """The chip never answers; the reader asks for the stripe instead."""
    STRIPE_UNREADABLE = "stripe_unreadable"
    """The stripe is worn out; the chip is good."""
    REMOVED_EARLY = "removed_early"
    """The cardholder pulls the card while it is read; the issuer is never asked."""
    REMOVED_BEFORE_COMPLETION = "removed_before_completion"
    """The card is gone when the issuer's answer arrives."""
    COLLISION = "collision"
    """A wallet with two cards: the reader asks for one of them."""
    STRIPE_TAP = "stripe_tap"
    """A tap gives stripe data (MSD), where the reader still knows that."""
    REFUSES_AFTER_APPROVAL = "refuses_after_approval"
    """The issuer approves and the chip still answers the second GENERATE AC with AAC."""


class Verification(StrEnum):
    """How the cardholder is verified.

    A reader without a keypad takes a PIN as entered and right.
    """

    NONE = "none"
    SIGNATURE = "signature"
    OFFLINE_PIN = "offline_pin"
    ONLINE_PIN = "online_pin"
    DEVICE = "device"
    """On the cardholder's own phone or watch."""


class Decision(StrEnum):
    """What the issuer makes of this card: approve, or a decline code of Stripe's."""

    APPROVE = "approve"
    CALL_ISSUER = "call_issuer"
    EXPIRED_CARD = "expired_card"
    GENERIC_DECLINE = "generic_decline"
    INCORRECT_PIN = "incorrect_pin"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    INVALID_ACCOUNT = "invalid_account"
    LOST_CARD = "lost_card"
    OFFLINE_PIN_REQUIRED = "offline_pin_required"
    ONLINE_OR_OFFLINE_PIN_REQUIRED = "online_or_offline_pin_required"
    PIN_TRY_EXCEEDED = "pin_try_exceeded"
    PROCESSING_ERROR = "processing_error"
    STOLEN_CARD = "stolen_card"
    WITHDRAWAL_COUNT_LIMIT_EXCEEDED = "withdrawal_count_limit_exceeded"


@dataclass(frozen=True, slots=True)
class Account:
    """What the issuer knows; several cards may belong to one account."""

    number: str = field(repr=False)
    """The PAN: a published test number, digits only."""
    brand: str
    """Stripe's word: `visa`, `mastercard`, `amex` …"""
    network: str
    funding: str
    """`credit`, `debit` or `prepaid`."""
    country: str
    """ISO 3166 alphabetic, upper case."""
    issuer: str
    exp_month: int
    exp_year: int
    decision: Decision
    pin: str = field(repr=False)
    """What a cardholder has to type."""
    issuer_scripts: bytes = field(default=b"", repr=False)
    """What its cards are sent with an approval: 71 and 72, TLV."""

    @property
    def last4(self) -> str:
        """The last four digits, which may be shown."""
        return self.number[-4:]

    @property
    def iin(self) -> str:
        """The issuer identification number: the first six digits."""
        return self.number[:6]


@dataclass(frozen=True, slots=True)
class Application:
    """The payment application on the chip."""

    identifier: str
    """AID, upper-case hex."""
    label: str
    """Tag 50."""
    preferred_name: str
    """Tag 9F12, as printed on receipts."""


@dataclass(frozen=True, slots=True)
class Card:
    """One piece of plastic (or phone) that can be presented to a reader."""

    name: str
    about: str
    """One sentence for the list of cards."""
    account: Account
    application: Application
    sequence_number: int
    """Tag 5F34: tells cards of one account apart."""
    cardholder_name: str
    """ISO 7813, such as `CARDHOLDER/TEST`."""
    service_code: str
    entries: frozenset[Entry]
    behaviour: Behaviour
    verification: Verification
