"""The reader a command means where nobody names one, and the agent it talks to."""

from __future__ import annotations

import pytest
from served_agent import ServedAgent

from agent.cli.failures import CommandFailed, ExitCode
from agent.cli.local_api import LocalApi
from agent.cli.till import choose_reader
from agent.ids import ReaderId

pytest_plugins = ("cli_fixtures",)


@pytest.fixture
def shop(served: ServedAgent) -> ServedAgent:
    """An agent with one reader."""
    served.do(lambda agent: agent.fleet.add("tmr_1"))
    return served


def test_without_an_agent_the_command_says_so() -> None:
    api = LocalApi("http://127.0.0.1:1", key="rk_test_x")

    with pytest.raises(CommandFailed) as refused:
        choose_reader(api)

    assert refused.value.exit_code is ExitCode.UNREACHABLE


def test_the_only_reader_online_is_chosen(shop: ServedAgent) -> None:
    api = LocalApi(shop.url, key=shop.key)

    assert choose_reader(api) == "tmr_1"


def test_several_readers_need_to_be_told_apart(shop: ServedAgent) -> None:
    shop.do(lambda agent: agent.fleet.add("tmr_2"))

    with pytest.raises(CommandFailed, match="tmr_2, tmr_1") as refused:
        choose_reader(
            LocalApi(shop.url, key=shop.key), remedy="Name one with --reader."
        )

    assert refused.value.exit_code is ExitCode.USAGE
    assert refused.value.remedy == "Name one with --reader."


def test_without_a_reader_online_there_is_nothing_to_choose(
    shop: ServedAgent,
) -> None:
    shop.do(lambda agent: agent.fleet.session(ReaderId("tmr_1"))).status = "offline"

    with pytest.raises(CommandFailed, match="no reader is online"):
        choose_reader(LocalApi(shop.url, key=shop.key))


@pytest.mark.parametrize("url", ["tcp://127.0.0.1", "127.0.0.1:7345"])
def test_an_address_that_is_no_url_is_a_usage_error(url: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        LocalApi(url, key="rk_test_x")

    assert refused.value.exit_code is ExitCode.USAGE
