"""From what a register wanted to the straight line that does it."""

from __future__ import annotations

from functools import partial

from agent.events import EventBus
from agent.payments import inspecting
from agent.payments.cancellation import Cancellation
from agent.payments.collect import process_with_card
from agent.payments.inspection import Inspection
from agent.payments.record import PaymentRecord
from agent.payments.settlement import Settlement
from agent.payments.wanted import (
    Beginning,
    CollectPaymentMethod,
    ProcessPaymentIntent,
    ProcessSetupIntent,
    RefundPayment,
)
from agent.readers.session import ReaderSession
from drivers.reader import TipChoices


async def perform(
    wanted: Beginning,
    record: PaymentRecord,
    *,
    session: ReaderSession,
    settlement: Settlement,
    events: EventBus,
    cancellation: Cancellation,
    inspection: Inspection,
    tip: TipChoices | None,
) -> None:
    """Do what was wanted; returns with the action finished.

    Raises JournalError where the journal failed: then it is left for recovery.
    """
    match wanted:
        case (
            ProcessPaymentIntent()
            | CollectPaymentMethod()
            | ProcessSetupIntent()
            | RefundPayment()
        ):
            until_ordered = None
            if isinstance(wanted, CollectPaymentMethod):
                until_ordered = partial(
                    inspecting.until_ordered,
                    inspection,
                    record=record,
                    events=events,
                    cancellation=cancellation,
                    timeout_s=settlement.settings.confirm_within_s,
                )
            await process_with_card(
                record,
                session=session,
                settlement=settlement,
                events=events,
                cancellation=cancellation,
                until_ordered=until_ordered,
                tip=tip,
            )
