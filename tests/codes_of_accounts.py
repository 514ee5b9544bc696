"""Every code of docs/errors.md that a machine with several accounts tells."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from code_scenes import Scenario, code_of
from flow_accounts import Hall, running_hall
from flow_world import running_world

from agent.payments.states import Phase
from simulator.stripe_api.engine.faults import LoseReply

FIRST = "serial:/dev/counter"
READERS = "/v1/terminal/readers"


def in_the_hall(act: Callable[[Hall], Awaitable[str]]) -> Scenario:
    """With a machine that has its own account and `stall-2`, and one reader."""

    async def scenario(folder: Path) -> str:
        async with running_world() as world, running_hall(world, folder) as hall:
            await hall.add("stall-2")
            return await act(hall)

    return scenario


async def a_merchant_looks_at_others(hall: Hall) -> str:
    return code_of(await hall.agents["stall-2"].rest.get("/agent/accounts"))


async def a_reader_is_wanted_twice(hall: Hall) -> str:
    await hall.own.register(FIRST)
    form = {"registration_code": FIRST}
    return code_of(await hall.agents["stall-2"].rest.post(READERS, form))


async def something_begins_while_an_account_goes(hall: Hall) -> str:
    other = hall.agents["stall-2"]
    reader = await other.register(FIRST)
    hall.world.customer()
    await other.begin(reader, await other.intent())
    await other.until(reader, Phase.CONFIRMING)
    (hall.files / "stall-2.toml").unlink()
    reloading = asyncio.create_task(hall.accounts.reload())
    await other.until_true(lambda: hall.status("stall-2") == "closing")
    refused = await other.rest.post("/v1/payment_intents")
    await reloading
    return code_of(refused)


async def an_account_goes_too_early(hall: Hall) -> str:
    other = hall.agents["stall-2"]
    reader = await other.register(FIRST)
    hall.world.customer()
    intent = await other.intent()
    hall.world.stripe_fault(LoseReply(), times=None)
    await other.begin(reader, intent)
    await other.until(reader, Phase.UNKNOWN)
    (hall.files / "stall-2.toml").unlink()
    shown = await hall.operators(action="reload")
    hall.world.mend_stripe()
    await other.ended(reader)
    return str(shown[1]["problem"]["code"])


async def a_live_key_lies_where_a_test_key_was(hall: Hall) -> str:
    (hall.folder / "stripe_api_key").write_text("rk_live_" + "renewed" * 4)
    shown = await hall.operators(action="reload")
    return str(shown[0]["problem"]["code"])


async def an_account_has_failed(hall: Hall) -> str:
    register = hall.agents["stall-2"].rest
    (hall.files / "stall-2.toml").unlink()
    await hall.accounts.reload()
    hall.write("stall-2", key="nothing")
    await hall.accounts.reload()
    return code_of(await register.get(READERS))


ACCOUNTS: dict[str, Scenario] = {
    "accounts_forbidden": in_the_hall(a_merchant_looks_at_others),
    "reader_of_other_account": in_the_hall(a_reader_is_wanted_twice),
    "account_closing": in_the_hall(something_begins_while_an_account_goes),
    "account_unavailable": in_the_hall(an_account_has_failed),
    "account_unsettled": in_the_hall(an_account_goes_too_early),
    "stripe_key_not_renewed": in_the_hall(a_live_key_lies_where_a_test_key_was),
}
