"""Each account of a machine is a machine of its own at a real Mosquitto."""

from __future__ import annotations

from fleet_office import AT_A_BROKER, STATE, office

from examples.broker import Mosquitto
from examples.launch import AgentFolder, agent

pytest_plugins = ("fleet_fixtures",)
pytestmark = AT_A_BROKER


def lay_down(home: AgentFolder, broker: Mosquitto) -> None:
    """An account `stall-2`, whose broker is the machine's too."""
    state = home.folder / "state" / "accounts" / "stall-2"
    state.mkdir(mode=0o700, parents=True)
    (state / "stripe_api_key").touch(mode=0o600)
    (state / "stripe_api_key").write_text("rk_test_" + "elsewhere" * 4)
    files = home.folder / "accounts.d"
    files.mkdir()
    (files / "stall-2.toml").write_text(
        f"""
mode = "test"
[fleet]
broker = "{broker.url}"
machine = "stall"
username = "office"
password_file = "{broker.password_file("office")}"
ca_file = "{broker.ca_file}"
metrics_interval_s = 1
"""
    )


async def test_accounts_are_seen_apart(home: AgentFolder, broker: Mosquitto) -> None:
    lay_down(home, broker)

    async with office(broker) as heard:
        with agent(home) as process:
            own = await heard.hear(STATE, state="online")
            stall = await heard.hear("cardlane/stall/metrics", readers=0)
            process.stop()
            stopped = await heard.hear("cardlane/stall/state", state="offline")

    assert own["machine"] == "till"
    assert stall["payments_ended"] == {}
    assert stopped["reason"] == "stopped"
