"""A card as its holder types it in: what is wrong with it, and how objects show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulator.stripe_api.engine.errors import ParameterMissing, doc_url
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.parameters import (
    Anything,
    Fields,
    Integer,
    Text,
    Values,
)
from simulator.stripe_api.resources.errors import CardError
from simulator.stripe_api.resources.online_cards.published_cards import (
    TestCard,
    card_numbered,
)

CARD = Fields(
    {
        "cvc": Text(10),
        "exp_month": Integer(),
        "exp_year": Integer(),
        "networks": Anything(),
        "number": Text(30),
        "token": Text(),
    }
)
"""`card` within `payment_method_data`, and where payment methods are made."""

_LATEST_EXPIRY_YEARS = 50
_TEST_EXPIRY_YEARS = 4
"""How long the cards of test ids are good for, from now."""


@dataclass(frozen=True, slots=True)
class TypedCard:
    """A test card with what was typed in beside its number."""

    card: TestCard
    exp_month: int
    exp_year: int
    cvc_check: str | None
    """`unchecked` before the first charge; None where no CVC was typed in."""


def card_of_test_ids(card: TestCard, *, now: int) -> TypedCard:
    """The card behind a test id: never expired, with a good CVC."""
    date = datetime.fromtimestamp(now, UTC)
    return TypedCard(card, date.month, date.year + _TEST_EXPIRY_YEARS, "unchecked")


def read_card(call: Call, sent: Values, *, name: str) -> TypedCard:
    """The card sent under `name`; raises CardError as Stripe does."""
    for part in ("number", "exp_month", "exp_year"):
        if part not in sent:
            raise ParameterMissing(f"{name}[{part}]")
    number = sent["number"].replace(" ", "").replace("-", "")
    if not number.isdecimal() or not number.isascii() or not _is_luhn(number):
        raise _wrong("incorrect_number", "Your card number is incorrect.", "number")
    card = card_numbered(number)
    if call.livemode:
        raise _declined("live_mode_test_card", "live", "known test")
    if card is None:
        raise _declined("test_mode_live_card", "test", "non test (live)")
    _check_expiry(sent, now=call.now)
    cvc = sent.get("cvc")
    if cvc is not None and not (cvc.isdecimal() and 3 <= len(cvc) <= 4):
        raise _wrong("invalid_cvc", "Your card's security code is invalid.", "cvc")
    check = None if cvc is None else "unchecked"
    return TypedCard(card, sent["exp_month"], _year(sent), check)


def shown_in_method(typed: TypedCard) -> Mapping[str, Any]:
    """The `card` of a payment method."""
    card = typed.card
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": typed.cvc_check,
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": typed.exp_month,
        "exp_year": typed.exp_year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _check_expiry(sent: Values, *, now: int) -> None:
    month, year = sent["exp_month"], _year(sent)
    if not 1 <= month <= 12:
        raise _wrong(
            "invalid_expiry_month",
            "Your card's expiration month is invalid.",
            "exp_month",
        )
    today = datetime.fromtimestamp(now, UTC)
    is_past = (year, month) < (today.year, today.month)
    if is_past or year > today.year + _LATEST_EXPIRY_YEARS:
        raise _wrong(
            "invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year"
        )


def _year(sent: Values) -> int:
    year: int = sent["exp_year"]
    return year + 2000 if 0 <= year < 100 else year


def _is_luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (
        int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(number))
    )
    total = sum(value - 9 * (value > 9) for value in doubled)
    return 12 <= len(number) <= 19 and total % 10 == 0


def _wrong(code: str, message: str, param: str) -> CardError:
    return CardError(
        {"code": code, "doc_url": doc_url(code), "message": message, "param": param}
    )


def _declined(decline_code: str, mode: str, kind: str) -> CardError:
    return CardError(
        {
            "code": "card_declined",
            "decline_code": decline_code,
            "doc_url": doc_url("card_declined"),
            "message": f"Your card was declined. Your request was in {mode} mode, but "
            f"used a {kind} card.",
        }
    )
