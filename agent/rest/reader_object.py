"""A reader as Stripe shows it: `terminal.reader` with its `action`. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, TypeAlias, assert_never

from agent.clock import milliseconds
from agent.errors import PaymentOutcomeUnknown
from agent.journal.entries import Outcome
from agent.journal.readers import RegisteredReader
from agent.payments.payment import Payment
from agent.payments.states import Phase
from agent.rest.action_details import details_of

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]

_UNKNOWN = {
    "process_setup_intent": "Stripe may or may not have kept the card; "
    "the agent is finding out. Ask for no other card meanwhile.",
    "refund_payment": "Stripe may or may not have given the money back; "
    "the agent is finding out. Give it back in no other way meanwhile.",
}
_CHARGED_OR_NOT = (
    "Stripe may or may not have charged; the agent is finding out. "
    + PaymentOutcomeUnknown.remedy
)


class ShownReader(Protocol):
    """What is shown of a reader: a session of agent.readers."""

    @property
    def record(self) -> RegisteredReader: ...

    @property
    def status(self) -> str: ...

    @property
    def last_seen_at(self) -> datetime | None: ...

    @property
    def offline_reason(self) -> str | None: ...


def reader_object(
    reader: ShownReader,
    payment: Payment | None,
    *,
    livemode: bool,
    details: JsonObject | None = None,
) -> JsonObject:
    """The reader; `payment` is the newest on it, None if there was none.

    `details` are what is kept of it apart from the journal's entries: what customers
    answered is shown to who asks for the reader, and told in no event.
    """
    record = reader.record
    seen_at = reader.last_seen_at
    return {
        "id": record.reader_id,
        "object": "terminal.reader",
        "action": None if payment is None else action_object(payment, details),
        "device_sw_version": record.firmware_version,
        "device_type": record.device_type,
        "ip_address": None,
        "label": record.label,
        "last_seen_at": None if seen_at is None else milliseconds(seen_at),
        "livemode": livemode,
        "location": record.location,
        "metadata": dict(record.metadata),
        "serial_number": record.serial_number,
        "status": str(reader.status),
    }


def deleted_reader_object(record: RegisteredReader) -> JsonObject:
    """What is left of a deleted reader."""
    return {
        "id": record.reader_id,
        "object": "terminal.reader",
        "deleted": True,
        "device_type": record.device_type,
        "serial_number": record.serial_number,
    }


def action_object(
    payment: Payment, details: JsonObject | None = None
) -> JsonObject | None:
    """The reader's `action`; None once the register canceled it, as at Stripe."""
    if payment.outcome is Outcome.CANCELED:
        return None
    status, failure_code, failure_message = _result(payment)
    return {
        "type": payment.action,
        "status": status,
        "failure_code": failure_code,
        "failure_message": failure_message,
        "api_error": _api_error(payment),
        payment.action: details_of(payment, details),
    }


def _result(payment: Payment) -> tuple[str, str | None, str | None]:
    """Status, failure code and message; an unknown outcome is never a failure."""
    match payment.outcome:
        case None if payment.phase is Phase.UNKNOWN:
            message = _UNKNOWN.get(payment.action, _CHARGED_OR_NOT)
            return "in_progress", PaymentOutcomeUnknown.code, message
        case None:
            return "in_progress", None, None
        case Outcome.SUCCEEDED:
            return "succeeded", None, None
        case Outcome.DECLINED | Outcome.FAILED | Outcome.CANCELED:
            return "failed", payment.failure_code, payment.failure_message
        case _:
            assert_never(payment.outcome)


def _api_error(payment: Payment) -> JsonObject | None:
    """The card error behind a declined action."""
    if payment.outcome is not Outcome.DECLINED:
        return None
    error: JsonObject = {
        "type": "card_error",
        "code": payment.failure_code,
        "message": payment.failure_message,
        "charge": payment.charge,
    }
    if payment.decline_code is not None:
        error["decline_code"] = payment.decline_code
    return error
