"""An event as Stripe shows events, and the reader within it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

from agent.errors import ResourceMissing
from agent.ids import ReaderId
from agent.journal.event_log import RecordedEvent
from agent.payments.payment import Payment
from agent.rest.action_details import KEPT_APART
from agent.rest.reader_object import (
    JsonObject,
    ShownReader,
    action_object,
    reader_object,
)
from agent.rest.services import Services, SmartReaders
from agent.rest.stripes_reader_object import (
    reader_of_payment,
    unseen_reader_object,
)

STRIPES = "terminal.reader."
"""How the events begin that Stripe has too: their object is Stripe's own."""


class Sessions(Protocol):
    """The readers of this machine."""

    def session(self, reader_id: ReaderId) -> ShownReader:
        """Raises ResourceMissing."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """What every event object of this agent has alike."""

    api_version: str
    livemode: bool


def shown_by(services: Services) -> Shown:
    """How the events of this agent are shown."""
    return Shown(services.settings.stripe.api_version, services.livemode)


def event_object(
    event: RecordedEvent, pending_webhooks: int = 0, *, shown: Shown
) -> JsonObject:
    """Stripe's Event; the object of an event that Stripe has not is named after it."""
    content: dict[str, Any] = json.loads(event.data)
    if not event.type.startswith(STRIPES):
        content = {"object": event.type, **content}
    return {
        "id": event.event_id,
        "object": "event",
        "api_version": shown.api_version,
        "created": int(event.at.timestamp()),
        "data": {"object": content},
        "livemode": shown.livemode,
        "pending_webhooks": pending_webhooks,
        "request": {"id": None, "idempotency_key": None},
        "type": event.type,
    }


def show_reader(
    payment: Payment, *, fleet: Sessions, smart_readers: SmartReaders, livemode: bool
) -> JsonObject:
    """The payment's reader with the payment as its action, for an event about it."""
    if payment.sent is not None:
        shown = smart_readers.known(payment.reader_id)
        if shown is None:
            return unseen_reader_object(payment)
        if payment.action in KEPT_APART:
            # What customers have typed is not kept for days.
            return {**shown, "action": action_object(payment)}
        return reader_of_payment(shown, payment)
    try:
        session = fleet.session(payment.reader_id)
    except ResourceMissing:
        # Deleted while its payment was being settled.
        return {
            "id": payment.reader_id,
            "object": "terminal.reader",
            "deleted": True,
            "action": action_object(payment),
        }
    return reader_object(session, payment, livemode=livemode)
