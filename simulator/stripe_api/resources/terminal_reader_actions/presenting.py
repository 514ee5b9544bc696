"""A customer gives a card to a reader that has asked for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.cards.card import Behaviour, Card, Entry
from simulator.errors import ControlRefused
from simulator.stripe_api.resources.card_reads import card_type
from simulator.stripe_api.resources.setup_intents.setting_up import NOT_KEPT
from simulator.stripe_api.resources.terminal_reader_actions import (
    collect_payment_method,
    confirm_payment_intent,
    process_payment_intent,
    process_setup_intent,
    refund_payment,
)
from simulator.stripe_api.resources.terminal_reader_actions.card_in_hand import (
    held,
    hold,
)
from simulator.stripe_api.resources.terminal_reader_actions.intents import (
    intent_of,
)
from simulator.stripe_api.resources.terminal_reader_actions.paying import DECLINED, pay
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.card_slot import needs_pin
from simulator.stripe_api.smart_readers.phases import Phase, Step

NOT_ACCEPTED = "Card not accepted. Try another card"

_ADVICE: Mapping[tuple[Behaviour, Entry], str] = {
    (Behaviour.CHIP_UNREADABLE, Entry.CONTACT): "Chip not read. Swipe card",
    (Behaviour.REMOVED_EARLY, Entry.CONTACT): "Card removed too early. Try again",
    (Behaviour.COLLISION, Entry.CONTACTLESS): "Present one card only",
}
"""What the reader says to a card that it cannot read; nobody else is told."""

_USES: Mapping[str, Callable[[Turn], None]] = {
    collect_payment_method.TYPE: collect_payment_method.take_card,
    # Its card is asked for again where the issuer wants a PIN.
    confirm_payment_intent.TYPE: pay,
    process_payment_intent.TYPE: pay,
    process_setup_intent.TYPE: process_setup_intent.keep_card,
    refund_payment.TYPE: refund_payment.pay_back,
}
"""What is done with a card, by the type of the action that asked for it."""


def present(turn: Turn, card: Card, entry: Entry) -> None:
    """Insert, tap or swipe; the reader may ask for a PIN or for another card.

    Raises ControlRefused where it asks for none, or the card has no such entry.
    """
    check(turn, card, entry)
    advice = _ADVICE.get((card.behaviour, entry))
    if advice is None and not accepts(turn, card):
        advice = NOT_ACCEPTED
    if advice is not None:
        turn.change(note=advice)
        return
    hold(turn, card, entry)
    if needs_pin(card, entry) and not turn.state["is_automatic"]:
        turn.step(Step.ASK_PIN)
    else:
        use_card(turn)


def enter_pin(turn: Turn) -> None:
    """The customer enters a PIN, which is taken as right; raises ControlRefused."""
    if turn.phase is not Phase.ENTERING_PIN:
        raise ControlRefused("the reader asks for no PIN")
    held(turn)
    use_card(turn)


def use_card(turn: Turn) -> None:
    """Do with the card in hand what the action wants it for.

    A reader that is cut off can do nothing with it, and tells when it is heard again.
    """
    if turn.state["is_silent"]:
        turn.step(Step.STOP)
        turn.change(has_unheard_end=True)
        turn.show(DECLINED)
    else:
        _USES[turn.action["type"]](turn)


def accepts(turn: Turn, card: Card) -> bool:
    """Whether the action can do anything with a card of this kind."""
    brand = card.account.brand
    match turn.action["type"]:
        case refund_payment.TYPE:
            return brand == "interac"
        case process_setup_intent.TYPE:
            return brand not in NOT_KEPT
        case _:
            intent = intent_of(turn.call, turn.details)
            return card_type(card.account.brand) in intent["payment_method_types"]


def check(turn: Turn, card: Card, entry: Entry) -> None:
    """Raise ControlRefused where `present` would."""
    if turn.phase is not Phase.WAITING_FOR_CARD:
        raise ControlRefused("the reader asks for no card")
    if entry not in card.entries:
        ways = ", ".join(sorted(card.entries))
        raise ControlRefused(f"card {card.name!r} cannot be {entry}, only {ways}")
