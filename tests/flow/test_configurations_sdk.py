"""The official SDK at the agent, unmodified: Locations and Configurations, and a tip."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import stripe
from flow_agent import Stack, good, running_stack
from flow_tips import TIPPING, TipScreens, intent_at_stripe, process
from sdk_in_process import sdk_on

SHOP: Any = {
    "display_name": "Shop",
    "address": {"country": "IE", "line1": "1 Quay", "postal_code": "D01"},
}
TIPS: Any = {
    "tipping": {"usd": {"percentages": [10, 15, 20], "fixed_amounts": [100, 200, 300]}}
}


@pytest_asyncio.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path, hardware=TIPPING[0]) as running:
        yield running


@pytest.fixture
def till(counter: Stack) -> stripe.StripeClient:
    return sdk_on(counter.agent.rest)


async def test_configurations_are_looked_after(till: stripe.StripeClient) -> None:
    configurations = till.v1.terminal.configurations

    made = await configurations.create_async(TIPS)
    changed = await configurations.update_async(
        made.id, {"offline": {"enabled": True}, "tipping": ""}
    )
    found = await configurations.retrieve_async(made.id)
    listed = await configurations.list_async({"is_account_default": True})
    gone = await configurations.delete_async(made.id)

    assert changed.offline is not None
    assert changed.offline.enabled is True
    assert changed.to_dict().get("tipping") is None
    assert found.to_dict() == changed.to_dict()
    assert [each.is_account_default for each in listed.data] == [True]
    assert gone.to_dict()["deleted"] is True


async def test_locations_are_looked_after(till: stripe.StripeClient) -> None:
    locations = till.v1.terminal.locations

    made = await locations.create_async(SHOP)
    changed = await locations.update_async(made.id, {"display_name": "Quay"})
    listed = await locations.list_async()
    gone = await locations.delete_async(made.id)

    assert changed.display_name == "Quay"
    assert made.id in [each.id for each in listed.data]
    assert gone.to_dict()["deleted"] is True


async def test_the_account_default_is_not_for_a_location(
    till: stripe.StripeClient,
) -> None:
    listed = await till.v1.terminal.configurations.list_async(
        {"is_account_default": True}
    )
    made = await till.v1.terminal.locations.create_async(SHOP)

    with pytest.raises(stripe.InvalidRequestError):
        await till.v1.terminal.locations.update_async(
            made.id, {"configuration_overrides": listed.data[0].id}
        )


async def test_tips_set_by_the_sdk_are_asked_for_at_the_next_payment(
    counter: Stack, till: stripe.StripeClient
) -> None:
    listed = await till.v1.terminal.configurations.list_async(
        {"is_account_default": True}
    )
    screens = TipScreens(counter.world)
    screens.choose("20%")
    counter.world.customer("visa_approved")
    intent = await counter.agent.intent(12_00)

    await till.v1.terminal.configurations.update_async(listed.data[0].id, TIPS)
    await process(counter, intent)

    shown = await intent_at_stripe(counter, intent)
    path = f"/agent/readers/{counter.reader}/configuration"
    counting = good(await counter.agent.rest.get(path))
    assert shown["amount"] == 14_40
    assert counting["settings"]["tipping"]["source"] == "account_default"
