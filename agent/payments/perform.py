"""From what a register wanted to the straight line that does it."""

from __future__ import annotations

from typing import assert_never

from agent.events import EventBus
from agent.payments.collect import Cancellation, process_with_card
from agent.payments.display import set_reader_display
from agent.payments.inputs import collect_inputs
from agent.payments.record import PaymentRecord
from agent.payments.settlement import Settlement
from agent.payments.wanted import (
    CollectInputs,
    ProcessPaymentIntent,
    ProcessSetupIntent,
    RefundPayment,
    SetReaderDisplay,
    Wanted,
)
from agent.readers.session import ReaderSession
from drivers.reader import TipChoices


async def perform(
    wanted: Wanted,
    record: PaymentRecord,
    *,
    session: ReaderSession,
    settlement: Settlement,
    events: EventBus,
    cancellation: Cancellation,
    tip: TipChoices | None,
) -> None:
    """Do what was wanted; returns with the action finished.

    Raises JournalError where the journal failed: then it is left for recovery.
    """
    match wanted:
        case ProcessPaymentIntent() | ProcessSetupIntent() | RefundPayment():
            await process_with_card(
                record,
                session=session,
                settlement=settlement,
                events=events,
                cancellation=cancellation,
                tip=tip,
            )
        case CollectInputs():
            await collect_inputs(
                record,
                wanted,
                session=session,
                clock=settlement.clock,
                events=events,
                cancellation=cancellation,
            )
        case SetReaderDisplay():
            await set_reader_display(
                record, wanted, session=session, cancellation=cancellation
            )
        case _:
            assert_never(wanted)
