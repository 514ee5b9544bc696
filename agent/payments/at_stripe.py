"""One action at one of Stripe's readers, read top to bottom: sent, watched, ended.

Entry, effect, entry: the action is in the journal before Stripe hears of it, and a
crash leaves a payment that is asked about, never one that is taken for a failure.
"""

from __future__ import annotations

from agent.errors import AgentError
from agent.journal.entries import Confirmed, NotCharged, Performed
from agent.payments.at_the_reader import (
    AtWork,
    Ended,
    Gone,
    Standing,
    end_of,
    standing,
)
from agent.payments.course import Course, lose_sight, miss
from agent.payments.evidence import Nothing, Undecided, proof_of
from agent.payments.failures import (
    ACTION_REPLACED,
    MESSAGES,
    PAYMENT_NOT_CHARGED,
    READER_TIMED_OUT,
    canceled,
)
from agent.payments.forwarded import Form
from agent.payments.sending import send
from agent.payments.settle import finish
from agent.stripe_api import errors, terminal_readers
from agent.stripe_api.terminal_readers import StripesReader

STOP_AGAIN_S = 30.0
"""Between attempts to stop a reader that does not end its action."""


async def carry_out(course: Course, form: Form) -> None:
    """Send the action and see it through; returns with the payment finished.

    Raises JournalError where the journal failed: then it is left for recovery.
    """
    reader = await send(course, form)
    if isinstance(reader, AgentError):
        await _end_unsent(course, reader)
        course.has_begun(reader)
        return
    course.has_begun()
    await watch(course, reader)


async def watch(course: Course, reader: StripesReader | None = None) -> None:
    """Ask until the action has ended, however long that takes; `reader` is a first look.

    Raises JournalError as `carry_out`.
    """
    course.seen_s = course.now_s
    with course.readers.watched(course.payment.reader_id):
        await finish(course.record, settlement=course.settlement)
        while not course.payment.is_finished:
            at = await _look(course) if reader is None else _at(course, reader)
            reader = None
            if isinstance(at, AtWork) and _is_overdue(course):
                at = await _stop(course)
            if course.is_offline and not isinstance(at, Ended | Gone):
                await _settle_without_reader(course)
            if isinstance(at, Gone) and course.now_s < course.doubtful_until_s:
                continue
            if isinstance(at, Ended | Gone):
                await _settle(course, at)


async def _end_unsent(course: Course, error: AgentError) -> None:
    """The reader certainly does not have it: nobody is charged."""
    code = error.code
    if isinstance(error, errors.StripeRefused):
        code = error.error.code or error.code
    course.record.note(NotCharged(course.payment.payment_id, code, error.message))
    await finish(course.record, settlement=course.settlement)


async def _look(course: Course) -> Standing | None:
    """Where the action stands; None where that cannot be learnt now."""
    try:
        reader = await course.readers.next_look(
            course.payment.reader_id,
            action=course.payment.action,
            age_s=course.now_s - course.started_s,
        )
    except errors.StripeRefused as refused:
        if refused.error.status == 404:
            return Gone(is_replaced=False)
        await miss(course, refused.message)
        return None
    except AgentError as error:
        await miss(course, error.message)
        return None
    return _at(course, reader)


def _at(course: Course, reader: StripesReader) -> Standing:
    at = standing(course.payment, reader)
    course.is_offline = reader.status == "offline"
    if isinstance(at, AtWork):
        course.seen_s = course.now_s
    return at


def _is_overdue(course: Course) -> bool:
    limit_s = course.settlement.settings.smart_reader_timeout_s
    now_s = course.now_s
    return now_s - course.started_s >= limit_s and now_s >= course.stop_again_s


async def _stop(course: Course) -> Standing | None:
    """Have a reader that does not end its action forget it, if it still can."""
    course.stop_again_s = course.now_s + STOP_AGAIN_S
    stripe, reader_id = course.settlement.stripe, course.payment.reader_id
    try:
        reader = await terminal_readers.cancel_action(stripe, reader_id)
    except AgentError as error:
        # Switched off, it may come back and charge: it is not over.
        await lose_sight(course, error.message)
        return None
    course.gone_code = READER_TIMED_OUT
    return _at(course, reader)


async def _settle_without_reader(course: Course) -> None:
    """A reader that is off tells nothing, though it may have charged before."""
    try:
        proof = await proof_of(course.payment, course.settlement.stripe)
    except AgentError:
        return
    match proof:
        case Confirmed() | Performed():
            course.record.note(proof)
        case Nothing(is_final=True):
            payment_id, code = course.payment.payment_id, PAYMENT_NOT_CHARGED
            course.record.note(NotCharged(payment_id, code, MESSAGES[code]))
        case _:
            return
    await finish(course.record, settlement=course.settlement)


async def _settle(course: Course, at: Ended | Gone) -> None:
    """End the payment by what the reader says and what Stripe's objects prove."""
    payment = course.payment
    try:
        proof = await proof_of(payment, course.settlement.stripe)
    except AgentError as error:
        await miss(course, error.message)
        return
    gone_code = course.gone_code or ACTION_REPLACED
    end = end_of(payment, at, proof, gone_code=gone_code)
    if isinstance(end, Undecided):
        await miss(course, end.reason)
        return
    course.record.note(end)
    if (
        isinstance(end, NotCharged)
        and isinstance(at, Gone)
        and _is_canceled(course, at)
    ):
        await course.record.end(canceled(payment.payment_id))
    else:
        await finish(course.record, settlement=course.settlement)
    if isinstance(at, Ended):
        course.readers.usual.note(payment.action, course.now_s - course.started_s)


def _is_canceled(course: Course, at: Gone) -> bool:
    """By a register of this agent, or by another integration."""
    return course.canceled.is_set() or (course.gone_code is None and not at.is_replaced)
