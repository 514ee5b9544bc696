"""Every phase a smart reader can be in, and every legal step between them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Phase(StrEnum):
    """What the reader is doing, as its screen shows it."""

    IDLE = "idle"
    """The splash screen."""
    CART = "cart"
    TIPPING = "tipping"
    WAITING_FOR_CARD = "waiting_for_card"
    ENTERING_PIN = "entering_pin"
    AUTHORIZING = "authorizing"
    """The issuer is being asked; nothing can be stopped now."""
    COLLECTED = "collected"
    """A card was read and waits for the order to confirm."""
    FORM = "form"
    """One of the inputs of a form."""
    CARD_LEFT_IN = "card_left_in"
    """All is done, and the card is still in the slot."""
    UPDATING = "updating"
    """New software is being installed."""


class Step(StrEnum):
    """What can happen to a reader."""

    SHOW_CART = "show_cart"
    ASK_TIP = "ask_tip"
    ASK_CARD = "ask_card"
    ASK_INPUT = "ask_input"
    ASK_PIN = "ask_pin"
    COLLECT = "collect"
    AUTHORIZE = "authorize"
    FINISH = "finish"
    """The action is over, whatever its end; the card, if any, is out."""
    KEEP_CARD = "keep_card"
    """The action is over, and the card stays in."""
    RELEASE_CARD = "release_card"
    STOP = "stop"
    """Whoever ordered the action, or the customer, does not want it any more."""
    LOSE_POWER = "lose_power"
    UPDATE = "update"
    RESTART = "restart"


# An action that has not come to the issuer gives way to the next one.
INTERRUPTIBLE = (
    *(Phase.IDLE, Phase.CART, Phase.TIPPING, Phase.WAITING_FOR_CARD),
    *(Phase.ENTERING_PIN, Phase.COLLECTED, Phase.FORM),
)

TRANSITIONS: Mapping[tuple[Phase, Step], Phase] = {
    **{(phase, Step.SHOW_CART): Phase.CART for phase in INTERRUPTIBLE},
    **{(phase, Step.ASK_TIP): Phase.TIPPING for phase in INTERRUPTIBLE},
    **{(phase, Step.ASK_CARD): Phase.WAITING_FOR_CARD for phase in INTERRUPTIBLE},
    **{(phase, Step.ASK_INPUT): Phase.FORM for phase in INTERRUPTIBLE},
    **{(phase, Step.STOP): Phase.IDLE for phase in INTERRUPTIBLE},
    **{(phase, Step.LOSE_POWER): Phase.IDLE for phase in Phase},
    (Phase.WAITING_FOR_CARD, Step.ASK_PIN): Phase.ENTERING_PIN,
    (Phase.WAITING_FOR_CARD, Step.COLLECT): Phase.COLLECTED,
    (Phase.ENTERING_PIN, Step.COLLECT): Phase.COLLECTED,
    (Phase.WAITING_FOR_CARD, Step.AUTHORIZE): Phase.AUTHORIZING,
    (Phase.ENTERING_PIN, Step.AUTHORIZE): Phase.AUTHORIZING,
    (Phase.COLLECTED, Step.AUTHORIZE): Phase.AUTHORIZING,
    (Phase.AUTHORIZING, Step.ASK_CARD): Phase.WAITING_FOR_CARD,
    (Phase.AUTHORIZING, Step.FINISH): Phase.IDLE,
    (Phase.AUTHORIZING, Step.KEEP_CARD): Phase.CARD_LEFT_IN,
    (Phase.FORM, Step.FINISH): Phase.IDLE,
    (Phase.CARD_LEFT_IN, Step.RELEASE_CARD): Phase.IDLE,
    (Phase.IDLE, Step.UPDATE): Phase.UPDATING,
    (Phase.UPDATING, Step.RESTART): Phase.IDLE,
}
"""A missing key is the error: the step is not possible in that phase."""


def is_busy(phase: Phase) -> bool:
    """Whether no command can be taken."""
    return phase not in INTERRUPTIBLE
