"""What registers are told of a payment: with its entries, never without them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flow_agent import Agent, Stack
from flow_invariants import works_again

from agent.events import ReaderMoved
from agent.ids import ReaderId
from agent.journal.event_log import RecordedEvent

SUCCEEDED = "terminal.reader.action_succeeded"
FAILED = "terminal.reader.action_failed"
MOVED = ReaderMoved(ReaderId("tmr_9"), "serial:/dev/ttyUSB9")


def kept(agent: Agent, *, of: str = "") -> list[RecordedEvent]:
    """The kept events whose type begins so."""
    events = agent.journal.events.read(after=0, limit=1000)
    return [event for event in events if event.type.startswith(of)]


def phases(agent: Agent) -> list[str]:
    return [json.loads(e.data)["phase"] for e in kept(agent, of="phase_changed")]


def ends(agent: Agent) -> list[tuple[str, Any]]:
    return [(e.type, json.loads(e.data)) for e in kept(agent, of="terminal.")]


@pytest.mark.parametrize(
    ("card", "name", "code", "told"),
    [
        ("visa_approved", SUCCEEDED, None, ["confirmed", "succeeded"]),
        ("visa_declined", FAILED, "card_declined", ["refused", "declined"]),
        (
            "visa_refuses_after_approval",
            FAILED,
            "declined_by_reader",
            ["confirmed", "card_refused", "reversing", "reversed", "failed"],
        ),
    ],
)
async def test_the_end_is_told_as_stripe_tells_it(
    card: str, name: str, code: str | None, told: list[str], stack: Stack
) -> None:
    stack.world.customer(card)
    intent = await stack.agent.intent()

    action = await stack.agent.pay(stack.reader, intent)

    shown = await stack.agent.shown(stack.reader)
    assert ends(stack.agent) == [(name, shown)]
    assert shown["action"] == action
    assert action["failure_code"] == code
    begun = ["requested", "card_collected", "confirming"]
    assert phases(stack.agent) == begun + told


async def test_a_payment_is_told_in_as_many_transactions_as_it_has_without(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    before = stack.agent.journal.disk.writes

    await stack.agent.pay(stack.reader, intent)

    # The request, the confirm, and the end with Stripe's answer.
    assert stack.agent.journal.disk.writes - before == 3


async def test_a_canceled_action_is_told_by_its_phase_only(stack: Stack) -> None:
    await stack.agent.begin(stack.reader, await stack.agent.intent())

    await stack.agent.cancel(stack.reader)

    assert phases(stack.agent) == ["requested", "canceled"]
    assert ends(stack.agent) == []


async def test_an_end_that_is_not_on_the_disk_is_not_told(stack: Stack) -> None:
    stack.agent.journal.fills_up_at = "action_finished"
    stack.world.customer("visa_approved")
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.agent.journal.fell_full.wait()
    await stack.world.passed(60.0)
    told_before = ends(stack.agent)
    stack.agent.journal.free_disk()

    await stack.agent.ended(stack.reader)

    assert told_before == []
    assert [name for name, _ in ends(stack.agent)] == [SUCCEEDED]
    assert phases(stack.agent)[-1] == "succeeded"
    await works_again(stack)


async def test_a_reader_is_told_of_beside_payments(stack: Stack) -> None:
    await stack.agent.journal.disk.write(lambda _: None)

    (online,) = kept(stack.agent, of="reader_status_changed")

    assert json.loads(online.data) == {
        "reader_id": stack.reader,
        "status": "online",
        "reason": None,
    }


async def test_an_event_waits_for_a_disk_that_is_full(stack: Stack) -> None:
    stack.agent.journal.disk.is_full = True
    stack.agent.events.publish(MOVED)
    await stack.world.passed(60.0)
    before = kept(stack.agent, of="reader_moved")
    stack.agent.journal.free_disk()

    await stack.world.passed(60.0)

    assert before == []
    assert [e.reader_id for e in kept(stack.agent, of="reader_moved")] == ["tmr_9"]
