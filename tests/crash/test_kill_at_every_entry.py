"""kill -9 at every entry of a payment's journal: one charge at most, none forgotten."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.launch import AgentFolder, Simulator, agent, agent_folder, call, simulator

DYING_AGENT = Path(__file__).with_name("dying_agent.py")

# What is written at one stroke is one point: card_collected comes with confirm_started.
APPROVED = (
    "action_requested",
    "confirm_started",
    "confirmed",
    "action_finished",
)
DECLINED = (*APPROVED[:2], "declined", "action_finished")
REFUSED_BY_CARD = (
    *APPROVED[:3],
    "card_refused",
    "reversal_started",
    "reversed",
    "action_finished",
)


PATHS = {
    "visa_approved": APPROVED,
    "visa_declined": DECLINED,
    "visa_refuses_after_approval": REFUSED_BY_CARD,
}


@dataclass(frozen=True)
class End:
    """What the crash matrix promises."""

    status: str | None
    """The action's status; None where the request was never accepted."""
    code: str | None = None
    charged: bool = False


NEVER_ACCEPTED = End(None)
INTERRUPTED = End("failed", "payment_interrupted")
DECLINED_BY_ISSUER = End("failed", "card_declined")
REVERSED = End("failed", "declined_by_reader", charged=True)
CHARGED = End("succeeded", charged=True)


@dataclass(frozen=True)
class Cut:
    """Where the process dies, in a payment with which card."""

    card: str
    when: str
    kind: str

    def __str__(self) -> str:
        return f"{self.card}-{self.when}-{self.kind}"

    @property
    def needs_recovery(self) -> bool:
        """Whether the payment was begun and had not ended."""
        ended = (self.when, self.kind) == ("after", "action_finished")
        return self.end != NEVER_ACCEPTED and not ended

    @property
    def end(self) -> End:
        """The row of the matrix, by the last entry that was durable."""
        entries = PATHS[self.card]
        durable = entries[: entries.index(self.kind) + (self.when == "after")]
        if not durable:
            return NEVER_ACCEPTED
        if "confirm_started" not in durable:
            return INTERRUPTED
        if self.card == "visa_declined":
            return DECLINED_BY_ISSUER
        # Without the card's word in the journal, the approval stands.
        return REVERSED if "card_refused" in durable else CHARGED


ALL_CUTS = [
    Cut(card, when, kind)
    for card, entries in PATHS.items()
    for kind in entries
    for when in ("before", "after")
]
SAMPLE = [
    cut
    for cut in ALL_CUTS
    if (cut.card == "visa_approved" and cut.when == "after")
    or str(cut) == "visa_approved-before-confirmed"
    or str(cut) == "visa_declined-before-declined"
    or str(cut) == "visa_refuses_after_approval-before-reversed"
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulator(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture
def home(world: Simulator, tmp_path: Path) -> AgentFolder:
    return agent_folder(tmp_path, stripe_url=world.url)


@pytest.mark.parametrize("cut", SAMPLE, ids=str)
def test_a_killed_agent_charges_once_and_tells_the_truth(
    cut: Cut, world: Simulator, home: AgentFolder
) -> None:
    check_kill(cut, world=world, home=home)


@pytest.mark.full
@pytest.mark.parametrize("cut", [c for c in ALL_CUTS if c not in SAMPLE], ids=str)
def test_a_killed_agent_charges_once_wherever_it_died(
    cut: Cut, world: Simulator, home: AgentFolder
) -> None:
    check_kill(cut, world=world, home=home)


def check_kill(cut: Cut, *, world: Simulator, home: AgentFolder) -> None:
    """Die at `cut`, come back, and hold what was promised against what is."""
    world.when_asked_present(cut.card)
    with agent(home):
        register = Register(home.url, home.key())
        reader = register.reader(world.registration_code)
        intent = register.intent()
    dies_at = [cut.when, cut.kind]
    program = [sys.executable, str(DYING_AGENT), str(home.config), *dies_at]
    with agent(home, program=program) as dying:
        with pytest.raises(ConnectionError):
            register.process(reader, intent)
        killed = dying.wait()

    with agent(home) as revived:
        if cut.needs_recovery:
            revived.line_with(f'"phase": "{_last_phase(cut)}"')
        action = register.action(reader)
        charges = world.charges(payment_intent=intent)
        world.when_asked_present("visa_approved")
        next_action = register.process(reader, register.intent())

    assert killed == -signal.SIGKILL
    assert (action and action["status"]) == cut.end.status
    assert (action and action["failure_code"]) == cut.end.code
    assert len(charges) == int(cut.end.charged)
    assert all(charge["refunded"] == (cut.end == REVERSED) for charge in charges)
    assert next_action["status"] == "succeeded"


def _last_phase(cut: Cut) -> str:
    if cut.end == DECLINED_BY_ISSUER:
        return "declined"
    return str(cut.end.status)


@dataclass(frozen=True)
class Register:
    """A register app at one agent."""

    url: str
    key: str

    def reader(self, registration_code: str) -> str:
        """Register the reader; its id."""
        found = self._call(
            "/v1/terminal/readers", {"registration_code": registration_code}
        )
        return str(found["id"])

    def intent(self) -> str:
        """A new PaymentIntent over 12.00 USD; its id."""
        body = {
            "amount": 1200,
            "currency": "usd",
            "allowed_payment_method_types": ["card_present"],
        }
        return str(self._call("/v1/payment_intents", body)["id"])

    def process(self, reader: str, intent: str) -> dict[str, Any]:
        """Take the payment; the action as it ended."""
        path = f"/v1/terminal/readers/{reader}/process_payment_intent"
        answer = self._call(path, {"payment_intent": intent})
        action: dict[str, Any] = answer["action"]
        return action

    def action(self, reader: str) -> dict[str, Any] | None:
        """What the reader says of its last action."""
        shown: dict[str, Any] | None = self._call(f"/v1/terminal/readers/{reader}")[
            "action"
        ]
        return shown

    def _call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Prefer": "wait=30", "Stripe-Version": "2026-10-28.endive"}
        status, answer = call(f"{self.url}{path}", body, key=self.key, headers=headers)
        assert status == 200, answer
        return answer
