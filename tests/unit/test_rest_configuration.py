"""`/agent/readers/:id/configuration` says what counts, and changes are noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from agent_clock import NOON
from rest_fakes import Agent, running_agent

from agent.errors import StripeUnreachable
from agent.rest.auth import KeyScope
from agent.stripe_api.errors import StripeError, StripeRefused
from agent.terminal_configuration.configurations import Freshness


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    async with running_agent(tmp_path) as agent:
        agent.fleet.add("tmr_1")
        yield agent


async def test_each_setting_has_its_source(agent: Agent) -> None:
    agent.configurations.account_default = {
        "id": "tmc_0",
        "tipping": {"usd": {"percentages": [15, 20, 25]}},
    }
    agent.configurations.overrides["tml_1"] = {
        "id": "tmc_1",
        "offline": {"enabled": True},
    }
    agent.configurations.state = Freshness(NOON, 12, problem=None)

    answer = await agent.client.get("/agent/readers/tmr_1/configuration")

    assert answer.json() == {
        "reader": "tmr_1",
        "location": "tml_1",
        "location_configuration": "tmc_1",
        "account_default": "tmc_0",
        "settings": {
            "offline": {"value": {"enabled": True}, "source": "location"},
            "reboot_window": {"value": None, "source": "built_in"},
            "tipping": {
                "value": {"usd": {"percentages": [15, 20, 25]}},
                "source": "account_default",
            },
        },
        "fetched_at": "2026-11-02T12:00:00.123456Z",
        "age_s": 12,
        "problem": None,
    }


async def test_what_was_never_fetched_says_why(agent: Agent) -> None:
    unreachable = StripeUnreachable("No network.")
    agent.configurations.state = Freshness(None, None, problem=unreachable)

    answer = await agent.client.get("/agent/readers/tmr_1/configuration")

    shown = answer.json()
    assert (shown["fetched_at"], shown["age_s"]) == (None, None)
    assert shown["problem"] == "stripe_unreachable"


async def test_a_reader_that_is_not_there_has_none(agent: Agent) -> None:
    answer = await agent.client.get("/agent/readers/tmr_9/configuration")

    assert answer.status == 404


async def test_a_smart_readers_settings_are_those_of_its_location(
    agent: Agent,
) -> None:
    agent.smart.heard({"id": "tmr_smart", "location": "tml_9"})
    agent.configurations.overrides["tml_9"] = {"offline": {"enabled": True}}

    answer = await agent.client.get("/agent/readers/tmr_smart/configuration")

    assert answer.json()["location"] == "tml_9"
    assert answer.json()["settings"]["offline"]["source"] == "location"


async def test_a_key_that_may_not_read_settings_only_degrades(agent: Agent) -> None:
    refused = StripeRefused(
        StripeError(
            status=403,
            type="invalid_request_error",
            code=None,
            decline_code=None,
            message="This key may not do that.",
            param=None,
            charge=None,
            body=b"{}",
        )
    )
    agent.configurations.state = Freshness(None, None, problem=refused)

    answer = await agent.client.get("/agent/health/ready")

    (cause,) = answer.json()["causes"]
    assert (answer.status, cause["code"]) == (200, "configuration_unreadable")


async def test_no_network_is_no_fault_of_the_settings(agent: Agent) -> None:
    agent.configurations.state = Freshness(
        NOON, 12, problem=StripeUnreachable("No network.")
    )

    answer = await agent.client.get("/agent/health/ready")

    codes = [cause["code"] for cause in answer.json()["causes"]]
    assert codes == ["stripe_unreachable"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/terminal/configurations",
        "/v1/terminal/configurations/tmc_1",
        "/v1/terminal/locations/tml_1",
    ],
)
async def test_changes_through_the_agent_make_what_it_knows_outdated(
    agent: Agent, path: str
) -> None:
    changed = await agent.client.post(path, {"name": "Shop"})

    assert changed.status == 200
    assert agent.configurations.times_outdated == 1


async def test_a_change_whose_answer_was_lost_counts_as_one(agent: Agent) -> None:
    agent.stripe.refusal = StripeUnreachable("No answer.")

    await agent.client.post("/v1/terminal/configurations/tmc_1", {"name": "Shop"})

    assert agent.configurations.times_outdated == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/terminal/configurations"), ("POST", "/v1/payment_intents")],
)
async def test_other_requests_leave_it_alone(
    agent: Agent, method: str, path: str
) -> None:
    await agent.client.request(method, path)

    assert agent.configurations.times_outdated == 0


async def test_configurations_are_changed_with_the_scope_manage_only(
    agent: Agent,
) -> None:
    cashier = await agent.client_with(KeyScope.PAYMENTS)

    seen = await cashier.get("/v1/terminal/configurations/tmc_1")
    changed = await cashier.post("/v1/terminal/configurations/tmc_1", {"name": "x"})

    assert seen.status == 200
    assert (changed.status, changed.error["code"]) == (403, "local_key_scope")
