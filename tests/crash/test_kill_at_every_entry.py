"""kill -9 at every entry of a payment's journal: one charge at most, none forgotten."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from register_app import Register

from examples.launch import AgentFolder, Simulator, agent, agent_folder, simulator

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
