"""Telling one of Stripe's readers to act: once, whatever becomes of the answer."""

from __future__ import annotations

from contextlib import suppress

from agent.errors import AgentError
from agent.payments.at_the_reader import Gone, standing
from agent.payments.course import Course, lose_sight
from agent.payments.failures import PAYMENT_NOT_CHARGED, READER_TIMED_OUT
from agent.payments.forwarded import Form
from agent.stripe_api import errors, terminal_readers
from agent.stripe_api.terminal_readers import StripesReader

IN_DOUBT_S = 10.0
"""How long an action whose answer was lost may still be on its way to its reader."""


async def send(course: Course, form: Form) -> StripesReader | AgentError | None:
    """The reader that has the action; None where only a look can tell.

    An error is why it certainly has not. A lost answer is asked for again under the
    same key while the customer may still be there. Raises JournalError.
    """
    waits, is_first = course.settlement.waits(), True
    while True:
        answer = await _order(course, form)
        if isinstance(answer, StripesReader):
            course.readers.heard(answer.shown)
            return await _canceled(course) if course.canceled.is_set() else answer
        if _is_silence(answer):
            return await _after_silence(course, answer)
        if is_first and not isinstance(answer, errors.AnswerLost):
            return answer
        # A refusal of a repeat says nothing of the first attempt.
        if isinstance(answer, errors.StripeRefused) or _is_vain(course, answer):
            course.gone_code = PAYMENT_NOT_CHARGED
            course.doubtful_until_s = course.now_s + IN_DOUBT_S
            return None
        if not is_first:
            await lose_sight(course, answer.message)
        is_first = False
        await course.pause(next(waits))


async def _order(course: Course, form: Form) -> StripesReader | AgentError:
    payment = course.payment
    try:
        return await terminal_readers.order(
            course.settlement.stripe,
            payment.reader_id,
            payment.action,
            form,
            idempotency_key=payment.sent.idempotency_key if payment.sent else "",
        )
    except AgentError as error:
        return error


def _is_silence(error: AgentError) -> bool:
    """Whether the reader did not answer Stripe: it may have heard all the same."""
    return (
        isinstance(error, errors.StripeRefused) and error.error.code == READER_TIMED_OUT
    )


def _is_vain(course: Course, error: AgentError) -> bool:
    """Whether a repeat would get the same answer, come too late, or is not wanted."""
    limit_s = course.settlement.settings.resume_confirm_within_s
    is_kept = isinstance(error, errors.AnswerLost) and error.is_replay
    is_late = course.now_s - course.started_s > limit_s
    return is_kept or is_late or course.canceled.is_set()


async def _canceled(course: Course) -> StripesReader | None:
    """It was canceled while it was on its way, so this has to follow it."""
    reader_id = course.payment.reader_id
    try:
        return await terminal_readers.cancel_action(course.settlement.stripe, reader_id)
    except AgentError:
        return None


async def _after_silence(course: Course, refused: AgentError) -> StripesReader | None:
    """Look what the reader does; one that has not heard is kept from hearing later.

    The register has its error, and the action stays under way for as long as the reader
    may still obey.
    """
    stripe, payment = course.settlement.stripe, course.payment
    course.gone_code = READER_TIMED_OUT
    course.doubtful_until_s = course.now_s + IN_DOUBT_S
    with suppress(AgentError):
        reader = await course.readers.look(payment.reader_id)
        if not isinstance(standing(payment, reader), Gone):
            return reader
        await terminal_readers.cancel_action(stripe, payment.reader_id)
    course.has_begun(refused)
    return None
