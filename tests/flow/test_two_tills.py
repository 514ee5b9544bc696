"""A state machine walks through payments and troubles at two tills, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from skipping_loop import SkippingLoop
from two_tills import TILLS, Shop

from simulator.faults import WireFaults
from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    CutBody,
    Delay,
    Fault,
    LoseReply,
    ResetConnection,
    SlowBody,
)

WEEK_S = 7 * 24 * 3600.0
PARTS = 13
STEPS = 50

tills = st.sampled_from(sorted(TILLS))
cards = st.sampled_from(
    [
        ("visa_approved", "contact"),
        ("visa_approved", "swipe"),
        ("visa_contactless", "contactless"),
        ("visa_declined", "contact"),
        ("visa_insufficient_funds", "swipe"),
        ("visa_expired", "contact"),
        ("visa_refuses_after_approval", "contact"),
        ("visa_removed_early", "contact"),
        ("visa_removed_before_completion", "contact"),
        ("visa_worn_stripe", "swipe"),
        ("amex_approved", "contact"),
    ]
)
faults: st.SearchStrategy[Fault] = st.one_of(
    st.sampled_from(
        [LoseReply(), ResetConnection(), CutBody(30), Delay(40.0), SlowBody(0.5)]
    ),
    st.builds(AnswerStatus, st.sampled_from([409, 429, 500, 503])),
)
paths = st.sampled_from(
    [
        "/v1/payment_intents/*/confirm",
        "/v1/payment_intents/*/cancel",
        "/v1/payment_intents/*",
        "/v1/refunds",
    ]
)
wire_faults = st.builds(
    WireFaults,
    cut_after_bytes=st.none() | st.integers(1, 900),
    corrupt=st.sampled_from([0.0, 0.003]),
    drop=st.sampled_from([0.0, 0.2, 1.0]),
)


class TwoTills(RuleBasedStateMachine):
    """Rules are what may happen in a shop; `settle` is what must hold after them."""

    folder: ClassVar[Callable[[], Path]]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=SkippingLoop)
        self._shop = Shop(type(self).folder())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        type(self).steps += 1
        self._runner.run(work)

    @initialize()
    def open(self) -> None:
        loop = self._runner.get_loop()
        assert isinstance(loop, SkippingLoop)
        loop.may_take(WEEK_S)
        self._do(self._shop.open())

    @rule(till=tills, card=cards, capture=st.sampled_from(["automatic", "manual"]))
    def sell(self, till: str, card: tuple[str, str], capture: str) -> None:
        self._do(self._shop.sell(till, card, capture=capture))

    @rule(till=tills)
    def sell_to_nobody(self, till: str) -> None:
        self._do(self._shop.sell(till, None, capture="automatic"))

    @precondition(lambda self: self._shop.intents)
    @rule(till=tills)
    def ask_for_the_last_sale_again(self, till: str) -> None:
        self._do(self._shop.process(till, self._shop.intents[-1]))

    @rule(till=tills)
    def cancel(self, till: str) -> None:
        self._do(self._shop.cancel(till))

    @precondition(lambda self: self._shop.intents)
    @rule(amount=st.sampled_from(["500", "1200"]))
    def capture(self, amount: str) -> None:
        path = f"/v1/payment_intents/{self._shop.intents[-1]}/capture"
        self._do(self._shop.ask(path, amount_to_capture=amount))

    @precondition(lambda self: self._shop.intents)
    @rule(amount=st.sampled_from(["300", "1200"]))
    def refund(self, amount: str) -> None:
        form = {"payment_intent": self._shop.intents[-1], "amount": amount}
        self._do(self._shop.ask("/v1/refunds", **form))

    @rule(fault=faults, path=paths, method=st.sampled_from(["GET", "POST"]))
    def stripe_fails(self, fault: Fault, path: str, method: str) -> None:
        self._do(self._shop.stripe_fails(fault, method=method, path=path))

    @rule(till=tills, to_host=wire_faults, to_reader=wire_faults)
    def wire_fails(self, till: str, to_host: WireFaults, to_reader: WireFaults) -> None:
        self._do(self._shop.wire_fails(till, to_host, to_reader))

    @rule(till=tills)
    def somebody_trips_over_the_cable(self, till: str) -> None:
        self._do(self._shop.trip(till))

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.5, 5.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self._do(self._shop.world.passed(seconds))

    @rule(turns=st.integers(0, 60))
    def kill(self, turns: int) -> None:
        self._do(self._shop.kill(turns))

    @rule()
    def settle(self) -> None:
        self._do(self._shop.settle())

    def teardown(self) -> None:
        try:
            if self._shop.readers:
                self.settle()
                self._do(self._shop.check_all())
        finally:
            self._runner.run(self._shop.close())
            self._runner.close()


@pytest.mark.parametrize("part", range(PARTS))
def test_no_walk_charges_twice_loses_a_payment_or_gets_stuck(
    part: int,
    tmp_path_factory: pytest.TempPathFactory,
    record_property: Callable[[str, object], None],
) -> None:
    walks = settings().max_examples // 25
    machine: type[TwoTills] = type(
        f"TwoTills{part}",  # Which seeds the walks, where they are not to differ.
        (TwoTills,),
        {"folder": staticmethod(lambda: tmp_path_factory.mktemp("walk")), "steps": 0},
    )

    run_state_machine_as_test(
        machine, settings=settings(max_examples=walks, stateful_step_count=STEPS)
    )

    record_property("cases of the state machine (steps)", machine.steps)
    assert machine.steps > walks
