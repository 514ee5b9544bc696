"""From what a register wanted to the straight line that does it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import assert_never

from agent.events import EventBus
from agent.payments import inspecting
from agent.payments.cancellation import Cancellation
from agent.payments.collect import process_with_card
from agent.payments.display import set_reader_display
from agent.payments.inputs import collect_inputs
from agent.payments.inspection import Inspection
from agent.payments.record import PaymentRecord
from agent.payments.settlement import Settlement
from agent.payments.storing import Course, Storing
from agent.payments.wanted import (
    Beginning,
    CollectInputs,
    CollectPaymentMethod,
    SetReaderDisplay,
)
from agent.readers.session import ReaderSession
from drivers.reader import TipChoices


@dataclass(frozen=True, slots=True)
class Manner:
    """How a card is taken, as it was decided before anything began."""

    tip: TipChoices | None
    course: Course


async def perform(
    wanted: Beginning,
    record: PaymentRecord,
    *,
    session: ReaderSession,
    settlement: Settlement,
    events: EventBus,
    cancellation: Cancellation,
    inspection: Inspection,
    manner: Manner,
) -> None:
    """Do what was wanted; returns with the action finished.

    Raises JournalError where the journal failed: then it is left for recovery.
    """
    match wanted:
        case CollectInputs() | SetReaderDisplay():
            await _ask_or_show(
                wanted,
                record,
                session=session,
                settlement=settlement,
                events=events,
                cancellation=cancellation,
            )
        case _:
            waiting = partial(
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
                until_ordered=waiting if _is_inspected(wanted) else None,
                tip=manner.tip,
                storing=Storing.on(manner.course, settlement.offline, session),
            )


def _is_inspected(wanted: Beginning) -> bool:
    return isinstance(wanted, CollectPaymentMethod)


async def _ask_or_show(
    wanted: CollectInputs | SetReaderDisplay,
    record: PaymentRecord,
    *,
    session: ReaderSession,
    settlement: Settlement,
    events: EventBus,
    cancellation: Cancellation,
) -> None:
    """What needs no card."""
    match wanted:
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
