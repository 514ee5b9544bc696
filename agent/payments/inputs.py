"""`collect_inputs`, read top to bottom: ask one form after the other, keep the answers.

What customers answer is kept apart from the journal's entries, for a day.
"""

from __future__ import annotations

from typing import assert_never

from agent.clock import Clock
from agent.errors import ReaderError
from agent.events import CustomerBusy, EventBus
from agent.ids import FileId, PaymentId
from agent.journal.details import Details, KeptFile
from agent.journal.entries import ActionFinished, Performed
from agent.payments.cancellation import Cancellation
from agent.payments.failures import canceled, failed, reader_failed, succeeded
from agent.payments.forms import FormKind, Reply, inputs_object
from agent.payments.questions import Answered, Skipped, Unanswered, ask
from agent.payments.record import PaymentRecord
from agent.payments.wanted import CollectInputs
from agent.readers.session import ReaderSession
from drivers.errors import DriverError
from drivers.reader import Reader


async def collect_inputs(
    record: PaymentRecord,
    wanted: CollectInputs,
    *,
    session: ReaderSession,
    clock: Clock,
    events: EventBus,
    cancellation: Cancellation,
) -> None:
    """Ask every form; returns with the action finished.

    Raises JournalError where the journal failed: then it is left for recovery.
    """
    payment_id = record.payment.payment_id
    outcome: Details | ActionFinished = canceled(payment_id)
    try:
        async with cancellation.of_questions(), session.hold() as reader:
            outcome = await _ask_all(
                wanted, reader, record=record, clock=clock, events=events
            )
    except (DriverError, ReaderError) as error:
        outcome = reader_failed(payment_id, error)
    # Only now, with the reader idle: who hears of the end may ask for the next action.
    if cancellation.requested:
        await record.end(canceled(payment_id))
    elif isinstance(outcome, ActionFinished):
        await record.end(outcome)
    else:
        await record.end(
            succeeded(payment_id), after=Performed(payment_id), details=outcome
        )


async def _ask_all(
    wanted: CollectInputs,
    reader: Reader,
    *,
    record: PaymentRecord,
    clock: Clock,
    events: EventBus,
) -> Details | ActionFinished:
    """The answers to all forms, or why there are none."""
    payment = record.payment
    replies: list[Reply] = []
    files: list[KeptFile] = []
    for position, form in enumerate(wanted.forms):
        step = f"answering_{form.kind}"
        events.publish(CustomerBusy(payment.reader_id, payment.payment_id, step=step))
        match await ask(form, reader.features, clock=clock):
            case Unanswered(code):
                return failed(payment.payment_id, code)
            case Skipped():
                replies.append(Reply())
            case Answered(drawing, toggles) if form.kind is FormKind.SIGNATURE:
                file_id = _file_id(payment.payment_id, position)
                files.append(KeptFile(file_id, drawing.encode()))
                replies.append(Reply(file_id, toggles))
            case Answered(value, toggles):
                replies.append(Reply(value, toggles))
            case ended:
                assert_never(ended)
    shown = inputs_object(wanted.forms, replies, metadata=wanted.metadata)
    return Details(shown, tuple(files))


def _file_id(payment_id: PaymentId, position: int) -> FileId:
    """As hard to guess as the payment's own."""
    return FileId(f"file_{payment_id.removeprefix('pay_')}{position}")
