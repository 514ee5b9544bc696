"""What holds of events after anything: told with their entries, each of them once."""

from __future__ import annotations

import json
from collections import defaultdict

from crash_invariants import payments_of
from flow_agent import Agent

from agent.events import STRIPES_OWN
from agent.ids import PaymentId
from agent.journal.entries import ActionRequested, Outcome
from agent.payments.payment import Payment, apply, begin

SUCCEEDED, FAILED, _ = STRIPES_OWN
ENDS = {Outcome.SUCCEEDED: SUCCEEDED, Outcome.DECLINED: FAILED, Outcome.FAILED: FAILED}


def check_events(agent: Agent) -> None:
    """Every phase of every payment was told once, and each end as Stripe tells it."""
    events = agent.journal.events.read(after=0, limit=100_000)
    phases: defaultdict[str, list[str]] = defaultdict(list)
    for event in events:
        if event.type == "phase_changed":
            data = json.loads(event.data)
            phases[data["payment_id"]].append(data["phase"])
    payments = payments_of(agent)

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert len({event.event_id for event in events}) == len(events)
    assert phases == {each: _phases_of(agent, each) for each in payments}
    told = [event.type for event in events if event.type in (SUCCEEDED, FAILED)]
    assert sorted(told) == sorted(filter(None, map(_end_of, payments.values())))


def _phases_of(agent: Agent, payment_id: PaymentId) -> list[str]:
    """The phases of a payment as its entries tell them, repeats left out."""
    first, *rest = (one.entry for one in agent.journal.entries_of(payment_id))
    assert isinstance(first, ActionRequested)
    payment = begin(first)
    phases = [str(payment.phase)]
    for entry in rest:
        payment = apply(payment, entry)
        if payment.phase != phases[-1]:
            phases.append(str(payment.phase))
    return phases


def _end_of(payment: Payment) -> str | None:
    """Stripe's event of the end; None where Stripe tells of none."""
    if payment.outcome is None or payment.action == "set_reader_display":
        return None
    is_collected = payment.action == "collect_payment_method"
    if is_collected and payment.outcome is Outcome.SUCCEEDED:
        return None  # told as an update: a smart reader holds the card, and goes on
    return ENDS.get(payment.outcome)
