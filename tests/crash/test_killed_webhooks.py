"""kill -9 while events are delivered: the register app gets each of them, in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import stripe
from card_data_scanner import scan_folder
from register_app import Register
from webhook_receiver import WebhookReceiver

from examples.launch import AgentFolder, Simulator, agent, agent_folder, simulator

SUCCEEDED: Final = "terminal.reader.action_succeeded"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as running:
        running.when_asked_present("visa_approved")
        yield running


@pytest.fixture
def home(world: Simulator, tmp_path: Path) -> AgentFolder:
    (tmp_path / "agent").mkdir()
    return agent_folder(tmp_path / "agent", stripe_url=world.url)


def test_a_register_app_gets_every_event_over_kills_and_absences(
    world: Simulator, home: AgentFolder
) -> None:
    receiver = WebhookReceiver(refuses=1)
    with receiver.open(), agent(home) as killed:
        register = Register(home.url, home.key())
        reader = register.reader(world.registration_code)
        client = stripe.StripeClient(register.key, base_addresses={"api": home.url})
        endpoint = client.v1.webhook_endpoints.create(
            {"url": receiver.url, "enabled_events": [SUCCEEDED]}
        )
        receiver.secret = str(endpoint.secret)
        register.process(reader, register.intent())
        receiver.wait_for(1)
        register.process(reader, register.intent())
        killed.popen.kill()
        killed.wait()
    # Nobody is there to take the next one, and then the agent is gone too.
    with agent(home) as killed:
        register.process(reader, register.intent())
        killed.line_with("webhook.not_taken")
        killed.popen.kill()
        killed.wait()
    with receiver.open(), agent(home):
        receiver.wait_for(3)
        told = client.v1.events.list({"type": SUCCEEDED})

    everything = [event.id for event in reversed(told.data)]
    assert list(dict.fromkeys(receiver.ids)) == everything
    assert len(everything) == 3
    assert all(event["data"]["object"]["id"] == reader for event in receiver.taken)
    leaks = [str(finding) for finding in scan_folder(home.folder)]
    assert leaks == []
