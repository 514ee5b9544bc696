"""A payment at the till: prompts, Ctrl-C, and an outcome that is never guessed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from agent_clock import StillClock
from rest_fakes import Agent
from served_agent import ServedAgent, served_agent

from agent.cli.ending import ending_text
from agent.cli.failures import CommandFailed
from agent.cli.local_api import LocalApi
from agent.cli.till import Order, Result, Till, take_payment
from agent.errors import ReaderBusy, ReaderOffline, StripeUnreachable
from agent.events import CardEvent, DisplayRequested, InputRequested, PhaseChanged
from agent.ids import PaymentId, ReaderId
from agent.journal.entries import Outcome
from agent.money import Amount
from agent.payments.payment import Payment
from agent.stripe_api.client import ForwardedAnswer

INTENT = "/v1/payment_intents/pi_1"
ORDER = Order(
    Amount(1234, "usd"),
    reader_id="tmr_1",
    capture_method="automatic",
    idempotency_key="k",
)


@dataclass
class Counter:
    """Who stands at the till: reads prompts, and may press Ctrl-C at one."""

    interrupt_at: str | None = None
    lines: list[str] = field(default_factory=list)
    ticks: int = 0

    def show(self, line: str) -> None:
        self.lines.append(line)
        if line == self.interrupt_at:
            raise KeyboardInterrupt

    def monotonic(self) -> float:
        """Each look at the clock is a minute later."""
        self.ticks += 1
        return 60.0 * self.ticks

    def sleep(self, seconds: float) -> None:
        """Time passes by looking."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedAgent]:
    with served_agent(tmp_path) as served:
        intent = {"id": "pi_1", "status": "requires_payment_method"}
        served.agent.stripe.objects = {"/v1/payment_intents": intent, INTENT: intent}
        served.do(lambda agent: agent.fleet.add("tmr_1"))
        yield served


def till(served: ServedAgent, counter: Counter) -> Till:
    return Till(
        LocalApi(served.url, key=served.key),
        show=counter.show,
        monotonic=counter.monotonic,
        sleep=counter.sleep,
        patience_s=180.0,
    )


def script(
    served: ServedAgent, act: Callable[[Agent, Callable[[str], None]], None]
) -> None:
    """What happens at the reader once the payment has begun.

    `act` gets the agent, and a function that tells a phase of the payment.
    """
    agent = served.agent

    def begin(payment: Payment) -> None:
        def phase(name: str) -> None:
            agent.tell(PhaseChanged(payment.reader_id, payment.payment_id, phase=name))

        phase("requested")
        act(agent, phase)

    agent.actions.on_begin = begin


def test_prompts_are_shown_until_the_payment_is_approved(served: ServedAgent) -> None:
    reader, payment = ReaderId("tmr_1"), PaymentId("pay_1")

    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        publish = agent.events.publish
        publish(DisplayRequested(ReaderId("tmr_9"), PaymentId("pay_9"), "welcome"))
        publish(DisplayRequested(reader, PaymentId("pay_0"), "welcome"))
        publish(InputRequested(reader, payment, ("insert", "tap")))
        publish(CardEvent(reader, payment, "presented", "insert"))
        phase("confirming")
        publish(DisplayRequested(reader, payment, "remove_card"))
        agent.actions.end("tmr_1", Outcome.SUCCEEDED)
        agent.stripe.objects[INTENT] = {"id": "pi_1", "status": "succeeded"}
        phase("succeeded")

    script(served, act)
    counter = Counter()

    ending = take_payment(till(served, counter), ORDER)

    assert counter.lines == [
        "Insert or tap card",
        "Card inserted",
        "Authorizing …",
        "Remove card",
    ]
    assert ending.result is Result.APPROVED
    assert ending.intent["status"] == "succeeded"
    assert f"{INTENT}/cancel" not in served.agent.stripe.paths("POST")


def test_the_payment_intent_is_made_for_a_present_card(served: ServedAgent) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.actions.end("tmr_1", Outcome.SUCCEEDED)
        phase("succeeded")

    script(served, act)
    take_payment(till(served, Counter()), ORDER)

    _, _, headers, body = served.agent.stripe.asked[0]
    assert headers["idempotency-key"] == "k-create"
    assert body == (
        b"amount=1234&currency=usd&capture_method=automatic"
        b"&allowed_payment_method_types%5B%5D=card_present"
    )


@pytest.mark.parametrize(
    ("outcome", "code", "result"),
    [
        (Outcome.DECLINED, "card_declined", Result.DECLINED),
        (Outcome.FAILED, "customer_canceled", Result.CANCELED),
        (Outcome.FAILED, "card_not_read", Result.FAILED),
    ],
)
def test_a_payment_not_charged_says_why_and_leaves_no_intent(
    served: ServedAgent, outcome: Outcome, code: str, result: Result
) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.actions.end("tmr_1", outcome, code=code)
        phase(outcome.value)

    script(served, act)

    ending = take_payment(till(served, Counter()), ORDER)

    assert (ending.result, ending.failure_code) == (result, code)
    assert f"{INTENT}/cancel" in served.agent.stripe.paths("POST")


def test_ctrl_c_cancels_on_the_reader(served: ServedAgent) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.events.publish(
            InputRequested(ReaderId("tmr_1"), PaymentId("pay_1"), ("tap",))
        )

    script(served, act)
    counter = Counter(interrupt_at="Tap card")

    ending = take_payment(till(served, counter), ORDER)

    assert counter.lines == ["Tap card", "Canceling …"]
    assert ending.result is Result.CANCELED
    assert served.agent.actions.current(ReaderId("tmr_1")) is None


