"""No route forgets its guard: each of them, as declared, against each way in."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from asgi_client import AsgiClient
from captured_log import captured_log
from card_data_scanner import find_card_data, find_keys
from local_routes import (
    code_of,
    keyed_routes,
    local_routes,
    posted_paths,
    revoked_client,
)
from rest_fakes import Agent, running_agent
from route_fuzzing import CARD_NUMBER, PATH_TRICKS, declared_paths, filled

from agent.ids import ReaderId
from agent.readers.discovered import DiscoveryEnd, DiscoveryEnded
from agent.rest.auth import KeyScope
from agent.settings import RestSettings

MAX_BODY_BYTES = 1000
OPEN_TO_ALL = ("/agent/health/", "/agent/openapi.json")
NOBODYS_KEY = "rk_test_" + "x" * 40


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    rest = RestSettings(
        requests_per_s=1e9,
        request_burst=1_000_000,
        max_body_bytes=MAX_BODY_BYTES,
        request_timeout_s=0.001,
    )
    async with running_agent(tmp_path, rest=rest) as agent:
        agent.fleet.found = [DiscoveryEnded(DiscoveryEnd.COMPLETE)]
        agent.fleet.add("tmr_1")
        yield agent


def check_untouched(agent: Agent) -> None:
    """Nobody has done anything."""
    assert agent.stripe.asked == []
    assert agent.fleet.commands == []
    assert agent.fleet.asked_for == []
    assert agent.actions.requests == []
    assert agent.updates.requests == []
    assert [one.record.reader_id for one in agent.fleet.sessions()] == ["tmr_1"]
    assert agent.journal.leases.find(ReaderId("tmr_1")) is None


async def test_no_route_answers_a_caller_without_key(agent: Agent) -> None:
    stranger = AsgiClient(agent.app, key=None)

    for route in keyed_routes():
        answer = await route.ask(stranger)
        assert (answer.status, code_of(answer)) == (401, "local_key_missing"), route
    check_untouched(agent)


async def test_no_route_answers_a_key_of_nobody(agent: Agent) -> None:
    stranger = AsgiClient(agent.app, key=NOBODYS_KEY)

    for route in keyed_routes():
        answer = await route.ask(stranger)
        assert (answer.status, code_of(answer)) == (401, "local_key_invalid"), route
    check_untouched(agent)


async def test_no_route_answers_a_revoked_key(agent: Agent) -> None:
    revoked = await revoked_client(agent)

    for route in keyed_routes():
        answer = await route.ask(revoked)
        assert (answer.status, code_of(answer)) == (401, "local_key_invalid"), route
    check_untouched(agent)


async def test_all_other_scopes_together_open_no_route(agent: Agent) -> None:
    for route in keyed_routes():
        if not route.others:
            continue
        answer = await route.ask(await agent.client_with(*route.others))
        assert (answer.status, code_of(answer)) == (403, "local_key_scope"), route
    check_untouched(agent)


async def test_each_scope_that_is_promised_opens_its_route(agent: Agent) -> None:
    for route in keyed_routes():
        for scope in route.scopes:
            answer = await route.ask(await agent.client_with(scope))
            assert answer.status not in {401, 403}, (route, scope)


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_no_route_answers_a_foreign_page(agent: Agent, origin: str) -> None:
    for route in local_routes():
        answer = await route.ask(agent.client, origin=origin)
        assert (answer.status, code_of(answer)) == (403, "origin_not_allowed"), route
        assert "access-control-allow-origin" not in answer.headers
    check_untouched(agent)


async def test_no_route_answers_under_a_rebound_name(agent: Agent) -> None:
    for route in local_routes():
        answer = await route.ask(agent.client, host="evil.example:7345")
        assert (answer.status, code_of(answer)) == (403, "host_not_allowed"), route
    check_untouched(agent)


async def test_no_route_reads_more_than_the_limit(agent: Agent) -> None:
    for path in posted_paths():
        answer = await agent.client.request(
            "POST", path, chunks=[b"a=" + b"x" * 400] * 4
        )
        assert (answer.status, code_of(answer)) == (413, "body_too_large"), path
    check_untouched(agent)


async def test_no_route_waits_for_a_body_that_does_not_come(agent: Agent) -> None:
    for path in posted_paths():
        answer = await agent.client.request("POST", path, chunks=[b"a=1", None])
        assert (answer.status, code_of(answer)) == (408, "request_timeout"), path
    check_untouched(agent)


@pytest.mark.parametrize("trick", PATH_TRICKS)
async def test_no_path_leads_past_a_guard(agent: Agent, trick: str) -> None:
    client = AsgiClient(agent.app, key=NOBODYS_KEY)

    for path in declared_paths():
        for target in (
            f"{filled(path)}/{trick}",
            f"{trick}{path}",
            filled(path, trick),
        ):
            answer = await client.get(target)
            is_open = target.partition("?")[0].startswith(OPEN_TO_ALL)
            assert answer.status in ({200, 404} if is_open else {401, 404, 405}), target
    check_untouched(agent)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with captured_log() as written:
        yield written


async def test_neither_log_nor_error_repeats_a_secret(
    agent: Agent, log: io.StringIO
) -> None:
    for route in local_routes():
        for target in (
            f"{filled(route.path)}?client_secret={NOBODYS_KEY}&label={CARD_NUMBER}",
            filled(route.path, NOBODYS_KEY),
        ):
            answer = await agent.client.request(
                route.method,
                target,
                headers={"authorization": f"Bearer {NOBODYS_KEY}"},
                chunks=[f"label={CARD_NUMBER}&key={NOBODYS_KEY}".encode()],
            )
            assert NOBODYS_KEY.encode() not in answer.body, route
            assert not [*find_card_data(answer.body, where=route.path)]

    told = log.getvalue().encode()
    assert b"rest.answered" in told
    assert not [*find_card_data(told, where="log"), *find_keys(told, where="log")]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/v1/terminal/readers/tmr_1/refund_payment", {"expand[]": CARD_NUMBER}),
        ("/v1/terminal/readers/tmr_1/refund_payment", {CARD_NUMBER: "1"}),
        ("/agent/readers/tmr_1/lease", {f"a[{NOBODYS_KEY}]": "1"}),
        (f"/agent/readers/{CARD_NUMBER}/lease", {}),
    ],
)
async def test_no_refusal_repeats_a_card_number_or_key(
    tmp_path: Path, path: str, form: dict[str, str]
) -> None:
    async with running_agent(tmp_path) as agent:
        agent.fleet.add("tmr_1")

        answer = await agent.client.post(path, form)

    assert answer.status in {400, 404}
    assert not [*find_card_data(answer.body, where=path)]
    assert not [*find_keys(answer.body, where=path)]


async def test_no_defect_tells_its_caller_what_broke(
    agent: Agent, log: io.StringIO
) -> None:
    def broken() -> None:
        raise RuntimeError(f"{NOBODYS_KEY} {CARD_NUMBER}")

    agent.stripe.on_asked = broken

    answer = await agent.client.get("/v1/payment_intents/pi_1")

    assert (answer.status, code_of(answer)) == (500, "internal_error")
    assert b"RuntimeError" not in answer.body
    told = answer.body + log.getvalue().encode()
    assert b"rest.defect" in told
    assert not [*find_card_data(told, where="told"), *find_keys(told, where="told")]


async def test_the_scopes_are_those_of_every_kind() -> None:
    """The document was read: each scope opens something, and not everything."""
    opened = {
        scope: [route for route in keyed_routes() if scope in route.scopes]
        for scope in KeyScope
    }

    assert all(0 < len(routes) < len(keyed_routes()) for routes in opened.values())
