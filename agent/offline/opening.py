"""Opening what was stored, and saying what keeps one from it."""

from __future__ import annotations

from agent.errors import JournalBroken
from agent.ids import PaymentId
from agent.journal.journal import Journal
from agent.offline.errors import (
    OfflineKeyMissing,
    OtherMode,
    OtherOfflineKey,
    RecordDamaged,
)
from agent.offline.records import StoredContent, opened_payment
from agent.offline.sealing import SealBroken
from agent.offline.states import IllegalStep, OfflinePayment, fold
from agent.settings import OfflineKey


def stored_payment(journal: Journal, payment_id: PaymentId) -> OfflinePayment:
    """The payment as its entries tell it; raises RecordDamaged."""
    try:
        return fold(each.entry for each in journal.offline.entries_of(payment_id))
    except (JournalBroken, IllegalStep) as error:
        raise RecordDamaged(f"Stored payment {payment_id}: {error}.") from error


def opened(
    journal: Journal,
    payment: OfflinePayment,
    *,
    key: OfflineKey | None,
    livemode: bool,
) -> StoredContent:
    """What Stripe is to be sent.

    Raises OfflineKeyMissing, and OtherMode, OtherOfflineKey or RecordDamaged.
    """
    stored = payment.stored
    if key is None:
        raise OfflineKeyMissing("There is no offline key.")
    if stored.livemode != livemode:
        mode = "live" if stored.livemode else "test"
        raise OtherMode(f"{stored.payment_id} was stored in {mode} mode.")
    sealed = journal.offline.sealed(stored.payment_id)
    try:
        if sealed is not None:
            return opened_payment(stored, sealed, key=key)
    except SealBroken:
        if stored.key_id != key.key_id:
            raise OtherOfflineKey(
                f"{stored.payment_id} was sealed under another key."
            ) from None
    raise RecordDamaged(f"What was stored of {stored.payment_id} is not what is there.")
