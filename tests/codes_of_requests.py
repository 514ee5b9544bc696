"""Every code of docs/errors.md under "The request", "Access" and "The agent"."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from code_scenes import (
    READERS,
    Scenario,
    asked,
    at_the_till,
    caller,
    code_of,
    with_headers,
)
from flow_agent import COUNTER, Stack, good, running_agent
from flow_world import running_world
from module_absent import absent_module

from agent.ids import PaymentId
from agent.rest.auth import KeyScope, make_key
from agent.settings import TerminalSettings
from simulator.stripe_api.engine.faults import Delay

JSON = {"content-type": "application/json"}
LIVE_KEY = "sk_live_" + "simulated" * 4


async def sends_half_an_object(stack: Stack) -> str:
    rest = stack.agent.rest
    return code_of(await rest.request("POST", READERS, headers=JSON, chunks=[b"{"]))


async def pays_twice_for_one_intent(stack: Stack) -> str:
    stack.world.customer("visa_approved")
    intent = await stack.agent.intent()
    await stack.agent.pay(stack.reader, intent)
    return code_of(await stack.agent.process(stack.reader, intent))


async def prints_without_the_library(stack: Stack) -> str:
    stack.world.customer("visa_approved")
    await stack.agent.pay(stack.reader, await stack.agent.intent())
    with absent_module("escpos.printer"):
        return await receipt(stack, "?format=escpos")


async def prints_what_was_not_charged(stack: Stack) -> str:
    stack.world.customer("visa_removed_early")
    await stack.agent.pay(stack.reader, await stack.agent.intent())
    return await receipt(stack)


async def prints_too_early(stack: Stack) -> str:
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    return await receipt(stack)


async def wants_a_signature_of_nobody(stack: Stack) -> str:
    stack.world.customer("visa_approved")
    await stack.agent.pay(stack.reader, await stack.agent.intent())
    path = f"/agent/payments/{stack.payment().payment_id}/signature"
    return code_of(await stack.agent.rest.get(path))


async def receipt(stack: Stack, query: str = "") -> str:
    """The code of the answer to asking for the last payment's receipt."""
    payment: PaymentId = stack.payment().payment_id
    path = f"/agent/payments/{payment}/receipt{query}"
    return code_of(await stack.agent.rest.get(path))


async def registers_again(stack: Stack) -> str:
    form = {"registration_code": COUNTER}
    return code_of(await stack.agent.rest.post(READERS, form))


async def takes_live_money(folder: Path) -> str:
    async with (
        running_world() as world,
        running_agent(world, folder, key=LIVE_KEY) as agent,
    ):
        return code_of(await agent.rest.post(READERS, {"registration_code": COUNTER}))


async def uses_one_key_for_two(stack: Stack) -> str:
    first, second = await stack.agent.intent(), await stack.agent.intent()
    good(await stack.agent.process(stack.reader, first, key="one"))
    return code_of(await stack.agent.process(stack.reader, second, key="one"))


async def repeats_too_soon(stack: Stack) -> str:
    intent = await stack.agent.intent()
    stack.world.stripe_fault(
        Delay(5.0), method="GET", path="/v1/payment_intents/*", times=1
    )
    asking = asyncio.create_task(stack.agent.process(stack.reader, intent, key="one"))
    await stack.world.passed(1.0)
    answer = await stack.agent.process(stack.reader, intent, key="one")
    good(await asking)
    return code_of(answer)


async def sends_a_megabyte_and_more(stack: Stack) -> str:
    form = {"label": "x" * 1_100_000}
    return code_of(await stack.agent.rest.post(READERS, form))


async def shows_no_key(stack: Stack) -> str:
    return code_of(await caller(stack.agent, key=None).get(READERS))


async def shows_a_strangers_key(stack: Stack) -> str:
    key = "rk_test_" + "0" * 32
    return code_of(await caller(stack.agent, key=key).get(READERS))


async def oversteps_its_scope(stack: Stack) -> str:
    made = make_key(
        frozenset({KeyScope.EVENTS}),
        label="display",
        livemode=False,
        random=bytes,
        at=datetime(2026, 11, 2, tzinfo=UTC),
    )
    await stack.agent.journal.keys.put(made.record)
    form = {"registration_code": COUNTER}
    return code_of(await caller(stack.agent, key=made.secret).post(READERS, form))


