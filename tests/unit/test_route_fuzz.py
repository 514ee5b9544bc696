"""Whatever is sent to whichever route, the answer is in form, and tells no secret."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from asgi_client import Answer
from captured_log import captured_log
from card_data_scanner import find_card_data, find_keys
from flow_invariants import documented_codes
from hypothesis import given, settings
from rest_fakes import Agent, running_agent
from route_fuzzing import Sent, declared_paths, requests

from agent.journal.entries import Outcome
from agent.payments.payment import Payment
from agent.readers.discovered import DiscoveryEnd, DiscoveryEnded
from agent.settings import RestSettings

STRIPE_FIELDS = {"type", "code", "message", "remedy"}
PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "remedy"}


class Attacked:
    """An agent with a reader, on which every payment ends at once."""

    def __init__(self, folder: Path) -> None:
        self._at_once = asyncio.Event()
        self._at_once.set()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.agent = self._runner.run(self._start(folder))

    async def _start(self, folder: Path) -> Agent:
        rest = RestSettings(requests_per_s=1e9, request_burst=1_000_000_000)
        agent = await self._stack.enter_async_context(running_agent(folder, rest=rest))
        agent.fleet.found = [DiscoveryEnded(DiscoveryEnd.COMPLETE)]
        agent.actions.on_begin = lambda payment: _succeed(agent, payment)
        return agent

    def send(self, sent: Sent) -> Answer:
        """What is answered; the reader is there before every request."""
        return self._runner.run(self._sent(sent))

    async def _sent(self, sent: Sent) -> Answer:
        self.agent.fleet.forget_all()
        self.agent.fleet.add("tmr_1")
        async with asyncio.timeout(10):
            return await self.agent.client.hang_up_on(
                sent.target,
                sent.headers,
                when=self._at_once,
                method=sent.method,
                chunks=[sent.body],
            )

    def close(self) -> None:
        """Give the journal and the event loop back."""
        self._runner.run(self._stack.aclose())
        self._runner.close()


def _succeed(agent: Agent, payment: Payment) -> None:
    agent.actions.end(payment.reader_id, Outcome.SUCCEEDED)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    attacked = Attacked(tmp_path_factory.mktemp("attacked"))
    yield attacked
    attacked.close()


@pytest.mark.parametrize("path", declared_paths())
def test_no_request_breaks_a_route(
    attacked: Attacked, path: str, record_property: Callable[[str, object], None]
) -> None:
    count = 0

    @settings(max_examples=settings().max_examples // 4)
    @given(requests(path))
    def check(sent: Sent) -> None:
        nonlocal count
        count += 1
        answer = attacked.send(sent)

        check_form(answer)
        check_secrets(answer, attacked.agent)

    with captured_log() as log:
        check()

    record_property("cases of requests nobody would send", count)
    told = log.getvalue().encode()
    assert b"rest.answered" in told
    assert not [*find_keys(told, where="log"), *find_card_data(told, where="log")]


def check_form(answer: Answer) -> None:
    """Not a failure of ours; an error is what docs/rest.md says of errors."""
    if answer.status < 400:
        return
    content = json.loads(answer.body)
    if "error" in content:
        error, fields = content["error"], STRIPE_FIELDS
        assert answer.headers["content-type"] == "application/json"
    else:
        error, fields = content, PROBLEM_FIELDS
        assert answer.headers["content-type"] == "application/problem+json"
        assert error["status"] == answer.status
    assert error.keys() - {"param"} == fields
    assert error["code"] in documented_codes() - {"internal_error"}


def check_secrets(answer: Answer, agent: Agent) -> None:
    """No key, no place on the disk, no piece of the program."""
    told = answer.body + repr(answer.headers).encode()
    assert not [*find_keys(told, where="answer")]
    assert agent.key.encode() not in told
    assert str(agent.folder).encode() not in told
    assert b"Traceback" not in told
    if answer.status >= 400:
        assert not [*find_card_data(told, where="answer")]
