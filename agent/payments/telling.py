"""What a reader tells while it reads a card, as events for whoever stands at the till."""

from __future__ import annotations

from typing import assert_never

from agent.events import (
    CardEvent,
    CustomerBusy,
    DisplayRequested,
    EventBus,
    InputRequested,
)
from agent.payments.payment import Payment
from drivers.reader import (
    CardPresented,
    CardRemoved,
    CardRequested,
    CustomerActing,
    MessageShown,
    OnlineRequested,
    SignatureCaptured,
    TipChosen,
    TransactionEvent,
    TransactionFinished,
)


def tell(event: TransactionEvent, *, payment: Payment, events: EventBus) -> None:
    """Publish what the cashier may want to see."""
    reader_id, payment_id = payment.reader_id, payment.payment_id
    match event:
        case CardRequested(options=options):
            events.publish(
                InputRequested(reader_id, payment_id, options=tuple(sorted(options)))
            )
        case CardPresented(option=option):
            events.publish(
                CardEvent(reader_id, payment_id, event="presented", option=option)
            )
        case CardRemoved():
            events.publish(
                CardEvent(reader_id, payment_id, event="removed", option=None)
            )
        case MessageShown(message=message):
            events.publish(DisplayRequested(reader_id, payment_id, message=message))
        case CustomerActing(step=step):
            events.publish(CustomerBusy(reader_id, payment_id, step=step))
        case (
            TipChosen()
            | SignatureCaptured()
            | OnlineRequested()
            | TransactionFinished()
        ):
            pass
        case _:
            assert_never(event)
