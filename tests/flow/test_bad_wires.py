"""A payment over a wire that fails: a right result or a clear error, and a way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random  # noqa: TID251 - the tests' seeded source

import pytest
from _pytest.mark import ParameterSet
from flow_agent import Stack, running_stack
from flow_cables import EACH_FAMILY_ON_EACH_KIND
from flow_invariants import pay_and_check, works_again

from simulator.faults import WireFaults

BYTES_TO_HOST = 840
"""A little more than a payment has, so that the last byte is cut too."""
BYTES_TO_READER = 135


def sampled(cases: Sequence[int], size: int) -> Iterable[ParameterSet | int]:
    """All cases, of which `make test` takes a seeded sample."""
    sample = set(Random(1).sample(cases, size))  # noqa: S311 - no secret
    return [
        case if case in sample else pytest.param(case, marks=pytest.mark.full)
        for case in cases
    ]


@pytest.mark.parametrize("after", sampled(range(1, BYTES_TO_HOST), 25))
async def test_cut_towards_the_host(after: int, stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.wire_faults(to_host=WireFaults(cut_after_bytes=after))

    await pay_and_check(stack)

    await works_again(stack)


@pytest.mark.parametrize("after", sampled(range(1, BYTES_TO_READER), 12))
async def test_cut_towards_the_reader(after: int, stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.wire_faults(to_reader=WireFaults(cut_after_bytes=after))

    await pay_and_check(stack)

    await works_again(stack)


@pytest.mark.parametrize("after", sampled(range(1, 1600, 9), 3))
@pytest.mark.parametrize("direction", ["to_host", "to_reader"])
@pytest.mark.parametrize("hardware", EACH_FAMILY_ON_EACH_KIND[1:], ids=str)
async def test_cut_on_every_kind_of_wire(
    after: int, direction: str, stack: Stack
) -> None:
    cut = WireFaults(cut_after_bytes=after)
    stack.world.customer("visa_approved")
    if direction == "to_host":
        stack.world.wire_faults(to_host=cut)
    else:
        stack.world.wire_faults(to_reader=cut)

    await pay_and_check(stack)

    await works_again(stack)


@pytest.mark.parametrize("seed", sampled(range(300), 12))
@pytest.mark.parametrize("direction", ["to_host", "to_reader"])
async def test_damaged_bytes(direction: str, seed: int, tmp_path: Path) -> None:
    faults = WireFaults(corrupt=0.002 + 0.0002 * (seed % 50))
    async with running_stack(tmp_path, seed=seed) as stack:
        await survives(stack, faults, direction=direction)


@pytest.mark.parametrize("seed", sampled(range(300), 12))
@pytest.mark.parametrize("direction", ["to_host", "to_reader"])
async def test_lost_messages(direction: str, seed: int, tmp_path: Path) -> None:
    faults = WireFaults(drop=0.05 + 0.01 * (seed % 50))
    async with running_stack(tmp_path, seed=seed) as stack:
        await survives(stack, faults, direction=direction)


@pytest.mark.parametrize("seed", sampled(range(100), 5))
@pytest.mark.parametrize("direction", ["to_host", "to_reader"])
async def test_repeated_messages(direction: str, seed: int, tmp_path: Path) -> None:
    async with running_stack(tmp_path, seed=seed) as stack:
        await survives(stack, WireFaults(duplicate=0.5), direction=direction)


@pytest.mark.parametrize("seed", sampled(range(300), 10))
async def test_all_of_it_at_once(seed: int, tmp_path: Path) -> None:
    faults = WireFaults(corrupt=0.004, duplicate=0.2, drop=0.1, piece_bytes=64)
    async with running_stack(tmp_path, seed=seed) as stack:
        stack.world.customer("visa_refuses_after_approval")
        stack.world.wire_faults(to_host=faults, to_reader=faults)

        await pay_and_check(stack)

        await works_again(stack)


@pytest.mark.parametrize("delay_s", [0.05, 1.0, 2.4])
async def test_a_slow_wire_gives_the_right_result(delay_s: float, stack: Stack) -> None:
    slow = WireFaults(delay_s=delay_s)
    stack.world.customer("visa_approved")
    stack.world.wire_faults(to_host=slow, to_reader=slow)

    action = await pay_and_check(stack)

    assert action["status"] == "succeeded"
    await works_again(stack)


async def test_a_wire_slower_than_any_answer_may_be(stack: Stack) -> None:
    stack.world.customer("visa_approved")
    stack.world.wire_faults(to_host=WireFaults(delay_s=7.0))

    action = await pay_and_check(stack)

    assert action["failure_code"] == "reader_timeout"
    # What is still under way arrives when nobody waits for it any more.
    await stack.world.passed(60.0)
    await works_again(stack)


@pytest.mark.parametrize("card", ["visa_approved", "visa_refuses_after_approval"])
async def test_byte_by_byte(card: str, tmp_path: Path) -> None:
    async with running_stack(tmp_path, chunk_bytes=1) as stack:
        stack.world.customer(card)
        stack.world.wire_faults(to_reader=WireFaults(piece_bytes=1))

        action = await pay_and_check(stack)

        assert (action["status"] == "succeeded") is (card == "visa_approved")
        await works_again(stack)


async def survives(stack: Stack, faults: WireFaults, *, direction: str) -> None:
    """A payment on a wire that fails in one direction, and one after it was mended."""
    stack.world.customer("visa_approved")
    if direction == "to_host":
        stack.world.wire_faults(to_host=faults)
    else:
        stack.world.wire_faults(to_reader=faults)
    await pay_and_check(stack)
    await works_again(stack)
