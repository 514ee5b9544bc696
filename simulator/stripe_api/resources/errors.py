"""Refusals that mean something only to payments.

ApiError
├── CardError                      the issuer said no (402)
├── CardUnreadable                 the reader's data decrypt to no card (400)
└── UnexpectedState                the object's status does not allow it (400)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.stripe_api.engine.errors import ApiError, InvalidRequest


class CardError(ApiError):
    """The issuer declined; `details` are the further members of Stripe's error."""

    type = "card_error"
    status = 402
    headers = ((b"stripe-should-retry", b"false"),)
    has_effect = True

    def __init__(self, details: Mapping[str, Any]) -> None:
        """`details` hold at least `code`, `doc_url` and `message`."""
        super().__init__(details["message"], code=details["code"])
        self._details = details

    def fields(self) -> dict[str, Any]:
        """Stripe's members of a card error."""
        return {**super().fields(), **self._details}


class CardUnreadable(InvalidRequest):
    """The reader's data decrypt to no card; no charge was made."""

    code = "card_data_unreadable"


class UnexpectedState(InvalidRequest):
    """An intent's status does not allow the operation; the intent comes along.

    It is there even where it was made only to be confirmed at once.
    """

    has_effect = True

    def __init__(
        self, message: str, *, code: str, member: str, value: Mapping[str, Any]
    ) -> None:
        """`member` is the error's member for the object, such as `payment_intent`."""
        super().__init__(message, code=code)
        self._member = member
        self._value = value

    def fields(self) -> dict[str, Any]:
        """Stripe's members, with the object in question."""
        return {**super().fields(), self._member: self._value}
