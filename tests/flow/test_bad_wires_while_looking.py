"""Looking at a card, keeping and refunding one, over a wire that fails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random  # noqa: TID251 - the tests' seeded source

import pytest
from _pytest.mark import ParameterSet
from flow_actions import (
    ask,
    begin,
    cards_of,
    done,
    new_customer,
    new_setup,
    paid_by_interac,
    refunds_of,
)
from flow_agent import Stack, running_stack
from flow_cables import EACH_FAMILY_ON_EACH_KIND, Hardware
from flow_invariants import check_payment, documented_codes, works_again

from agent.payments.states import FINAL, Phase
from simulator.faults import WireFaults

each_hardware = pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND, ids=str)
each_direction = pytest.mark.parametrize("direction", ["to_host", "to_reader"])
CUTS = range(1, 1600, 67)


def sampled(cases: Sequence[int], size: int) -> Iterable[ParameterSet | int]:
    """All cases, of which `make test` takes a seeded sample."""
    sample = set(Random(2).sample(cases, size))  # noqa: S311 - no secret
    return [
        case if case in sample else pytest.param(case, marks=pytest.mark.full)
        for case in cases
    ]


def fail(stack: Stack, faults: WireFaults, direction: str) -> None:
    """From now on the cable fails like this, one way."""
    if direction == "to_host":
        stack.world.wire_faults(to_host=faults)
    else:
        stack.world.wire_faults(to_reader=faults)


@each_hardware
async def test_one_byte_at_a_time_is_enough(hardware: Hardware, tmp_path: Path) -> None:
    async with running_stack(tmp_path, hardware=hardware, chunk_bytes=1) as stack:
        stack.world.customer("visa_approved")
        intent = await stack.agent.intent(12_00)
        await begin(stack, "collect_payment_method", {"payment_intent": intent})
        await stack.agent.until(stack.reader, Phase.CARD_COLLECTED)
        await stack.world.passed(20.0)

        form = {"payment_intent": intent}
        action = await done(stack, "confirm_payment_intent", form)

        assert action["status"] == "succeeded"
        assert await stack.taken(intent) == [12_00]


@pytest.mark.parametrize("after", sampled(CUTS, 3))
@each_direction
@each_hardware
async def test_a_card_that_was_looked_at_is_charged_once_or_not_at_all(
    after: int, direction: str, stack: Stack
) -> None:
    stack.world.customer("visa_approved")
    fail(stack, WireFaults(cut_after_bytes=after), direction)
    intent = await stack.agent.intent(12_00)
    await begin(stack, "collect_payment_method", {"payment_intent": intent})
    await stack.agent.until(stack.reader, Phase.CARD_COLLECTED, *FINAL)

    await ask(stack, "confirm_payment_intent", {"payment_intent": intent})
    await stack.agent.ended(stack.reader)

    await check_payment(stack, intent, amount=12_00)
    await works_again(stack)


@pytest.mark.parametrize("after", sampled(CUTS, 2))
@each_direction
@each_hardware
async def test_a_card_is_kept_once_or_not_at_all(
    after: int, direction: str, stack: Stack
) -> None:
    stack.world.customer("visa_approved")
    fail(stack, WireFaults(cut_after_bytes=after), direction)
    customer = await new_customer(stack)
    setup = await new_setup(stack, customer=customer)

    form = {"setup_intent": setup, "allow_redisplay": "always"}
    action = await done(stack, "process_setup_intent", form)

    kept = [stack.payment().result] if action["status"] == "succeeded" else []
    assert await cards_of(stack, customer) == kept
    assert action["failure_code"] in documented_codes() | {None}
    await works_again(stack)


@pytest.mark.parametrize("after", sampled(CUTS, 2))
@each_direction
@each_hardware
async def test_money_goes_back_once_or_not_at_all(
    after: int, direction: str, stack: Stack
) -> None:
    intent = await paid_by_interac(stack)
    # Until the reader has been asked whether the card is out.
    await stack.world.passed(2.0)
    fail(stack, WireFaults(cut_after_bytes=after), direction)

    action = await done(stack, "refund_payment", {"payment_intent": intent})

    made = [refund["id"] for refund in await refunds_of(stack, intent)]
    told = [stack.payment().result] if action["status"] == "succeeded" else []
    assert made == told
    assert action["failure_code"] in documented_codes() | {None}
    await works_again(stack)
