"""`/agent/readers/:id/firmware`: seen, looked for, installed and canceled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from agent_clock import NOON
from asgi_client import Answer
from rest_fakes import Agent, running_agent
from update_entries import ONE_OF_EACH

from agent.errors import ReaderOffline
from agent.firmware.errors import FirmwareUnsupported, UpdateInProgress, UpdateTooLate
from agent.ids import ReaderId
from agent.journal.update_entries import LoadProgressed, UpdateOutcome
from agent.rest.auth import KeyScope

PATH = "/agent/readers/tmr_1/firmware"
WAITING, LOADING = ONE_OF_EACH[1:4], ONE_OF_EACH[4:5]


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        agent.fleet.add("tmr_1")
        yield agent


async def post(agent: Agent, **form: str) -> Answer:
    return await agent.client.post(PATH, form)


def good(answer: Answer) -> Any:
    assert answer.status == 200, answer.body
    return answer.json()


async def test_a_reader_that_was_never_asked_about_shows_what_it_runs(
    agent: Agent,
) -> None:
    assert good(await agent.client.get(PATH)) == {
        "reader": "tmr_1",
        "device_model": "magtek_dynaprox",
        "firmware_version": "1.0",
        "window": "02:00-05:00",
        "update": None,
        "catalog": None,
    }


async def test_a_check_shows_every_image_and_what_is_wrong_with_it(
    agent: Agent,
) -> None:
    catalog = good(await post(agent, action="check"))["catalog"]

    assert catalog["checked_at"] == NOON.isoformat().replace("+00:00", "Z")
    assert catalog["available"] == "magtek_dynaprox/2.0.bin"
    assert [(i["firmware_version"], i["problem"]) for i in catalog["images"]] == [
        ("1.0", "firmware_not_newer"),
        ("2.0", None),
        ("0.9", None),
    ]
    assert good(await agent.client.get(PATH))["catalog"] == catalog


async def test_an_install_waits_for_its_window_and_says_who_asked(
    agent: Agent,
) -> None:
    update = good(await post(agent, action="install"))["update"]

    assert update["state"] == "idle"
    assert (update["from_version"], update["to_version"]) == ("1.0", "2.0")
    assert update["asked_by"].startswith("lk_")
    assert agent.updates.requests[0].waits_for_window


async def test_an_install_may_begin_now_with_any_image_of_a_bundle(
    agent: Agent,
) -> None:
    form = {"image": "magtek_dynaprox/0.9.bin", "bundle": "/media/stick"}

    good(await post(agent, action="install", start="now", **form))

    (request,) = agent.updates.requests
    assert (request.image, request.bundle) == (form["image"], form["bundle"])
    assert not request.waits_for_window


async def test_an_update_shows_how_far_it_is(agent: Agent) -> None:
    good(await post(agent, action="install", start="now"))
    await agent.updates.move("tmr_1", *WAITING, *LOADING)
    record = agent.updates.current(ReaderId("tmr_1"))
    assert record is not None
    agent.clock.advance(10)
    record.loaded(1024)

    update = good(await agent.client.get(PATH))["update"]

    assert (update["state"], update["percent"]) == ("loading", 25)
    assert update["remaining_s"] == 30 + 60


async def test_an_update_that_failed_says_what_to_do(agent: Agent) -> None:
    good(await post(agent, action="install"))

    update = good(await post(agent, action="cancel"))["update"]

    assert update["state"] == "failed"
    assert update["failure_code"] == "firmware_update_canceled"
    assert "runs what it ran before" in update["remedy"]


@pytest.mark.parametrize(
    ("code", "has_remedy"),
    [("firmware_bundle_unreadable", True), ("reader_timeout", False)],
)
async def test_the_remedy_is_that_of_the_error(
    code: str, has_remedy: bool, agent: Agent
) -> None:
    good(await post(agent, action="install"))
    record = agent.updates.current(ReaderId("tmr_1"))
    assert record is not None
    await record.end(UpdateOutcome.FAILED, code=code, message="no stick")

    update = good(await agent.client.get(PATH))["update"]

    assert (update["remedy"] is not None) is has_remedy


async def test_a_load_is_written_down_ten_times_at_most(agent: Agent) -> None:
    good(await post(agent, action="install", start="now"))
    await agent.updates.move("tmr_1", *WAITING, *LOADING)
    record = agent.updates.current(ReaderId("tmr_1"))
    assert record is not None
    for loaded_bytes in range(0, 4097, 8):
        record.loaded(loaded_bytes)

    await agent.updates.move("tmr_1", ONE_OF_EACH[6])

    kinds = [
        one.entry for one in agent.journal.updates.entries_of(record.update.update_id)
    ]
    assert 1 <= sum(isinstance(one, LoadProgressed) for one in kinds) <= 10
    assert record.percent == 100


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"action": "check", "start": "now"}, "start"),
        ({"action": "cancel", "bundle": "/media/stick"}, "bundle"),
        ({"action": "install", "start": "tomorrow"}, "start"),
        ({"action": "explode"}, "action"),
        ({}, "action"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    form: dict[str, str], param: str, agent: Agent
) -> None:
    answer = await post(agent, **form)

    assert answer.status == 400
    assert answer.json()["param"] == param
    assert agent.updates.requests == []


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (FirmwareUnsupported("no"), 400),
        (UpdateInProgress("wait"), 409),
        (UpdateTooLate("no"), 409),
        (ReaderOffline("away"), 400),
    ],
)
async def test_a_refusal_is_told_with_its_code_and_remedy(
    refusal: FirmwareUnsupported, status: int, agent: Agent
) -> None:
    agent.updates.refusal = refusal

    answer = await post(agent, action="install")

    assert answer.status == status
    assert answer.json()["code"] == refusal.code
    assert answer.json()["remedy"] == refusal.remedy


async def test_an_install_that_is_repeated_installs_once(agent: Agent) -> None:
    headers = {"idempotency-key": "tonight"}

    first = await agent.client.post(PATH, {"action": "install"}, headers)
    again = await agent.client.post(PATH, {"action": "install"}, headers)

    assert first.body == again.body
    assert len(agent.updates.requests) == 1


async def test_a_reader_that_there_is_not_has_no_firmware(agent: Agent) -> None:
    path = "/agent/readers/tmr_9/firmware"

    answers = [
        await agent.client.get(path),
        await agent.client.post(path, {"action": "check"}),
    ]

    assert [answer.status for answer in answers] == [404, 404]


async def test_firmware_is_for_those_who_manage_readers(agent: Agent) -> None:
    others = [scope for scope in KeyScope if scope is not KeyScope.MANAGE]
    client = await agent.client_with(*others)

    answers = [await client.get(PATH), await client.post(PATH, {"action": "check"})]

    assert [answer.status for answer in answers] == [403, 403]
