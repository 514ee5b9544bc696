"""Every legal step of a simulated transaction, and what the reader asks for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    Outcome,
    Technology,
)
from drivers.protocol.magtek_mms.strings import StringId
from simulator.cards.card import Behaviour, Entry


class Phase(StrEnum):
    """How far a transaction is."""

    PREPARING = "preparing"
    """The cardholder types or chooses something before a card is asked for."""
    WAITING = "waiting"
    READING = "reading"
    VERIFYING = "verifying"
    """The card was read, and its PIN is asked for."""
    AUTHORISING = "authorising"
    """The issuer is asked, and where it likes the card, the cardholder signs."""
    HOLDING_TAG = "holding_tag"
    """An NFC tag is in the field, for the host to talk to."""
    ENDED = "ended"


class Step(StrEnum):
    """What can happen to it."""

    TIP_ASKED = "tip_asked"
    CARD_ASKED = "card_asked"
    CARD_GIVEN = "card_given"
    CARD_NOT_READ = "card_not_read"
    PIN_ASKED = "pin_asked"
    PIN_GIVEN = "pin_given"
    CARD_READ = "card_read"
    TAG_GIVEN = "tag_given"
    END = "end"


TRANSITIONS: Mapping[tuple[Phase, Step], Phase] = {
    (Phase.PREPARING, Step.CARD_ASKED): Phase.WAITING,
    (Phase.WAITING, Step.TIP_ASKED): Phase.PREPARING,
    (Phase.WAITING, Step.CARD_GIVEN): Phase.READING,
    (Phase.WAITING, Step.TAG_GIVEN): Phase.HOLDING_TAG,
    (Phase.READING, Step.CARD_NOT_READ): Phase.WAITING,
    (Phase.READING, Step.PIN_ASKED): Phase.VERIFYING,
    (Phase.VERIFYING, Step.PIN_GIVEN): Phase.READING,
    (Phase.READING, Step.CARD_READ): Phase.AUTHORISING,
    **{(phase, Step.END): Phase.ENDED for phase in Phase if phase is not Phase.ENDED},
}

CANCELABLE = frozenset(
    {Phase.PREPARING, Phase.WAITING, Phase.VERIFYING, Phase.HOLDING_TAG}
)
"""Where the host, or the cardholder, may still give up."""

PROMPTS = {
    frozenset({Entry.CONTACT}): StringId.INSERT_CARD,
    frozenset({Entry.CONTACT, Entry.SWIPE}): StringId.INSERT_OR_SWIPE,
    frozenset({Entry.SWIPE}): StringId.USE_MAGSTRIPE,
}
"""What is asked of the cardholder; PRESENT_CARD for all other ways."""

TECHNOLOGY = {
    Entry.CONTACT: Technology.CONTACT,
    Entry.CONTACTLESS: Technology.CONTACTLESS,
    Entry.SWIPE: Technology.SWIPE,
}
ARRIVAL = {
    Entry.CONTACT: CardChange.INSERTED,
    Entry.CONTACTLESS: CardChange.DETECTED,
    Entry.SWIPE: CardChange.SWIPED,
}
UNREADABLE = {
    (Entry.SWIPE, Behaviour.STRIPE_UNREADABLE): (
        Outcome.SWIPE_ERROR,
        StringId.CARD_ERROR,
    ),
    # These readers have no kernel for stripe data from a tap.
    (Entry.CONTACTLESS, Behaviour.STRIPE_TAP): (
        Outcome.TRY_ANOTHER_INTERFACE,
        StringId.TRY_ANOTHER_INTERFACE,
    ),
}
"""How a transaction ends where nothing else helps."""