def test_ctrl_c_too_late_still_tells_the_outcome(served: ServedAgent) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.actions.end("tmr_1", Outcome.SUCCEEDED)
        agent.actions.refusal = ReaderBusy("The card was collected.")
        phase("confirming")

    script(served, act)
    counter = Counter(interrupt_at="Authorizing …")

    ending = take_payment(till(served, counter), ORDER)

    assert counter.lines[-1] == "Too late to cancel: The card was collected."
    assert ending.result is Result.APPROVED


def test_ctrl_c_again_while_canceling_still_tells_the_outcome(
    served: ServedAgent,
) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.events.publish(
            InputRequested(ReaderId("tmr_1"), PaymentId("pay_1"), ("tap",))
        )
        agent.actions.on_cancel = lambda: os.kill(os.getpid(), signal.SIGINT)

    script(served, act)
    counter = Counter(interrupt_at="Tap card")

    ending = take_payment(till(served, counter), ORDER)

    assert counter.lines == ["Tap card", "Canceling …", "Already canceling …"]
    assert ending.result is Result.CANCELED


def test_a_lost_answer_ends_as_unknown_and_not_as_a_decline(
    served: ServedAgent,
) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.actions.lose_answer("tmr_1")
        phase("unknown")

    script(served, act)

    ending = take_payment(till(served, Counter()), ORDER)

    assert ending.result is Result.UNKNOWN
    assert ending.failure_code == "payment_outcome_unknown"
    assert f"{INTENT}/cancel" not in served.agent.stripe.paths("POST")


def test_how_long_an_outcome_is_waited_for_is_said(served: ServedAgent) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.actions.lose_answer("tmr_1")
        phase("unknown")

    script(served, act)
    counter = Counter()

    take_payment(till(served, counter), ORDER)

    assert "Waiting up to 180 s for the outcome …" in counter.lines
    assert counter.ticks <= 5


def test_a_known_outcome_needs_no_stripe(served: ServedAgent) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.actions.end("tmr_1", Outcome.FAILED, code="reader_disconnected")
        agent.stripe.refusal = StripeUnreachable("No connection to Stripe.")
        phase("failed")

    script(served, act)
    counter = Counter()

    ending = take_payment(till(served, counter), ORDER)

    assert (ending.result, ending.failure_code) == (
        Result.FAILED,
        "reader_disconnected",
    )
    assert counter.lines == []


def test_an_approval_is_told_though_its_receipt_cannot_be_read(
    served: ServedAgent,
) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.actions.end("tmr_1", Outcome.SUCCEEDED)
        agent.stripe.refusal = StripeUnreachable("No connection to Stripe.")
        phase("succeeded")

    script(served, act)

    ending = take_payment(till(served, Counter()), ORDER)

    assert ending.result is Result.APPROVED
    assert "`cardlane receipt` prints it later" in ending_text(
        ending, ORDER, merchant=None, at=StillClock().now()
    )


def test_what_the_reader_has_forgotten_is_in_the_journal(served: ServedAgent) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.actions.replace("tmr_1", payment_intent="pi_9")
        agent.stripe.refusal = StripeUnreachable("No connection to Stripe.")
        phase("unknown")

    script(served, act)

    ending = take_payment(till(served, Counter()), ORDER)

    # It was requested, and its end is not written down.
    assert ending.result is Result.UNKNOWN
    assert served.agent.stripe.asked[-1][1] == "/v1/payment_intents"


def test_a_second_ctrl_c_leaves_an_unknown_outcome_alone(served: ServedAgent) -> None:
    class Impatient(Counter):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.actions.lose_answer("tmr_1")
        phase("unknown")

    script(served, act)

    ending = take_payment(till(served, Impatient()), ORDER)

    assert ending.result is Result.UNKNOWN


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("requires_capture", Result.APPROVED),
        ("requires_payment_method", Result.CANCELED),
        ("requires_action", Result.UNKNOWN),
    ],
)
def test_a_reader_with_another_payment_leaves_the_word_to_the_intent(
    served: ServedAgent, status: str, result: Result
) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.actions.replace("tmr_1", payment_intent="pi_9")
        agent.stripe.objects[INTENT] = {"id": "pi_1", "status": status}
        phase("canceled")

    script(served, act)

    assert take_payment(till(served, Counter()), ORDER).result is result


def test_a_reader_that_refuses_leaves_no_intent_behind(served: ServedAgent) -> None:
    served.agent.actions.refusal = ReaderOffline("Reader is currently offline.")

    with pytest.raises(CommandFailed) as refused:
        take_payment(till(served, Counter()), ORDER)

    assert refused.value.code == "terminal_reader_offline"
    assert f"{INTENT}/cancel" in served.agent.stripe.paths("POST")


def test_stripes_refusal_ends_the_command_with_stripes_words(
    served: ServedAgent,
) -> None:
    del served.agent.stripe.objects["/v1/payment_intents"]
    served.agent.stripe.answer = ForwardedAnswer(
        400, {}, b'{"error": {"code": "amount_too_small", "message": "Too small."}}'
    )

    with pytest.raises(CommandFailed, match="Too small") as refused:
        take_payment(till(served, Counter()), ORDER)

    assert refused.value.code == "amount_too_small"


def test_an_agent_that_falls_silent_ends_as_unknown(served: ServedAgent) -> None:
    def act(agent: Agent, phase: Callable[[str], None]) -> None:
        agent.fleet.forget_all()
        agent.stripe.has_key = False
        phase("confirming")
        phase("unknown")

    script(served, act)
    counter = Counter()

    ending = take_payment(till(served, counter), ORDER)

    assert ending.result is Result.UNKNOWN
    assert ending.failure_code == "resource_missing"
    waits = [line for line in counter.lines if line.startswith("Still waiting")]
    assert len(waits) == 1
    assert "(resource_missing)" in waits[0]
