"""Ending a payment that a crash or a fault cut off, by what may have happened.

| last entry            | what may have happened       | what is done                  |
|-----------------------|------------------------------|-------------------------------|
| ActionRequested       | nothing                      | failed, not charged           |
| CardCollected         | nothing upstream             | card discarded; not charged   |
| ConfirmStarted        | charged, declined or nothing | ask Stripe until it is known  |
| AnswerLost            | the same                     | the same                      |
| Confirmed, Performed  | done; card's word missing    | it stands, and says so        |
| StoredOffline         | stored; card's word missing  | it is kept, to be forwarded   |
| Declined, NotCharged  | nothing charged              | the action ends by it         |
| CardRefused, Reversal…| reversed or not              | reversed with the same key    |
"""

from __future__ import annotations

from datetime import timedelta

from agent.journal.entries import AnswerLost, ConfirmStarted
from agent.journal.journal import Journal
from agent.log import get_logger
from agent.payments.failures import interrupted
from agent.payments.held_card import from_bytes
from agent.payments.record import PaymentRecord
from agent.payments.settle import finish, settle_confirm
from agent.payments.settlement import Settlement
from agent.payments.states import Phase
from agent.stripe_api.cards import ConfirmCard

log = get_logger(__name__)


async def recover(
    record: PaymentRecord, *, journal: Journal, settlement: Settlement
) -> None:
    """Bring a cut-off payment to its end, however long Stripe takes to answer.

    The reader must be free: whatever ran on it belonged to the payment that was cut.
    Raises JournalError where the journal fails again.
    """
    payment_id = record.payment.payment_id
    log.warning("payment.recovering", payment_id=payment_id, phase=record.payment.phase)
    match record.payment.phase:
        case Phase.REQUESTED | Phase.CARD_COLLECTED:
            await record.end(interrupted(record.payment))
        case Phase.CONFIRMING | Phase.UNKNOWN:
            if record.payment.phase is Phase.CONFIRMING:
                lost = AnswerLost(payment_id, reason="the agent was interrupted")
                await record.add(lost)
            card = _repeatable_card(record, journal=journal, settlement=settlement)
            await settle_confirm(record, card=card, settlement=settlement)
        case _:
            pass
    await finish(record, settlement=settlement)


def _repeatable_card(
    record: PaymentRecord, *, journal: Journal, settlement: Settlement
) -> ConfirmCard | None:
    """The held card while its cardholder may still be at the till, else None.

    Repeating the confirm gives a definite answer, but it may charge now what never
    reached Stripe before; that is right for seconds, not for hours.
    """
    payment_id = record.payment.payment_id
    held = journal.held_card(payment_id)
    if held is None:
        return None
    # The held card was written with it, at one stroke.
    started_at = next(
        recorded.at
        for recorded in journal.entries_of(payment_id)
        if isinstance(recorded.entry, ConfirmStarted)
    )
    age = settlement.clock.now() - started_at
    limit = timedelta(seconds=settlement.settings.resume_confirm_within_s)
    # A clock that lost the time with the power may stand before it: nobody knows then.
    return from_bytes(held) if timedelta() <= age <= limit else None
