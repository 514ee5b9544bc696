"""kill -9 while a register listens: it misses no event, and sees none twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from event_listener import EventListener, Heard
from register_app import Register

from examples.launch import AgentFolder, Simulator, agent, agent_folder, simulator

DYING_AGENT = Path(__file__).with_name("dying_agent.py")
SUCCEEDED = "terminal.reader.action_succeeded"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as running:
        running.when_asked_present("visa_approved")
        yield running


@pytest.fixture
def home(world: Simulator, tmp_path: Path) -> AgentFolder:
    return agent_folder(tmp_path, stripe_url=world.url)


def test_a_register_that_reconnects_over_kills_hears_each_event_once(
    world: Simulator, home: AgentFolder
) -> None:
    with agent(home):
        register = Register(home.url, home.key())
        reader = register.reader(world.registration_code)
    listener = EventListener(home.url, register.key)
    intents = [register_intent(world) for _ in range(4)]

    # Dies as soon as the end is on the disk: nobody was told of it.
    with dying(home, "action_finished"), listener.connected():
        with pytest.raises(ConnectionError):
            register.process(reader, intents[0])
        listener.hear_to_the_end()
    told_by_the_dying = [event.type for event in listener.kept]
    # Dies in the middle: what was begun is settled and told by the next.
    with dying(home, "confirm_started"), listener.connected():
        first = listener.hear_until(SUCCEEDED)
        with pytest.raises(ConnectionError):
            register.process(reader, intents[1])
        listener.hear_to_the_end()
    with agent(home) as killed, listener.connected():
        second = listener.hear_until(SUCCEEDED)
        register.process(reader, intents[2])
        killed.popen.kill()
        killed.wait()
    with agent(home), listener.connected():
        listener.hear_what_was_missed()
        register.process(reader, intents[3])
        listener.hear_until(SUCCEEDED)
        everything = all_that_is_kept(home, register)

    assert SUCCEEDED not in told_by_the_dying
    assert [intent_of(event) for event in (first, second)] == intents[:2]
    succeeded = [event for event in listener.kept if event.type == SUCCEEDED]
    assert [intent_of(event) for event in succeeded] == intents
    assert numbers(listener.kept) == list(range(1, len(listener.kept) + 1))
    assert len({event.event_id for event in listener.kept}) == len(listener.kept)
    assert everything == listener.kept


@contextmanager
def dying(home: AgentFolder, kind: str) -> Iterator[None]:
    """An agent that kills itself once such an entry is on the disk."""
    program: list[str | Path] = [sys.executable, DYING_AGENT, home.config]
    with agent(home, program=[*program, "after", kind]):
        yield


def all_that_is_kept(home: AgentFolder, register: Register) -> list[Heard]:
    """What a listener hears who was never there."""
    listener = EventListener(home.url, register.key)
    with listener.connected():
        listener.hear_what_was_missed()
    return listener.kept


def register_intent(world: Simulator) -> str:
    """A new PaymentIntent, made at Stripe."""
    body = {
        "amount": 1200,
        "currency": "usd",
        "allowed_payment_method_types": ["card_present"],
    }
    return str(world.stripe("/v1/payment_intents", body)["id"])


def intent_of(event: Heard) -> str:
    """Whose payment has ended."""
    action = event.data["data"]["object"]["action"]
    return str(action["process_payment_intent"]["payment_intent"])


def numbers(events: list[Heard]) -> list[int | None]:
    """The sequence numbers, as they came."""
    return [event.seq for event in events]
