"""What a smart reader shows: lines of text, and what can be touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.stripe_api.resources.money import formatted
from simulator.stripe_api.resources.payment_intents.charging import with_tip
from simulator.stripe_api.resources.terminal_configurations.fields import effective
from simulator.stripe_api.resources.terminal_reader_actions.collect_inputs import (
    shown_input,
)
from simulator.stripe_api.resources.terminal_reader_actions.customer_cancellation import (
    is_offered,
)
from simulator.stripe_api.resources.terminal_reader_actions.intents import intent_of
from simulator.stripe_api.resources.terminal_reader_actions.refund_payment import (
    TYPE as REFUND,
)
from simulator.stripe_api.resources.terminal_reader_actions.refund_payment import (
    charge_of,
)
from simulator.stripe_api.resources.terminal_reader_actions.tip_screen import offered
from simulator.stripe_api.resources.terminal_reader_actions.tipping import (
    configuration_of,
)
from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Phase
from simulator.stripe_api.smart_readers.tips import Suggestion

WELCOME = "Welcome"
NO_CONNECTION = "No connection"
CANCEL = "X"
CUSTOM_TIP, NO_TIP = "Custom", "No tip"


@dataclass(frozen=True, slots=True)
class Screen:
    """A smart reader's display at one moment."""

    phase: Phase
    lines: tuple[str, ...]
    buttons: tuple[str, ...] = ()
    splashscreen: str | None = None
    """The id of the file that is shown while nothing happens."""


def screen_of(turn: Turn) -> Screen:
    """What the reader shows now."""
    screen = _BY_PHASE[turn.phase](turn)
    lines = screen.lines
    if turn.state["note"] is not None:
        lines = (*lines, turn.state["note"])
    if turn.state["is_silent"]:
        lines = (*lines, NO_CONNECTION)
    buttons = screen.buttons
    if is_offered(turn):
        buttons = (*buttons, CANCEL)
    return Screen(turn.phase, lines, buttons, screen.splashscreen)


def _idle(turn: Turn) -> Screen:
    outcome = turn.state["outcome"]
    if outcome is not None and turn.call.now_ms < outcome["until_ms"]:
        return Screen(Phase.IDLE, (outcome["text"],))
    model = turn.reader["device_type"].removeprefix("simulated_").lower()
    own = "bbpos_wisepos_e" if model == "wisepos_e" else model
    configuration = effective(turn.call.store, configuration_of(turn))
    splash = (configuration.get(own) or {}).get("splashscreen")
    return Screen(Phase.IDLE, (WELCOME,), splashscreen=splash)


def _cart(turn: Turn) -> Screen:
    cart: Mapping[str, Any] = turn.details["cart"]

    def money(amount: int) -> str:
        return formatted(amount, cart["currency"])

    lines = [
        f"{item['quantity']} {item['description']} {money(item['amount'])}"
        for item in cart["line_items"]
    ]
    if cart["tax"] is not None:
        lines.append(f"Tax {money(cart['tax'])}")
    return Screen(Phase.CART, (*lines, f"Total {money(cart['total'])}"))


def _tipping(turn: Turn) -> Screen:
    intent = intent_of(turn.call, turn.details)
    currency = intent["currency"]
    tips = [_tip_button(tip, currency) for tip in offered(turn)]
    return Screen(
        Phase.TIPPING,
        ("Add a tip?", formatted(intent["amount"], currency)),
        (*tips, CUSTOM_TIP, NO_TIP),
    )


def _tip_button(tip: Suggestion, currency: str) -> str:
    amount = formatted(tip.amount, currency)
    return amount if tip.percentage is None else f"{tip.percentage}% {amount}"


def _waiting_for_card(turn: Turn) -> Screen:
    return Screen(turn.phase, (_amount(turn), "Insert, tap or swipe"))


def _entering_pin(turn: Turn) -> Screen:
    return Screen(turn.phase, (_amount(turn), "Enter PIN"))


def _amount(turn: Turn) -> str:
    """What the card is asked for."""
    details = turn.details
    if turn.action["type"] == REFUND:
        currency = charge_of(turn.call, details)["currency"]
        return f"Refund {formatted(details['amount'], currency)}"
    if "setup_intent" in details:
        return "Save card"
    intent = with_tip(intent_of(turn.call, details), turn.state["tip"])
    return formatted(intent["amount"], intent["currency"])


def _form(turn: Turn) -> Screen:
    asked = shown_input(turn)
    text = asked["custom_text"]
    lines = [text["title"], text["description"]]
    for toggle in asked.get("toggles", []):
        lines += [toggle["title"], toggle["description"]]
    buttons = [
        choice["text"] for choice in asked.get("selection", {}).get("choices", [])
    ]
    if not buttons:
        buttons.append(text["submit_button"] or "Submit")
    if not asked["required"]:
        buttons.append(text["skip_button"] or "Skip")
    return Screen(Phase.FORM, tuple(line for line in lines if line), tuple(buttons))


def _card_left_in(turn: Turn) -> Screen:
    outcome = turn.state["outcome"]
    said = () if outcome is None else (outcome["text"],)
    return Screen(turn.phase, (*said, "Remove card"))


def _saying(text: str) -> Callable[[Turn], Screen]:
    return lambda turn: Screen(turn.phase, (text,))


_BY_PHASE: Mapping[Phase, Callable[[Turn], Screen]] = {
    Phase.IDLE: _idle,
    Phase.CART: _cart,
    Phase.TIPPING: _tipping,
    Phase.WAITING_FOR_CARD: _waiting_for_card,
    Phase.ENTERING_PIN: _entering_pin,
    Phase.AUTHORIZING: _saying("Processing"),
    Phase.COLLECTED: _saying("Please wait"),
    Phase.FORM: _form,
    Phase.CARD_LEFT_IN: _card_left_in,
    Phase.UPDATING: _saying("Updating"),
}
