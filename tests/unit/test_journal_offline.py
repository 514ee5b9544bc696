"""Stored payments in the journal: durable, chained, and damage told without stopping."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest
from agent_clock import StillClock
from hypothesis import given
from journal_entries import requested
from offline_entries import (
    CONTENT,
    DECLINED,
    FORWARDED,
    KEY,
    ONE_OF_EACH,
    PAYMENT,
    STARTED,
    VOIDED,
    any_offline_entry,
    store,
    stored,
)

from agent.errors import InternalError, JournalBroken
from agent.ids import PaymentId, PaymentIntentId
from agent.journal.codec import encode
from agent.journal.journal import Journal
from agent.journal.offline import OFFLINE_KINDS, DamageKind, OfflineDamage
from agent.journal.offline_entries import OfflineEntry, OfflinePaymentStored
from agent.offline.records import opened_payment

SET_BODY = "UPDATE offline_entries SET body = ? WHERE seq = 2"
GUARDS = (
    "DROP TRIGGER offline_entries_are_never_changed",
    "DROP TRIGGER offline_entries_are_never_deleted",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(path, clock=StillClock())
    yield journal
    await journal.aclose()


def tamper(path: Path, *statements: str, values: tuple[str, ...] = ()) -> None:
    """Change the file as somebody with a database tool would."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for guard in GUARDS:
            connection.execute(guard)
        for statement in statements:
            connection.execute(statement, values)


@given(any_offline_entry)
def test_every_entry_of_a_stored_payment_comes_back_as_it_went(
    entry: OfflineEntry,
) -> None:
    kind, body = OFFLINE_KINDS.kind_of(entry), encode(entry)

    assert OFFLINE_KINDS.decode(kind, body) == entry


def test_every_kind_of_entry_of_a_stored_payment_has_a_name() -> None:
    kinds = [OFFLINE_KINDS.kind_of(entry) for entry in ONE_OF_EACH]

    assert kinds == list(OFFLINE_KINDS)
    assert {type(entry) for entry in ONE_OF_EACH} == set(get_args(OfflineEntry))


async def test_a_stored_payment_is_there_after_a_restart(path: Path) -> None:
    first = await Journal.open(path, clock=StillClock())
    await store(first)
    await first.aclose()

    second = await Journal.open(path, clock=StillClock())
    (recorded,) = second.offline.entries_of(PAYMENT)
    sealed = second.offline.sealed(PAYMENT)
    await second.aclose()

    assert isinstance(recorded.entry, OfflinePaymentStored)
    assert opened_payment(recorded.entry, sealed or b"", key=KEY) == CONTENT


async def test_stored_payments_are_counted_without_a_gap(journal: Journal) -> None:
    for payment_id in ("pay_1", "pay_2", "pay_3"):
        await store(journal, payment_id)

    entries = [
        journal.offline.entries_of(payment_id)[0].entry
        for payment_id in journal.offline.open_payments()
    ]

    assert [entry.number for entry in entries if hasattr(entry, "number")] == [1, 2, 3]


async def test_a_seal_that_fails_leaves_neither_entry_nor_number(
    journal: Journal,
) -> None:
    def broken(number: int) -> tuple[OfflinePaymentStored, bytes]:
        raise ValueError(number)

    with pytest.raises(ValueError, match="1"):
        await journal.append(requested(), seal=broken)
    await store(journal)

    assert journal.offline.audit() == []
    assert journal.offline.open_payments() == [PAYMENT]


@pytest.mark.parametrize("ends", [[STARTED, FORWARDED], [STARTED, DECLINED], [VOIDED]])
async def test_the_sealed_card_is_gone_with_the_outcome(
    journal: Journal, ends: list[OfflineEntry]
) -> None:
    await store(journal)

    for entry in ends:
        await journal.offline.append(entry)

    assert journal.offline.sealed(PAYMENT) is None
    assert journal.offline.open_payments() == []


async def test_a_stored_payment_ends_once(journal: Journal) -> None:
    await store(journal)
    await journal.offline.append(FORWARDED)

    with pytest.raises(InternalError):
        await journal.offline.append(DECLINED)


async def test_a_payment_is_found_by_the_intent_of_this_machine(
    journal: Journal,
) -> None:
    await store(journal)

    found = journal.offline.payments_of_intent(PaymentIntentId("pi_offline_pay_1"))

    assert found == [PAYMENT]


async def test_an_intent_made_here_is_kept(journal: Journal) -> None:
    intent = PaymentIntentId("pi_offline_1")

    await journal.offline.put_intent(intent, b"sealed")

    assert journal.offline.intent(intent) == b"sealed"
    assert journal.offline.intent(PaymentIntentId("pi_offline_2")) is None


async def test_entries_are_neither_changed_nor_deleted(
    journal: Journal, path: Path
) -> None:
    await store(journal)

    with closing(sqlite3.connect(path)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute("UPDATE offline_entries SET at = ''")
        with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
            connection.execute("DELETE FROM offline_entries")


async def test_nothing_is_damaged_in_an_honest_file(journal: Journal) -> None:
    for payment_id in ("pay_1", "pay_2"):
        await store(journal, payment_id)
    await journal.offline.append(STARTED)

    assert journal.offline.audit() == []
    assert journal.offline.verify().entries == 3


async def test_a_changed_amount_is_told_and_the_others_are_read_on(
    journal: Journal, path: Path
) -> None:
    for payment_id in ("pay_1", "pay_2", "pay_3"):
        await store(journal, payment_id)
    body = encode(stored("pay_2", number=2)).replace("1050", "1")

    tamper(path, SET_BODY, values=(body,))

    assert journal.offline.audit() == [
        OfflineDamage(DamageKind.CHANGED, 2, PaymentId("pay_2"))
    ]
    assert len(journal.offline.open_payments()) == 3
    with pytest.raises(JournalBroken):
        journal.offline.verify()


async def test_an_entry_that_was_removed_is_missed_twice(
    journal: Journal, path: Path
) -> None:
    for payment_id in ("pay_1", "pay_2", "pay_3"):
        await store(journal, payment_id)

    tamper(path, "DELETE FROM offline_entries WHERE seq = 2")

    assert journal.offline.audit() == [
        OfflineDamage(DamageKind.MISSING, 2, None),
        OfflineDamage(DamageKind.VANISHED, None, PaymentId("pay_2")),
    ]


async def test_a_removed_last_entry_is_missed_by_the_payments_own_journal(
    journal: Journal, path: Path
) -> None:
    for payment_id in ("pay_1", "pay_2"):
        await store(journal, payment_id)

    tamper(path, "DELETE FROM offline_entries WHERE seq = 2")

    assert journal.offline.audit() == [
        OfflineDamage(DamageKind.VANISHED, None, PaymentId("pay_2"))
    ]


async def test_two_entries_that_changed_places_are_told(
    journal: Journal, path: Path
) -> None:
    for payment_id in ("pay_1", "pay_2"):
        await store(journal, payment_id)

    tamper(
        path,
        "UPDATE offline_entries SET seq = 99 WHERE seq = 1",
        "UPDATE offline_entries SET seq = 1 WHERE seq = 2",
        "UPDATE offline_entries SET seq = 2 WHERE seq = 99",
    )

    assert [damage.seq for damage in journal.offline.audit()] == [1, 2]


async def test_an_entry_that_names_no_payment_is_told_by_its_number(
    journal: Journal, path: Path
) -> None:
    await store(journal)
    await store(journal, "pay_2")

    tamper(path, SET_BODY, values=('{"payment_id":7}',))

    assert journal.offline.audit()[0] == OfflineDamage(DamageKind.CHANGED, 2, None)