async def finds_a_defect(stack: Stack) -> str:
    stack.world.broken.add("serial:/dev/broken")
    form = {"registration_code": "serial:/dev/broken"}
    return code_of(await stack.agent.rest.post(READERS, form))


async def resumes_a_stream_too_far_on(stack: Stack) -> str:
    """The stream says so with an event, and goes on."""
    left = asyncio.Event()
    listening = asyncio.create_task(
        stack.agent.rest.hang_up_on(
            "/agent/events", {"last-event-id": "999"}, when=left
        )
    )
    await stack.world.passed(1.0)
    left.set()
    told = (await listening).body.decode()
    data = next(
        line.removeprefix("data: ")
        for line in told.splitlines()
        if line.startswith("data: ")
    )
    return str(json.loads(data)["code"])


async def pays_on_a_full_disk(stack: Stack) -> str:
    intent = await stack.agent.intent()
    stack.agent.journal.fills_up_at = "action_requested"
    return code_of(await stack.agent.process(stack.reader, intent))


async def asks_without_end(stack: Stack) -> str:
    while True:
        answer = await stack.agent.rest.get(READERS)
        if answer.status != 200:
            assert int(answer.headers["retry-after"]) == 1
            return code_of(answer)


async def sends_half_a_body(stack: Stack) -> str:
    form = {"content-type": "application/x-www-form-urlencoded"}
    return code_of(
        await stack.agent.rest.request(
            "POST", READERS, headers=form, chunks=[b"label=", None]
        )
    )


async def wants_a_token_for_elsewhere(folder: Path) -> str:
    terminal = TerminalSettings(token_locations=("tml_1",))
    async with (
        running_world() as world,
        running_agent(world, folder, terminal=terminal) as agent,
    ):
        path = "/v1/terminal/connection_tokens"
        return code_of(await agent.rest.post(path, {"location": "tml_2"}))


REQUESTS: dict[str, Scenario] = {
    "location_not_allowed": wants_a_token_for_elsewhere,
    "rate_limit": at_the_till(asks_without_end),
    "request_timeout": at_the_till(sends_half_a_body),
    "request_invalid": at_the_till(sends_half_an_object),
    "parameter_missing": asked("POST", READERS),
    "parameter_invalid": asked("GET", "/agent/discovery?method=smoke"),
    "parameter_unknown": asked("POST", READERS, registration_cod=COUNTER),
    "resource_missing": asked("GET", "/agent/payments/pay_nothing"),
    "intent_invalid_state": at_the_till(pays_twice_for_one_intent),
    "escpos_not_installed": at_the_till(prints_without_the_library),
    "signature_missing": at_the_till(wants_a_signature_of_nobody),
    "receipt_missing": at_the_till(prints_what_was_not_charged),
    "receipt_not_ready": at_the_till(prints_too_early),
    "registration_code_invalid": asked("POST", READERS, registration_code="lpt:1"),
    "reader_already_registered": at_the_till(registers_again),
    "local_reader_in_livemode": takes_live_money,
    "idempotency_mismatch": at_the_till(uses_one_key_for_two),
    "idempotency_key_in_use": at_the_till(repeats_too_soon),
    "events_gone": at_the_till(resumes_a_stream_too_far_on),
    "body_too_large": at_the_till(sends_a_megabyte_and_more),
    "route_unknown": asked("GET", "/v1/nothing"),
    "method_not_allowed": asked("DELETE", "/agent/health/live"),
    "local_key_missing": at_the_till(shows_no_key),
    "local_key_invalid": at_the_till(shows_a_strangers_key),
    "local_key_scope": at_the_till(oversteps_its_scope),
    "host_not_allowed": with_headers(host="pos.example"),
    "origin_not_allowed": with_headers(origin="https://pages.example"),
    "internal_error": at_the_till(finds_a_defect),
    "journal_unavailable": at_the_till(pays_on_a_full_disk),
}
