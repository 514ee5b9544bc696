"""A state machine walks through actions and troubles at three tills, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar

import pytest
from crash_card_journeys import INTERAC
from crash_form_journeys import CART, MENU, QUESTIONS
from crash_invariants import check_files
from flow_cables import DYNAPROX, Hardware
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from skipping_loop import SkippingLoop
from walk_customers import SMART, Card
from walk_invariants import check
from walk_shop import INTENTS, PRESENT, Form, Shop
from walk_strategies import (
    BEHAVIORS,
    CAPTURES,
    CARDS,
    DEEDS,
    FAULTS,
    LOCAL,
    PATHS,
    PATIENCE,
    PAUSES_S,
    TILLS,
    WIRE_FAULTS,
)

from simulator.faults import WireFaults
from simulator.stripe_api.at_the_reader.deeds import Deed
from simulator.stripe_api.engine.faults import Fault

WEEK_S = 7 * 24 * 3600.0
PARTS = 16
STEPS = 80
WALKS_ONE_IN = 20
"""Of the examples that a property gets."""
HARDWARE = (Hardware("idtech_vp3300"), MENU)
"""At the back till: one that can ask customers nothing, one that can."""


class ThreeTills(RuleBasedStateMachine):
    """Rules are what may happen in a shop; `settle` is what must hold after them."""

    folder: ClassVar[Callable[[], Path]]
    back: ClassVar[Hardware]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=SkippingLoop)
        hardware = {"front": DYNAPROX, "back": type(self).back}
        self._shop = Shop(type(self).folder(), hardware)
        self._checked = 0
        self._paid_by_interac: str | None = None

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        type(self).steps += 1
        self._runner.run(work)

    @initialize()
    def open(self) -> None:
        loop = self._runner.get_loop()
        assert isinstance(loop, SkippingLoop)
        loop.may_take(WEEK_S)
        self._do(self._shop.open())

    @rule(
        till=TILLS, card=CARDS, capture=CAPTURES, behavior=BEHAVIORS, patience=PATIENCE
    )
    def sell(
        self,
        till: str,
        card: Card,
        capture: str,
        behavior: str | None,
        patience: int | None,
    ) -> None:
        self._do(self._sell(till, card, capture, behavior, turns=patience))

    @rule(till=TILLS)
    def sell_to_nobody(self, till: str) -> None:
        self._do(self._sell(till, None, "automatic", None))

    @rule(till=LOCAL, card=CARDS, capture=CAPTURES)
    def sell_without_network(self, till: str, card: Card, capture: str) -> None:
        async def work() -> None:
            await self._shop.network(is_up=False)
            await self._sell(till, card, capture, None)

        self._do(work())

    @precondition(lambda self: self._shop.intents)
    @rule(till=TILLS)
    def ask_for_the_last_sale_again(self, till: str) -> None:
        form = {"payment_intent": self._shop.intents[-1]}
        self._do(self._shop.order(till, "process_payment_intent", form))

    @rule(till=TILLS, card=CARDS, capture=CAPTURES)
    def look_at_a_card(self, till: str, card: Card, capture: str) -> None:
        self._do(self._sell(till, card, capture, None, action="collect_payment_method"))

    @rule(till=TILLS, card=CARDS, capture=CAPTURES, pause_s=PAUSES_S, patience=PATIENCE)
    def look_and_confirm(
        self,
        till: str,
        card: Card,
        capture: str,
        pause_s: float,
        patience: int | None,
    ) -> None:
        async def work() -> None:
            await self._sell(till, card, capture, None, action="collect_payment_method")
            await self._shop.world.passed(pause_s)
            if self._shop.intents:
                form = {"payment_intent": self._shop.intents[-1]}
                await self._shop.order(
                    till, "confirm_payment_intent", form, turns=patience
                )

        self._do(work())

    @precondition(lambda self: self._shop.intents)
    @rule(till=TILLS, patience=PATIENCE)
    def confirm(self, till: str, patience: int | None) -> None:
        form = {"payment_intent": self._shop.intents[-1]}
        self._do(self._shop.order(till, "confirm_payment_intent", form, turns=patience))

    @precondition(lambda self: not self._shop.is_cut)
    @rule(till=TILLS, card=CARDS, patience=PATIENCE)
    def keep_a_card(self, till: str, card: Card, patience: int | None) -> None:
        async def work() -> None:
            stripe = self._shop.world.stripe
            self._shop.customers.come(till, card)
            customer = await stripe("POST", "/v1/customers", {})
            form = PRESENT | {"customer": customer["id"]}
            setup = await stripe("POST", "/v1/setup_intents", form)
            wanted = {"setup_intent": setup["id"], "allow_redisplay": "limited"}
            await self._shop.order(till, "process_setup_intent", wanted, turns=patience)

        self._do(work())

    @rule(till=TILLS, pause_s=PAUSES_S, patience=PATIENCE)
    def sell_to_an_interac_card_and_give_back(
        self, till: str, pause_s: float, patience: int | None
    ) -> None:
        async def work() -> None:
            self._shop.customers.come(till, ("interac_approved", "contact"))
            intent = await self._shop.new_intent(INTERAC)
            if intent is not None:
                self._paid_by_interac = intent
                form = {"payment_intent": intent}
                await self._shop.order(till, "process_payment_intent", form)
                await self._shop.world.passed(pause_s)
                form |= {"amount": "400"}
                await self._shop.order(till, "refund_payment", form, turns=patience)

        self._do(work())

    @precondition(lambda self: self._paid_by_interac)
    @rule(till=TILLS, patience=PATIENCE)
    def give_back_to_the_card(self, till: str, patience: int | None) -> None:
        assert self._paid_by_interac is not None
        form = {"payment_intent": self._paid_by_interac, "amount": "400"}
        self._do(self._shop.order(till, "refund_payment", form, turns=patience))

    @rule(till=TILLS)
    def ask_the_customer(self, till: str) -> None:
        form = FORM if till == SMART else QUESTIONS
        self._do(self._shop.order(till, "collect_inputs", form))

    @rule(till=TILLS)
    def show_a_cart(self, till: str) -> None:
        self._do(self._shop.order(till, "set_reader_display", CART))

    @rule(till=TILLS, patience=PATIENCE)
    def cancel(self, till: str, patience: int | None) -> None:
        self._do(self._shop.order(till, "cancel_action", {}, turns=patience))

    @precondition(lambda self: self._shop.intents)
    @rule(amount=st.sampled_from(["500", "1200", "1400"]))
    def capture(self, amount: str) -> None:
        self._do(self._afterwards("capture", {"amount_to_capture": amount}))

    @precondition(lambda self: self._shop.intents)
    @rule()
    def hold_more(self) -> None:
        self._do(self._afterwards("increment_authorization", {"amount": "1500"}))

    @precondition(lambda self: self._shop.intents)
    @rule()
    def let_go_of_the_money(self) -> None:
        self._do(self._afterwards("cancel", {}))

    @precondition(lambda self: self._shop.intents)
    @rule(amount=st.sampled_from(["300", "1200"]))
    def refund(self, amount: str) -> None:
        form = {"payment_intent": self._shop.intents[-1], "amount": amount}
        self._do(self._asked("/v1/refunds", form))

    @rule(fault=FAULTS, path=PATHS, method=st.sampled_from(["GET", "POST"]))
    def stripe_fails(self, fault: Fault, path: str, method: str) -> None:
        self._do(self._shop.stripe_fails(fault, method=method, path=path))

    @rule(is_up=st.booleans())
    def the_network_comes_or_goes(self, is_up: bool) -> None:
        self._do(self._shop.network(is_up=is_up))

    @rule(till=LOCAL, to_host=WIRE_FAULTS, to_reader=WIRE_FAULTS)
    def wire_fails(self, till: str, to_host: WireFaults, to_reader: WireFaults) -> None:
        self._do(self._shop.wire_fails(till, to_host, to_reader))

    @rule(till=LOCAL)
    def somebody_trips_over_the_cable(self, till: str) -> None:
        self._do(self._shop.trip(till))

    @rule(deed=DEEDS)
    def something_happens_at_the_smart_reader(self, deed: Deed) -> None:
        async def work() -> None:
            self._shop.customers.do(deed)

        self._do(work())

    @precondition(lambda self: not self._shop.is_cut)
    @rule(to_pay=st.booleans())
    def others_take_the_smart_reader(self, to_pay: bool) -> None:
        self._do(self._shop.others_take_the_smart_reader(to_pay=to_pay))

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.5, 5.0, 40.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self._do(self._shop.world.passed(seconds))

    @rule(turns=st.integers(0, 60))
    def kill(self, turns: int) -> None:
        self._do(self._shop.kill(turns))

    @rule()
    def settle(self) -> None:
        async def work() -> None:
            await self._shop.settle()
            intents = self._shop.intents
            await self._check(intents[self._checked :])
            self._checked = len(intents)
            for till in self._shop.readers:
                await self._pays(till)

        self._do(work())

    def teardown(self) -> None:
        try:
            if SMART in self._shop.readers:
                self.settle()
                self._runner.run(self._check(self._shop.intents))
                check_files(self._shop.left_behind)
        finally:
            self._runner.run(self._shop.close())
            self._runner.close()

    async def _sell(
        self,
        till: str,
        card: Card | None,
        capture: str,
        behavior: str | None,
        *,
        turns: int | None = None,
        action: str = "process_payment_intent",
    ) -> None:
        """Ask for a new payment, with this card's customer at the till from now on."""
        self._shop.customers.come(till, card)
        wanted = {"amount": "1200", "currency": "usd", "capture_method": capture}
        intent = await self._shop.new_intent(wanted | PRESENT)
        if intent is None:
            return
        form = {"payment_intent": intent}
        if behavior is not None and till != SMART:
            form["process_config[offline_behavior]"] = behavior
        await self._shop.order(till, action, form, turns=turns)

    async def _pays(self, till: str) -> None:
        """The next payment works."""
        await self._sell(till, ("visa_approved", "contact"), "automatic", None)
        action = await self._shop.agent.ended(self._shop.readers[till])
        assert action is not None
        assert action["status"] == "succeeded", action
        assert await self._shop.world.taken(self._shop.intents[-1]) == [12_00]

    async def _afterwards(self, verb: str, form: Form) -> None:
        await self._asked(f"{INTENTS}/{self._shop.intents[-1]}/{verb}", form)

    async def _asked(self, path: str, form: Form) -> None:
        await self._shop.ask(path, form)

    async def _check(self, intents: list[str]) -> None:
        shop = self._shop
        await check(shop.world, shop.agent, intents, shop.told)


FORM = {
    "inputs[0][type]": "text",
    "inputs[0][custom_text][title]": "Name",
    "inputs[0][required]": "true",
}


@pytest.mark.parametrize("part", range(PARTS))
def test_no_walk_charges_twice_loses_a_payment_or_gets_stuck(
    part: int,
    tmp_path_factory: pytest.TempPathFactory,
    record_property: Callable[[str, object], None],
) -> None:
    walks = settings().max_examples // WALKS_ONE_IN
    machine: type[ThreeTills] = type(
        f"ThreeTills{part}",  # Which seeds the walks, where they are not to differ.
        (ThreeTills,),
        {
            "folder": staticmethod(lambda: tmp_path_factory.mktemp("walk")),
            "back": HARDWARE[part % 2],
            "steps": 0,
        },
    )

    # A walk that fails is told as it was: to shrink one takes minutes.
    asked = settings(
        max_examples=walks, stateful_step_count=STEPS, phases=(Phase.generate,)
    )
    run_state_machine_as_test(machine, settings=asked)

    record_property("cases of the state machine (steps)", machine.steps)
    assert machine.steps > walks
