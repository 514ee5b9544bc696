"""Charging the card in hand, and how the action ends by it."""

from __future__ import annotations

from collections.abc import Callable

from simulator.cards.card import Card, Entry
from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.resources.errors import CardError
from simulator.stripe_api.resources.payment_intents.charging import (
    Purchase,
    charge_card,
    with_tip,
)
from simulator.stripe_api.resources.payment_intents.fields import require
from simulator.stripe_api.resources.payment_intents.states import Step as IntentStep
from simulator.stripe_api.resources.payment_methods import PAYMENT_METHODS
from simulator.stripe_api.resources.terminal_reader_actions.card_in_hand import (
    for_issuer,
    held,
    hold,
    issuer_for,
    read,
)
from simulator.stripe_api.resources.terminal_reader_actions.intents import intent_of
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.card_slot import needs_pin
from simulator.stripe_api.smart_readers.phases import Phase, Step

APPROVED, DECLINED = "Approved", "Declined"
INSERT_CARD = "Insert card and enter PIN"

_PIN_WANTED = ("offline_pin_required", "online_or_offline_pin_required")


def pay(turn: Turn) -> None:
    """Ask the issuer about the card in hand, now or as late as it takes."""
    turn.step(Step.AUTHORIZE)
    wait(turn, settle_payment)


def wait(turn: Turn, then: Callable[[Turn], None]) -> None:
    """Go on when the issuer has had its time, unless the reader has lost its power."""

    def go_on(later: Turn) -> None:
        if later.phase is Phase.AUTHORIZING:
            then(later)

    delay_s = turn.state["authorization_s"]
    if delay_s > 0:
        turn.later(delay_s, go_on)
    else:
        then(turn)


def ask_issuer(turn: Turn) -> None:
    """As `pay`, where the reader is authorizing already."""
    wait(turn, settle_payment)


def settle_payment(turn: Turn) -> None:
    """Charge the card, and end the action as the issuer wants it."""
    try:
        _charge(turn)
    except CardError as error:
        if not _asks_for_pin(turn, error):
            conclude(turn, error)
    except InvalidRequest as error:
        conclude(turn, error)
    else:
        conclude(turn)


def conclude(turn: Turn, error: CardError | InvalidRequest | None = None) -> None:
    """End an action for which a card was asked, well or with this error.

    A reader that is cut off has nobody to tell: its action stays in progress.
    """
    leaves = Step.KEEP_CARD if turn.state["leaves_card_in"] else Step.FINISH
    turn.step(leaves)
    turn.show(APPROVED if error is None else DECLINED)
    if turn.state["is_silent"]:
        turn.change(has_unheard_end=True)
    elif error is None:
        turn.succeed()
    else:
        turn.fail(error.code or "processing_error", error.message, error=error)


def _charge(turn: Turn) -> None:
    call = turn.call
    intent = intent_of(call, turn.details)
    require(
        intent,
        IntentStep.PAY,
        refusal=(
            "You cannot confirm this PaymentIntent because it has a status of "
            "{status}. Only a PaymentIntent with one of the following statuses may be "
            "confirmed"
        ),
    )
    tip = turn.state["tip"]
    agreed = with_tip(intent, tip)
    slot_read = read(turn, amount=agreed["amount"], currency=agreed["currency"])
    charge_card(
        call,
        intent,
        for_issuer(turn, slot_read),
        issuer=issuer_for(turn),
        purchase=Purchase(
            tip=tip,
            method=call.store.of(PAYMENT_METHODS).get(intent["payment_method"] or ""),
            allow_redisplay=turn.state["allow_redisplay"],
        ),
    )


def _asks_for_pin(turn: Turn, error: CardError) -> bool:
    """Whether the issuer wants the PIN, and there is a way to enter it.

    A tap is then followed by the same account's card in the slot: by itself where a
    test helper tapped, else when the customer inserts it.
    """
    with_pin = _card_with_pin(turn)
    if error.fields().get("decline_code") not in _PIN_WANTED or with_pin is None:
        return False
    turn.step(Step.ASK_CARD)
    if turn.state["is_automatic"]:
        hold(turn, with_pin, Entry.CONTACT)
        pay(turn)
    else:
        turn.change(note=INSERT_CARD)
    return True


def _card_with_pin(turn: Turn) -> Card | None:
    card, entry = held(turn)
    if entry is not Entry.CONTACTLESS:
        return None
    of_account = turn.shop.slot.of_number(card.account.number)
    for other in of_account:
        if Entry.CONTACT in other.entries and needs_pin(other, Entry.CONTACT):
            return other
    return None
