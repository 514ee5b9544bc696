"""Cards as readers read them, and how a local reader's data come in a request.

`payment_method_data[card_present]` is the simulator's own addition: Stripe takes card
data from its own readers only, over an interface that is not public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulator.stripe_api.engine.errors import (
    InvalidRequest,
    ParameterInvalid,
    ParameterMissing,
)
from simulator.stripe_api.engine.metadata import Metadata
from simulator.stripe_api.engine.parameters import (
    Anything,
    Choice,
    Fields,
    Hexadecimal,
    Integer,
    Required,
    Text,
    Values,
)
from simulator.stripe_api.resources.billing import BILLING_DETAILS
from simulator.stripe_api.resources.errors import CardUnreadable
from simulator.stripe_api.resources.online_cards.typed_card import CARD
from simulator.stripe_api.resources.payment_method_types import (
    OPTION_NAMES,
    PaymentMethodType,
)

READ_METHODS = (
    "contact_emv",
    "contactless_emv",
    "contactless_magstripe_mode",
    "magnetic_stripe_fallback",
    "magnetic_stripe_track2",
)

PAYMENT_METHOD_DATA = Fields(
    {
        **{name: Anything() for name in OPTION_NAMES if name != "card"},
        "allow_redisplay": Choice(("always", "limited", "unspecified")),
        "billing_details": BILLING_DETAILS,
        "card": CARD,
        "card_present": Fields(
            {
                "amount_tip": Integer(minimum=0),
                "emv_data": Hexadecimal(maximum_bytes=8192),
                "track_2": Hexadecimal(maximum_bytes=1024),
                "ksn": Required(Hexadecimal(maximum_bytes=12)),
                "offline": Fields(
                    {
                        "stored_at": Required(Integer(minimum=1)),
                        "type": Required(Choice(("deferred",))),
                    }
                ),
                "read_method": Required(Choice(READ_METHODS)),
                "reader": Text(255),
            }
        ),
        "metadata": Metadata(),
        "radar_options": Anything(),
        "type": Required(PaymentMethodType()),
    }
)
"""Stripe's `payment_method_data`, with what a local reader encrypted."""

CARD_TYPES = frozenset({"card_present", "interac_present"})
"""The payment method types of cards that are read."""

_DATA = "payment_method_data"
_CARD = f"{_DATA}[card_present]"


@dataclass(frozen=True, slots=True)
class CardRead:
    """A card as a reader read it: encrypted, for the issuer's eyes."""

    ciphertext: bytes = field(repr=False)
    ksn: bytes
    read_method: str
    type: str | None = None
    """The payment method type; None for what the card turns out to be."""
    reader: str | None = None
    location: str | None = None
    tip: int | None = None
    """Chosen at the reader, on top of the amount; None where nobody was asked."""
    offline: Mapping[str, object] | None = None
    """`stored_at` and `type`, where the card was read without network."""


def card_type(brand: str) -> str:
    """The payment method type as which a present card of this brand is taken."""
    return "interac_present" if brand == "interac" else "card_present"


def local_card_read(
    data: Values, *, allowed: Sequence[str], intent: str, code: str
) -> CardRead:
    """The card in `payment_method_data`; raises InvalidRequest where it does not fit.

    `allowed` are the payment method types of the intent, which errors call `intent`;
    `code` is the error's where the type is not among them. A reader sends every card
    as `card_present`: what it is, the issuer finds out.
    """
    takes_cards = not CARD_TYPES.isdisjoint(allowed)
    if data["type"] != "card_present" or not takes_cards:
        raise not_allowed(data["type"], allowed=allowed, intent=intent, code=code)
    if "card_present" not in data:
        raise ParameterMissing(_CARD)
    card: Values = data["card_present"]
    if ("emv_data" in card) == ("track_2" in card):
        raise ParameterInvalid(
            f"Exactly one of {_CARD}[emv_data] and {_CARD}[track_2] must be sent.",
            param=_CARD,
        )
    return CardRead(
        ciphertext=card["emv_data"] if "emv_data" in card else card["track_2"],
        ksn=card["ksn"],
        read_method=card["read_method"],
        reader=card.get("reader"),
        tip=card.get("amount_tip"),
        offline=card.get("offline"),
    )


def not_allowed(
    type_: str, *, allowed: Sequence[str], intent: str, code: str
) -> InvalidRequest:
    """The refusal of a payment method of a type that the intent does not take."""
    return InvalidRequest(
        f"The PaymentMethod provided ({type_}) is not allowed for this {intent}. Please "
        "attach a payment method of one of the following types: "
        f"{', '.join(allowed)}.",
        param=f"{_DATA}[type]",
        code=code,
    )


def unreadable() -> CardUnreadable:
    """The refusal of card data that decrypt to no card."""
    return CardUnreadable(
        "The card data could not be decrypted to a card.", param=_CARD
    )
