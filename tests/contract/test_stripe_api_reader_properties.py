"""Whatever orders and customers do to a reader, no payment is lost or taken twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Self

from asgi_client import AsgiClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from stripe_api_server import KEY, seeded_random

from simulator.cards.book import CardBook
from simulator.cards.card import Entry
from simulator.clock import ManualClock
from simulator.emv.issuer import SimulatedIssuer
from simulator.emv.kernel import Kernel
from simulator.errors import SimulatorError
from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.at_the_reader.deeds import (
    AnswerInput,
    ChooseTip,
    CutPower,
    Deed,
    EnterPin,
    PresentCard,
    PressCancel,
    RemoveCard,
    SetAuthorizationTime,
    SetNetwork,
    UpdateSoftware,
)
from simulator.stripe_api.at_the_reader.smart_readers import SmartReaders
from simulator.stripe_api.smart_readers.card_slot import CardSlot

CARDS = CardBook.load()
FORM = {
    "inputs[0][type]": "email",
    "inputs[0][custom_text][title]": "Mail",
    "inputs[1][type]": "text",
    "inputs[1][custom_text][title]": "Name",
}
CART = {
    "type": "cart",
    "cart[currency]": "cad",
    "cart[total]": "100",
    "cart[line_items][0][amount]": "100",
    "cart[line_items][0][description]": "Tea",
    "cart[line_items][0][quantity]": "1",
}
PENDING_PHASES = (
    *("tipping", "waiting_for_card", "entering_pin", "authorizing", "collected"),
    "form",
)

STATUS_BY_END = {
    "failed": "failed",
    "succeeded": "succeeded",
    "updated": "in_progress",
}

Order = tuple[str, Mapping[str, str]]
Step = Order | Deed | float

on_intent = st.sampled_from(
    ["process_payment_intent", "collect_payment_method", "confirm_payment_intent"]
)
intents = st.sampled_from(["0", "1", "2"])
orders = st.one_of(
    st.tuples(on_intent, st.builds(lambda i: {"payment_intent": i}, intents)),
    st.sampled_from(
        [
            ("cancel_action", {}),
            ("collect_inputs", FORM),
            ("set_reader_display", CART),
            ("present_payment_method", {}),
            ("present_payment_method", {"amount_tip": "150"}),
            ("present_payment_method", {"card_present[number]": "4000000000000002"}),
            ("succeed_input_collection", {}),
            ("timeout_input_collection", {}),
        ]
    ),
    st.tuples(
        st.just("refund_payment"), st.builds(lambda i: {"payment_intent": i}, intents)
    ),
)
deeds: st.SearchStrategy[Deed] = st.one_of(
    st.builds(
        PresentCard,
        st.sampled_from(list(CARDS)),
        st.sampled_from(list(Entry)),
        leave_in=st.booleans(),
    ),
    st.builds(SetNetwork, st.booleans()),
    st.builds(SetAuthorizationTime, st.sampled_from([0.0, 3.0])),
    st.builds(UpdateSoftware, st.just("2.44.1.0"), st.sampled_from([0.0, 10.0])),
    st.sampled_from(
        [
            RemoveCard(),
            ChooseTip(amount=100),
            ChooseTip(suggestion=2),
            EnterPin(),
            AnswerInput("jo@example.com"),
            AnswerInput(),
            PressCancel(),
        ]
    ),
)
waits = st.sampled_from([1.0, 3.0, 30.0, 125.0])
steps: st.SearchStrategy[Step] = st.one_of(orders, deeds, waits)


class Till:
    """One reader and three PaymentIntents, without a network."""

    def __init__(self) -> None:
        self.clock, random = ManualClock(), seeded_random()
        kernel = Kernel(clock=self.clock, random_bytes=random)
        self.api = StripeApi(
            issuer=SimulatedIssuer(CARDS),
            clock=self.clock,
            random=random,
            slot=CardSlot(CARDS, kernel=kernel),
        )
        self.readers = SmartReaders(self.api)
        self._client = AsgiClient(Starlette(routes=self.api.routes), key=KEY)
        self._runner = asyncio.Runner()
        default = self.get("/v1/terminal/configurations?is_account_default=true")
        self.post(
            f"/v1/terminal/configurations/{default['data'][0]['id']}",
            {f"tipping[cad][percentages][{n}]": str(10 + n) for n in range(3)},
        )
        reader = self.post(
            "/v1/terminal/readers", {"registration_code": "simulated-s700"}
        )
        self.reader_id: str = reader["id"]
        self.intent_ids = [self._new_intent() for _ in range(3)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.close()

    def take(self, step: Step) -> None:
        """Do one thing, whether or not it is possible now."""
        match step:
            case float():
                self.clock.advance(step)
            case (str(name), params):
                self._order(name, params)
            case _:
                self._do(step)

    def get(self, path: str) -> Any:
        return self._runner.run(self._client.get(path)).json()

    def post(self, path: str, form: Mapping[str, str]) -> Any:
        answer = self._runner.run(self._client.post(path, form))
        assert answer.status in (200, 400), answer.body
        return answer.json()

    def _order(self, name: str, params: Mapping[str, str]) -> None:
        sent = dict(params)
        if "payment_intent" in sent:
            sent["payment_intent"] = self.intent_ids[int(sent["payment_intent"])]
        is_helper = name.startswith(("present", "succeed", "timeout"))
        stem = "/v1/test_helpers/terminal" if is_helper else "/v1/terminal"
        self.post(f"{stem}/readers/{self.reader_id}/{name}", sent)

    def _do(self, deed: Deed) -> None:
        try:
            self.readers.do(self.reader_id, deed)
        except SimulatorError:
            return  # The reader did not ask for it.

    def _new_intent(self) -> str:
        intent = self.post(
            "/v1/payment_intents",
            {
                "amount": "2000",
                "currency": "cad",
                "allowed_payment_method_types[0]": "card_present",
                "allowed_payment_method_types[1]": "interac_present",
            },
        )
        intent_id: str = intent["id"]
        return intent_id


@given(st.lists(steps | st.just(CutPower()), max_size=25))
def test_no_payment_is_lost_or_taken_twice(taken: list[Step]) -> None:
    with Till() as till:
        for step in taken:
            till.take(step)

        for intent_id in till.intent_ids:
            intent = till.get(f"/v1/payment_intents/{intent_id}")
            charges = till.get(f"/v1/charges?payment_intent={intent_id}")["data"]
            paid = [charge for charge in charges if charge["paid"]]
            assert len(paid) == (intent["status"] == "succeeded")
            assert (
                sum(charge["amount_captured"] for charge in paid)
                == (intent["amount_received"])
            )
            tip = intent["amount_details"]["tip"].get("amount") or 0
            assert intent["amount"] == 2000 + tip


@given(st.lists(steps, max_size=25))
def test_action_is_in_progress_as_long_as_the_screen_asks_for_something(
    taken: list[Step],
) -> None:
    with Till() as till:
        for step in taken:
            till.take(step)

            seen = till.readers.look(till.reader_id)
            action = seen.reader["action"]
            is_pending = action is not None and action["status"] == "in_progress"
            if seen.is_connected:
                assert is_pending == (seen.screen.phase in PENDING_PHASES)


@given(st.lists(steps, max_size=25))
def test_every_end_of_an_action_is_told_with_its_status(taken: list[Step]) -> None:
    with Till() as till:
        for step in taken:
            till.take(step)

        events = till.get("/v1/events?type=terminal.reader.action_*&limit=100")["data"]
        ends = [event["type"].rpartition("_")[2] for event in events]
        told = [event["data"]["object"]["action"]["status"] for event in events]
        assert told == [STATUS_BY_END[end] for end in ends]
