"""A payment on a wire that fails: a right ending or a clear error, and a way back.

The simulator's faults are seeded, so that every case repeats. Wires with packets lose,
repeat and damage whole packets: nothing cuts a USB report in two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random  # noqa: TID251 - the tests' seeded source

import pytest
from _pytest.mark import ParameterSet
from reader_combinations import combinations, is_sampled
from reader_counter import Counter, works_again

from drivers.errors import (
    Disconnected,
    ReaderRefused,
    ReaderTimeout,
    RemoteError,
)
from drivers.reader import OnlineRequested, TransactionFinished, Verdict
from simulator.faults import WireFaults

pytest_plugins = ("bluetooth_fixtures",)

CLEAR_ERRORS = (Disconnected, ReaderRefused, ReaderTimeout, RemoteError)
LONGEST_S = 300.0
"""No payment takes longer: the customer's time, the silence after it, and a reset."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a wire, and whether a payment gets through all the same."""

    name: str
    to_host: WireFaults
    to_reader: WireFaults
    is_harmless: bool = False


def both(name: str, faults: WireFaults, *, is_harmless: bool = False) -> Trouble:
    return Trouble(name, faults, faults, is_harmless)


TROUBLES = (
    both("byte_by_byte", WireFaults(piece_bytes=1), is_harmless=True),
    both("odd_pieces", WireFaults(piece_bytes=7), is_harmless=True),
    both("slow", WireFaults(delay_s=0.05), is_harmless=True),
    both("slow_pieces", WireFaults(delay_s=0.001, piece_bytes=3), is_harmless=True),
    both("lossy", WireFaults(drop=0.1)),
    both("very_lossy", WireFaults(drop=0.4)),
    both("repeating", WireFaults(duplicate=0.3)),
    both("noisy", WireFaults(corrupt=0.003)),
    Trouble("deaf", WireFaults(), WireFaults(drop=1.0)),
    Trouble("mute", WireFaults(drop=1.0), WireFaults()),
    both("all_at_once", WireFaults(corrupt=0.002, duplicate=0.2, drop=0.1)),
)
SEEDS = range(6)


def cases() -> Sequence[ParameterSet]:
    """Every combination in memory, in every trouble, under several seeds."""
    in_memory = [each for each in combinations() if not each.wire.is_real]
    every = [
        (combination, trouble, seed)
        for combination in in_memory
        for trouble in TROUBLES
        for seed in (SEEDS[:1] if trouble.is_harmless else SEEDS)
    ]
    everyday = [case for case in every if is_sampled(case[0])]
    size = min(len(everyday), 120)
    sample = set(map(str, Random(1).sample(everyday, size)))  # noqa: S311 - no secret
    return [
        pytest.param(
            combination,
            trouble,
            seed,
            id=f"{combination}-{trouble.name}-{seed}",
            marks=()
            if str((combination, trouble, seed)) in sample
            else pytest.mark.full,
        )
        for combination, trouble, seed in every
    ]


@pytest.mark.parametrize(("combination", "trouble", "seed"), cases())
async def test_a_payment_ends_rightly_and_the_next_one_works(
    counter: Counter, trouble: Trouble
) -> None:
    counter.when_asked(counter.card("visa_approved", counter.entries()[0]))
    counter.set_faults(to_host=trouble.to_host, to_reader=trouble.to_reader)
    started_s = counter.time_s()

    ended = await pay(counter)

    assert counter.time_s() - started_s < LONGEST_S
    assert len(reads_of(counter)) <= 1
    if trouble.is_harmless:
        assert ended is Verdict.APPROVED
    if ended is Verdict.APPROVED:
        assert len(counter.answers) == 1

    counter.set_faults()
    if not counter.simulated.is_plugged:
        counter.simulated.plug()
    await counter.reopen()
    await counter.reader.cancel()
    counter.events.clear()
    await works_again(counter)


async def pay(counter: Counter) -> Verdict | None:
    """How the payment ended; None for an error that says what is wrong."""
    try:
        return (await counter.pay()).verdict
    except CLEAR_ERRORS:
        return None


def reads_of(counter: Counter) -> list[object]:
    """Cards that were read: never two in one payment, however often they are told."""
    kinds = [type(event) for event in counter.events]
    assert kinds.count(TransactionFinished) <= 1
    return [kind for kind in kinds if kind is OnlineRequested]
