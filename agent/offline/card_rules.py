"""Which cards may be taken without their issuer. Pure: what the reader tells decides.

Where it does not tell enough to rule out what is always online, the card is refused.
"""

from __future__ import annotations

import re
from datetime import datetime

from agent.offline.errors import (
    CardExpired,
    CardNotIdentified,
    EftposNotOffline,
    InteracNotOffline,
    OnlinePinNotOffline,
    PublishedCardInLivemode,
    SwipeNotOffline,
)
from agent.offline.test_numbers import TEST_NUMBERS
from drivers.reader import EncryptedCard, ReadMethod

_WITH_CRYPTOGRAM = frozenset({ReadMethod.CONTACT_EMV, ReadMethod.CONTACTLESS_EMV})
_INTERAC, _EFTPOS = "A000000277", "A000000384"
"""Registered application providers (EMV Book 1, 12.2.1) of networks always online."""
_ONLINE_ONLY_IN = frozenset({"cad", "aud"})
"""Where these networks' cards are, a card that is not told apart might be one."""
_ONLINE_PIN = 0x02
"""Enciphered PIN verified online (EMV Book 3, C3), without the bit "then the next"."""
_ANOTHER_IF_FAILED = 0x40
_TRACK_2 = re.compile(r";?(\d{4,8})[\d*]*?(\d{4})=(\d{2})(\d{2})")


def check_card(
    card: EncryptedCard,
    *,
    currency: str,
    has_keypad: bool,
    livemode: bool,
    at: datetime,
) -> None:
    """Raise the CardRefused that says why this card must not be taken offline.

    `has_keypad` where the reader may have asked for a PIN without telling so.
    """
    if card.read_method not in _WITH_CRYPTOGRAM:
        raise SwipeNotOffline("Without the network a card is inserted or tapped.")
    _check_application(card, currency=currency)
    _check_verification(card, has_keypad=has_keypad)
    shown = _TRACK_2.match(card.masked_track_2 or "")
    if shown is None:
        raise CardNotIdentified("The reader does not tell when the card expires.")
    first, last, year, month = shown.groups()
    if (2000 + int(year), int(month)) < (at.year, at.month):
        raise CardExpired("The card has expired.")
    if livemode and (first[:4], last) in TEST_NUMBERS:
        raise PublishedCardInLivemode("This is a test card.")


def _check_application(card: EncryptedCard, *, currency: str) -> None:
    application = card.application
    if application is None and currency in _ONLINE_ONLY_IN:
        raise CardNotIdentified(
            "The reader does not tell of which network the card is."
        )
    if application is not None and application.startswith(_INTERAC):
        raise InteracNotOffline("Interac cards are not taken without the network.")
    if application is not None and application.startswith(_EFTPOS):
        raise EftposNotOffline("eftpos cards are not taken without the network.")


def _check_verification(card: EncryptedCard, *, has_keypad: bool) -> None:
    if card.cvm_results is not None:
        method = int(card.cvm_results[:2], 16) & ~_ANOTHER_IF_FAILED
        if method == _ONLINE_PIN:
            raise OnlinePinNotOffline("The card wants its PIN checked by its issuer.")
    elif has_keypad:
        raise CardNotIdentified("The reader does not tell who has checked the PIN.")
