"""Ten thousand payments in one process: what it holds must not grow with them.

The simulated Stripe forgets all now and then, so that what grows is the agent's.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random  # noqa: TID251 - the tests' seeded source

import pytest
from flow_agent import Stack, running_stack
from skipping_loop import SkippingLoop

PAYMENTS = 10_000
WARM_UP = 2_000
FORGET_EVERY = 100
MOST_GROWTH_BYTES = 8 * 1024 * 1024
"""From the 2,000th to the 10,000th payment: 1 KiB each would be a leak."""
MOST_NEW_OBJECTS = 2_000
"""One object that a payment leaves behind would be 8,000."""
CUSTOMER_EVERY_S = 30.0
YEAR_S = 365 * 24 * 3600.0
CARDS = (
    *[("visa_approved", "contact", "succeeded")] * 5,
    ("visa_contactless", "contactless", "succeeded"),
    ("visa_approved", "swipe", "succeeded"),
    ("visa_declined", "contact", "failed"),
    ("visa_refuses_after_approval", "contact", "failed"),
    ("visa_removed_early", "contact", "failed"),
)


@pytest.mark.full
async def test_ten_thousand_payments_leave_nothing_behind_in_memory(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    loop.may_take(YEAR_S)
    # Pytest would keep every line for its report.
    logging.getLogger("cardlane").setLevel(logging.CRITICAL)
    async with running_stack(tmp_path) as stack:
        random = Random(1)  # noqa: S311 - no secret
        wanted, ended = Counter[str](), Counter[str]()
        before = (0, 0)
        for number in range(1, PAYMENTS + 1):
            card, entry, end = random.choice(CARDS)
            stack.world.customer(card, entry=entry)
            wanted[end] += 1
            ended[await paid(stack)] += 1
            if number % FORGET_EVERY == 0:
                stack.world.simulator.stripe_api.reset()
            if number == WARM_UP:
                before = held()
        after = held()

    record_property("cases of the soak (payments)", PAYMENTS)
    assert ended == wanted
    assert after[0] - before[0] <= MOST_GROWTH_BYTES
    assert after[1] - before[1] <= MOST_NEW_OBJECTS


async def paid(stack: Stack) -> str:
    """Take the next customer's payment; its status at the end."""
    await stack.world.passed(CUSTOMER_EVERY_S)
    action = await stack.agent.pay(stack.reader, await stack.agent.intent())
    return str(action["status"])


def held() -> tuple[int, int]:
    """What this process holds: bytes that are resident, and objects."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(gc.get_objects())
