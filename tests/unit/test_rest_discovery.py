"""`/agent/discovery` and the commands to readers, as callers see them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from fake_discovery import FakeDiscovery
from rest_fakes import Agent, new_key, running_agent

from agent.errors import ReaderBusy
from agent.readers.discovered import (
    DiscoveredReader,
    DiscoveryEnd,
    DiscoveryEnded,
    DiscoveryEvent,
    DiscoveryMethod,
    DiscoveryProgress,
    DiscoveryStep,
    MethodFailed,
)
from agent.rest.auth import KeyScope
from agent.rest.discovery import discovery_frames

STREAM = {"accept": "text/event-stream"}
PORT = DiscoveredReader(
    registration_code="serial:/dev/ttyUSB0",
    method=DiscoveryMethod.SERIAL,
    description="USB serial",
    model=None,
    serial_number=None,
)
READER = replace(PORT, model="magtek_dynaprox", serial_number="B50")
OFF = MethodFailed(DiscoveryMethod.BLUETOOTH, "bluetooth_disabled", "it is off")
END = DiscoveryEnded(DiscoveryEnd.COMPLETE)
STEPS: list[DiscoveryEvent | Exception] = [
    DiscoveryProgress(DiscoveryStep.FOUND, PORT),
    OFF,
    DiscoveryProgress(DiscoveryStep.ASKED, PORT),
    DiscoveryProgress(DiscoveryStep.IDENTIFIED, READER),
]


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        yield agent


def events_in(body: bytes) -> list[tuple[str, Any]]:
    """Names and contents of the events of a stream."""
    frames = [part.split("\n") for part in body.decode().split("\n\n") if part]
    return [
        (head.removeprefix("event: "), json.loads(data[0].removeprefix("data: ")))
        for head, *data in frames
        if not head.startswith(":")
    ]


async def test_every_step_is_told_as_an_event(agent: Agent) -> None:
    gone = DiscoveryProgress(DiscoveryStep.GONE, READER)
    agent.fleet.found = [*STEPS, gone, END]

    answer = await agent.client.get("/agent/discovery", headers=STREAM)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert events_in(answer.body) == [
        ("reader_found", asdict(PORT)),
        ("method_failed", asdict(OFF)),
        ("reader_asked", asdict(PORT)),
        ("reader_identified", asdict(READER)),
        ("reader_gone", asdict(READER)),
        ("discovery_ended", {"reason": "complete"}),
    ]


async def test_who_takes_no_events_gets_all_readers_at_the_end(agent: Agent) -> None:
    gone = DiscoveryProgress(DiscoveryStep.GONE, replace(PORT, registration_code="x:"))
    agent.fleet.found = [*STEPS, gone, END]

    answer = await agent.client.get("/agent/discovery")

    assert answer.json() == {
        "readers": [asdict(READER)],
        "failed_methods": [asdict(OFF)],
    }


async def test_methods_and_time_are_chosen(agent: Agent) -> None:
    agent.fleet.found = [END]

    await agent.client.get("/agent/discovery")
    await agent.client.get("/agent/discovery?method=usb,bluetooth&timeout_s=30")

    assert agent.fleet.asked_for == [
        (tuple(DiscoveryMethod), None),
        ((DiscoveryMethod.USB, DiscoveryMethod.BLUETOOTH), 30),
    ]


@pytest.mark.parametrize(
    "query", ["method=parrot", "method=", "timeout_s=0", "timeout_s=9999", "timeout=1"]
)
async def test_what_makes_no_sense_is_refused(query: str, agent: Agent) -> None:
    answer = await agent.client.get(f"/agent/discovery?{query}")

    assert answer.status == 400
    assert answer.json()["param"] == query.split("=")[0]


@pytest.mark.parametrize("headers", [STREAM, {}])
async def test_whoever_leaves_ends_the_looking(
    headers: dict[str, str], agent: Agent
) -> None:
    agent.fleet.found = [*STEPS]
    leaves = asyncio.Event()
    asking = asyncio.create_task(
        agent.client.hang_up_on("/agent/discovery", headers, when=leaves)
    )
    await agent.fleet.looking.acquire()
    leaves.set()
    await asking

    assert agent.fleet.runs[0].is_left


async def test_a_long_search_gives_signs_of_life() -> None:
    run = FakeDiscovery([STEPS[0]])
    frames = discovery_frames(run, keep_alive_s=0.0001)

    told = [(await anext(frames)).split(":")[1].split("\n")[0] for _ in range(4)]
    await frames.aclose()  # type: ignore[attr-defined]

    assert told == [" looking", " reader_found", " keep-alive", " keep-alive"]
    assert run.is_left


@pytest.mark.parametrize("command", ["connect", "disconnect", "reboot"])
async def test_a_command_answers_with_the_reader(command: str, agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.post(f"/agent/readers/tmr_1/{command}")

    assert answer.json()["id"] == "tmr_1"
    assert agent.fleet.commands == [(command, "tmr_1")]


async def test_a_reader_that_shows_itself_tells_how(agent: Agent) -> None:
    agent.fleet.add("tmr_1")

    answer = await agent.client.post("/agent/readers/tmr_1/identify")

    assert answer.json() == {"id": "tmr_1", "signs": ["buzzer", "display"]}


@pytest.mark.parametrize("command", ["connect", "disconnect", "reboot", "identify"])
async def test_a_command_that_fails_is_a_problem(command: str, agent: Agent) -> None:
    agent.fleet.add("tmr_1")
    agent.fleet.refusal = ReaderBusy("It takes a payment.")

    busy = await agent.client.post(f"/agent/readers/tmr_1/{command}")
    unknown = await agent.client.post(f"/agent/readers/tmr_2/{command}")

    assert busy.json()["code"] == "terminal_reader_busy"
    assert unknown.json()["code"] == "resource_missing"


@pytest.mark.parametrize(
    ("command", "scopes"),
    [
        ("connect", {"manage"}),
        ("disconnect", {"manage"}),
        ("reboot", {"manage"}),
        ("identify", {"manage", "readers"}),
    ],
)
async def test_a_command_needs_its_scope(
    command: str, scopes: set[str], agent: Agent
) -> None:
    agent.fleet.add("tmr_1")
    allowed = set()
    for scope in KeyScope:
        key = await new_key(agent.journal, scope)
        answer = await agent.client.post(
            f"/agent/readers/tmr_1/{command}",
            headers={"authorization": f"Bearer {key}"},
        )
        if answer.status == 200:
            allowed.add(scope.value)

    assert allowed == scopes
