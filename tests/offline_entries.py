"""Stored payments for tests: one of each kind of entry, a key, a card."""

from __future__ import annotations

from hypothesis import strategies as st

from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.entries import ActionRequested, CardCollected, StoredOffline
from agent.journal.journal import Journal
from agent.journal.offline_entries import (
    ForwardDeclined,
    Forwarded,
    ForwardFailed,
    ForwardStarted,
    OfflineEntry,
    OfflinePaymentStored,
    OfflinePaymentVoided,
)
from agent.offline.records import StoredContent, sealed_payment
from agent.settings import OfflineKey
from agent.stripe_api.cards import ConfirmCard

KEY = OfflineKey(bytes(range(32)))
OTHER_KEY = OfflineKey(bytes(32))
NONCE = bytes(12)
PAYMENT = PaymentId("pay_1")
READER = ReaderId("tmr_1")
STRIPES = PaymentIntentId("pi_1")
CARD = ConfirmCard("contact_emv", b"\xc0\xff\xee" * 8, bytes(10), READER)
CONTENT = StoredContent(CARD, 1_800_000_000, create={"amount": 1050, "currency": "usd"})


def stored(payment_id: str = PAYMENT, *, number: int = 1) -> OfflinePaymentStored:
    """A payment's first entry, as it is before it is sealed."""
    return OfflinePaymentStored(
        payment_id=PaymentId(payment_id),
        number=number,
        payment_intent=PaymentIntentId(f"pi_offline_{payment_id}"),
        reader_id=READER,
        amount=1050,
        currency="usd",
        livemode=False,
        read_method="contact_emv",
        key_id="",
        sealed_digest="",
    )


async def store(journal: Journal, payment_id: str = PAYMENT) -> None:
    """Store a payment as the straight line does: in both tables at one stroke."""
    asked = PaymentId(payment_id)
    await journal.append(
        ActionRequested(
            payment_id=asked,
            reader_id=READER,
            action="process_payment_intent",
            payment_intent=PaymentIntentId(f"pi_offline_{payment_id}"),
            amount=1050,
            currency="usd",
            parameters={},
        )
    )
    await journal.append(
        CardCollected(asked, "contact_emv", "9f86d081884c7d65"),
        StoredOffline(asked, "offline_intent"),
        seal=lambda number: sealed_payment(
            stored(payment_id, number=number), CONTENT, key=KEY, nonce=NONCE
        ),
    )


STARTED = ForwardStarted(PAYMENT, "cardlane-pay_1-1")
FORWARDED = Forwarded(PAYMENT, STRIPES, "succeeded", "ch_1")
DECLINED = ForwardDeclined(
    PAYMENT, STRIPES, "card_declined", "insufficient_funds", "Declined.", "ch_1"
)
FAILED = ForwardFailed(PAYMENT, "offline_record_damaged", "It does not open.")
VOIDED = OfflinePaymentVoided(PAYMENT, "declined")

ONE_OF_EACH: tuple[OfflineEntry, ...] = (
    stored(),
    VOIDED,
    STARTED,
    FORWARDED,
    DECLINED,
    FAILED,
)

any_offline_entry: st.SearchStrategy[OfflineEntry] = st.one_of(
    *(st.from_type(type(entry)) for entry in ONE_OF_EACH)
)
