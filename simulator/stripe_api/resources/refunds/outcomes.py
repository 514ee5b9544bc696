"""How refunds end, where that is not at once: later, badly, or by being called off.

Stripe's test cards decide which refunds take their time.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from simulator.emv.presented_card import fingerprint_of
from simulator.stripe_api.engine.operations import Call, Work
from simulator.stripe_api.resources.balance_transactions import book_refund_failure
from simulator.stripe_api.resources.charges import CHARGES, Charge, add_refunded
from simulator.stripe_api.resources.refunds.fields import REFUNDS, Refund

AFTER_S = 5
"""Stripe says only "some time later"."""

_REFUND_FAILS = fingerprint_of("4000000000005126")
_REFUND_IS_PENDING = fingerprint_of("4000000000007726")


def expect_outcome(call: Call, refund: Refund, charge: Charge) -> Refund:
    """The new refund as it is at first; what is to come of it is put on the agenda."""
    expected = refund.copy()
    if _fingerprint(charge) == _REFUND_IS_PENDING:
        expected["status"] = "pending"
        expected["pending_reason"] = "processing"
    _plan(call, expected, charge, after_s=AFTER_S)
    return expected


def watch_refunds(call: Call) -> None:
    """See to the end of all refunds there are, which may come from elsewhere."""
    for refund in call.store.of(REFUNDS).newest_first():
        charge = call.store.of(CHARGES).get(refund["charge"] or "")
        if charge is not None and refund["balance_transaction"] is not None:
            after_s = max(0, refund["created"] + AFTER_S - call.now)
            _plan(call, refund, charge, after_s=after_s)


def take_back(call: Call, refund: Refund, *, reason: str, status: str) -> Refund:
    """Store a refund whose money came back, and count it as not given."""
    failed = refund.copy()
    failed["status"] = status
    failed["failure_reason"] = reason
    if refund["balance_transaction"] is not None:
        failed["failure_balance_transaction"] = book_refund_failure(
            call,
            refund_id=refund["id"],
            amount=refund["amount"],
            currency=refund["currency"],
        )
    call.store.of(REFUNDS).put(failed)
    charge = call.store.of(CHARGES).get(refund["charge"])
    if charge is not None:
        restored = add_refunded(call, charge, -refund["amount"])
        call.emit("charge.updated", restored, before=charge)
    return failed


def _plan(call: Call, refund: Refund, charge: Charge, *, after_s: int) -> None:
    fingerprint = _fingerprint(charge)
    work: Work | None = None
    if refund["status"] == "succeeded" and fingerprint == _REFUND_FAILS:
        work = partial(_fail, refund_id=refund["id"])
    elif refund["status"] == "pending" and fingerprint == _REFUND_IS_PENDING:
        work = partial(_succeed, refund_id=refund["id"])
    if work is not None:
        call.agenda.later.append((after_s, work))


def _fail(call: Call, *, refund_id: str) -> None:
    before = call.store.of(REFUNDS).get(refund_id)
    if before is None or before["status"] != "succeeded":
        return
    failed = take_back(call, before, reason="expired_or_canceled_card", status="failed")
    call.emit("refund.updated", failed, before=before)
    call.emit("charge.refund.updated", failed, before=before)
    call.emit("refund.failed", failed)


def _succeed(call: Call, *, refund_id: str) -> None:
    before = call.store.of(REFUNDS).get(refund_id)
    if before is None or before["status"] != "pending":
        return
    succeeded = before.copy()
    succeeded["status"] = "succeeded"
    succeeded.pop("pending_reason", None)
    call.store.of(REFUNDS).put(succeeded)
    call.emit("refund.updated", succeeded, before=before)


def _fingerprint(charge: Charge) -> str | None:
    details: Mapping[str, Any] = charge["payment_method_details"]
    card = details.get(details["type"]) or {}
    return card.get("fingerprint")
