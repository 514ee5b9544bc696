"""A receipt's content, read from Stripe's PaymentIntent, charge and account. Pure.

Nothing gets through that is not of its field's form: control characters could command
a printer, and a run of digits could be a card number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime

from agent.money import Amount
from agent.receipts.receipt import CardDetails, Receipt, ReceiptOutcome
from agent.stripe_api.objects import Json, JsonObject, number_at, object_at, text_at

LONGEST_TEXT = 64

_HEX = "[0-9A-Fa-f]"
_FORMS = {
    "last4": re.compile(r"[0-9]{4}"),
    # ISO/IEC 7816-4, 8.2.1.2: registered application identifiers start with A to F.
    "dedicated_file_name": re.compile(rf"[A-Fa-f]{_HEX}{{9,31}}"),
    "application_cryptogram": re.compile(rf"{_HEX}{{16}}"),
    "terminal_verification_results": re.compile(rf"{_HEX}{{10}}"),
    "transaction_status_information": re.compile(rf"{_HEX}{{4}}"),
    "authorization_code": re.compile(r"[0-9A-Za-z]{1,8}"),
    "authorization_response_code": re.compile(r"[0-9A-Za-z]{1,4}"),
}
"""EMV's fields by their form; the others are words."""

_COULD_BE_A_CARD = re.compile(r"(?:\d[\W_]*){12,}")


def receipt_of(
    intent: JsonObject,
    *,
    charge: JsonObject,
    merchant: str | None,
    reader_id: str,
    at: datetime,
) -> Receipt:
    """The receipt of one charge of a PaymentIntent.

    `at` is printed where the charge does not tell its own time.
    """
    currency = text_at(charge, "currency") or text_at(intent, "currency") or ""
    total = _total(intent, charge)
    refunded = number_at(charge, "amount_refunded") or 0
    created = number_at(charge, "created")
    return Receipt(
        merchant=_clean(merchant),
        at=at if created is None else datetime.fromtimestamp(created, UTC),
        reader_id=_clean(reader_id) or "",
        payment_intent=_clean(text_at(intent, "id")) or "",
        outcome=_outcome(intent, charge),
        total=Amount(total, currency),
        tip=_tip(intent, charge, total=total, currency=currency),
        refunded=Amount(refunded, currency) if refunded else None,
        is_captured=_is_captured(intent, charge),
        failure_message=_clean(text_at(charge, "failure_message")),
        card=card_details(charge),
    )


def card_details(charge: JsonObject) -> CardDetails:
    """What a charge tells of its card."""
    details = object_at(charge, "payment_method_details")
    card = object_at(details, text_at(details, "type") or "card_present")
    told: Mapping[str, Json] = card | object_at(card, "receipt")
    return CardDetails(
        **{
            field.name: _of_form(field.name, text_at(dict(told), field.name))
            for field in fields(CardDetails)
        }
    )


def merchant_of(account: JsonObject) -> str | None:
    """The name that the account shows to customers."""
    return text_at(account, "business_profile", "name") or text_at(
        account, "settings", "dashboard", "display_name"
    )


def _outcome(intent: JsonObject, charge: JsonObject) -> ReceiptOutcome:
    if text_at(charge, "status") == "failed":
        return ReceiptOutcome.DECLINED
    is_returned = bool(number_at(charge, "amount_refunded"))
    if _is_captured(intent, charge):
        return ReceiptOutcome.REFUNDED if is_returned else ReceiptOutcome.APPROVED
    is_released = is_returned or text_at(intent, "status") == "canceled"
    return ReceiptOutcome.REVERSED if is_released else ReceiptOutcome.APPROVED


def _is_captured(intent: JsonObject, charge: JsonObject) -> bool:
    captured = charge.get("captured")
    if isinstance(captured, bool):
        return captured
    return text_at(intent, "status") == "succeeded"


def _total(intent: JsonObject, charge: JsonObject) -> int:
    """What was captured, which may be more or less than what was authorised."""
    return (
        number_at(charge, "amount_captured")
        or number_at(charge, "amount")
        or number_at(intent, "amount")
        or 0
    )


def _tip(
    intent: JsonObject, charge: JsonObject, *, total: int, currency: str
) -> Amount | None:
    """The intent knows the tip of its latest charge only."""
    latest = text_at(intent, "latest_charge", "id") or text_at(intent, "latest_charge")
    tip = number_at(intent, "amount_details", "tip", "amount")
    if tip is None or tip > total or latest != text_at(charge, "id"):
        return None
    return Amount(tip, currency)


def _of_form(field: str, value: str | None) -> str | None:
    form = _FORMS.get(field)
    if form is None:
        return _clean(value)
    if value is None or form.fullmatch(value) is None or _is_card_number(value):
        return None
    return value


def _clean(text: str | None) -> str | None:
    """One line of printable text; nothing where it could hold a card number."""
    if text is None or _COULD_BE_A_CARD.search(text):
        return None
    return "".join(c for c in text if c.isprintable())[:LONGEST_TEXT].strip() or None


def _is_card_number(value: str) -> bool:
    """ISO/IEC 7812-1, annex B; one cryptogram in some twenty thousand passes, too."""
    if not value.isdecimal() or len(value) < 12:
        return False
    doubled = [int(digit) * 2 for digit in value[-2::-2]]
    total = sum(map(int, value[::-2])) + sum(n - 9 if n > 9 else n for n in doubled)
    return total % 10 == 0
