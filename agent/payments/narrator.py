"""What registers are told of a payment, said by its entries as they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from agent.events import (
    STRIPES_OWN,
    AuthorizationExpiring,
    Event,
    PhaseChanged,
    ReaderActionChanged,
)
from agent.ids import PaymentId
from agent.journal.codec import canonical
from agent.journal.entries import (
    ActionFinished,
    ActionRequested,
    AuthorizationWarned,
    CardCollected,
    Entry,
    Outcome,
)
from agent.journal.journal import Journal
from agent.log import get_logger
from agent.payments.payment import Payment, apply, begin, fold

log = get_logger(__name__)

SUCCEEDED, FAILED, UPDATED = STRIPES_OWN

_ENDS: dict[Outcome, str | None] = {
    Outcome.SUCCEEDED: SUCCEEDED,
    Outcome.DECLINED: FAILED,
    Outcome.FAILED: FAILED,
    Outcome.CANCELED: None,
}
"""Stripe tells of no action that a register has canceled or replaced."""

_UNTOLD = frozenset({"set_reader_display"})
"""Nor does it tell of a cart that is shown."""

_COLLECTING = "collect_payment_method"

ShowReader = Callable[[Payment], dict[str, Any]]
"""The payment's reader as Stripe shows it, with the payment as its action, for JSON."""


class Narrator:
    """Fulfils agent.journal.journal.Narrator."""

    def __init__(self, journal: Journal, *, show_reader: ShowReader) -> None:
        self._journal = journal
        self._show_reader = show_reader
        self._under_way: dict[PaymentId, Payment] = {}

    def events_of(
        self, entries: Sequence[Entry], folded: Sequence[Payment] = ()
    ) -> list[Event]:
        """The phase after each entry, and Stripe's event where the action has ended.

        Raises IllegalStep for an entry that may not follow.
        """
        return [
            event
            for entry, known in zip_longest(entries, folded[: len(entries)])
            for event in self._events_of(entry, known)
        ]

    def forget(self, payment_id: PaymentId) -> None:
        """Take the payment as the journal has it, next time."""
        self._under_way.pop(payment_id, None)

    def _events_of(self, entry: Entry, known: Payment | None) -> Iterator[Event]:
        before = None
        if isinstance(entry, ActionRequested):
            payment = known or begin(entry)
        else:
            before = self._before(entry.payment_id)
            payment = known or apply(before, entry)
        if payment.is_finished:
            self.forget(payment.payment_id)
        else:
            self._under_way[payment.payment_id] = payment
        if before is None or payment.phase is not before.phase:
            yield phase_changed(payment)
        if isinstance(entry, AuthorizationWarned):
            yield authorization_expiring(payment, entry)
        if isinstance(entry, CardCollected) and payment.card is not None:
            yield ReaderActionChanged(
                UPDATED, payment.reader_id, reader=self._shown(payment)
            )
        if isinstance(entry, ActionFinished) and (name := _end_of(payment, entry)):
            yield ReaderActionChanged(
                name, payment.reader_id, reader=self._shown(payment)
            )

    def _shown(self, payment: Payment) -> dict[str, Any]:
        """The payment's reader, or the little that is certain of it."""
        try:
            shown = self._show_reader(payment)
            canonical(shown)
        except Exception:
            # Not outermost, but money first: an end is written with its event or never.
            log.exception("event.defect", payment_id=payment.payment_id)
            return {"id": payment.reader_id, "object": "terminal.reader"}
        return shown

    def _before(self, payment_id: PaymentId) -> Payment:
        known = self._under_way.get(payment_id)
        if known is not None:
            return known
        recorded = self._journal.entries_of(payment_id)
        return fold(one.entry for one in recorded)


def _end_of(payment: Payment, finished: ActionFinished) -> str | None:
    """Stripe's name for the end; None where Stripe tells nothing of it."""
    if payment.action in _UNTOLD:
        return None
    if payment.action == _COLLECTING and finished.outcome is Outcome.SUCCEEDED:
        return UPDATED  # a card that Stripe's reader holds: its action goes on there
    return _ENDS[finished.outcome]


def authorization_expiring(
    payment: Payment, warned: AuthorizationWarned
) -> AuthorizationExpiring:
    """That its money is released soon."""
    return AuthorizationExpiring(
        payment.reader_id,
        payment.payment_id,
        payment_intent=payment.intent,
        expires_at=warned.expires_at,
    )


def phase_changed(payment: Payment) -> PhaseChanged:
    """Where the payment stands."""
    return PhaseChanged(
        payment.reader_id,
        payment.payment_id,
        phase=payment.phase,
        payment_intent=payment.payment_intent,
        failure_code=payment.failure_code,
    )
