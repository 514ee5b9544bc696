"""What the person at the till reads while a reader works. Pure."""

from __future__ import annotations

from agent.stripe_api.objects import Json, JsonObject, text_at

MESSAGES = {
    "insert_card": "Insert card",
    "insert_or_swipe_card": "Insert or swipe card",
    "swipe_card": "Swipe card",
    "present_card": "Present card",
    "remove_card": "Remove card",
    "retry_card": "Try the card again",
    "multiple_contactless_cards_detected": "Present one card only",
    "try_another_card": "Try another card",
    "card_removed_too_early": "Card removed too early",
    "check_mobile_device": "Look at the phone",
    "approved": "Approved",
    "declined": "Declined",
    "processing": "Please wait",
    "welcome": "Welcome",
}
"""By the SDKs' reader display messages."""

PHASES = {
    "sent": "The card, please: the reader asks for it",
    "confirming": "Authorizing …",
    "unknown": "The answer was lost; finding out what happened …",
    "reversing": "The card refused; giving the money back …",
}
"""The phases of a payment that take long enough to be worth a word."""

STEPS = {
    "selecting_tip": "The customer chooses a tip",
    "selecting_application": "The customer chooses how to pay",
    "entering_card_number": "The customer types the card number",
    "entering_pin": "The customer enters the PIN",
    "signing": "The customer signs",
}
"""What the customer does at the reader, beyond presenting a card."""

_PRESENTED = {"insert": "Card inserted", "tap": "Card tapped", "swipe": "Card swiped"}
_ORDER = ("insert", "tap", "swipe", "manual")
_VERBS = {"manual": "enter"}


def prompt(event: str, content: JsonObject) -> str | None:
    """The line for an event of `/agent/events`; None where there is nothing to say."""
    match event:
        case "input_requested":
            return _input_prompt(content.get("options"))
        case "display_requested":
            message = text_at(content, "message") or ""
            return MESSAGES.get(message, message) or None
        case "card_event" if content.get("event") == "presented":
            return _PRESENTED.get(text_at(content, "option") or "", "Card presented")
        case "card_event":
            return "Card removed"
        case "customer_busy":
            return STEPS.get(text_at(content, "step") or "")
        case "phase_changed":
            return PHASES.get(text_at(content, "phase") or "")
        case _:
            return None


def _input_prompt(options: Json) -> str:
    """`["tap", "insert"]` → `Insert or tap card`."""
    given = options if isinstance(options, list) else []
    verbs = [_VERBS.get(option, option) for option in _ORDER if option in given]
    if not verbs:
        return "Present card"
    *others, last = verbs
    choice = f"{', '.join(others)} or {last}" if others else last
    return f"{choice.capitalize()} card"
