"""The real agent at a real Mosquitto: seen and heard, and looked after."""

from __future__ import annotations

import asyncio
import json
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from fleet_office import (
    AT_A_BROKER,
    EVENTS,
    PATIENCE_S,
    STATE,
    office,
    register,
)

from examples.broker import Mosquitto
from examples.launch import (
    BIN,
    AgentFolder,
    Simulator,
    agent,
    call,
    expect,
)

pytest_plugins = ("fleet_fixtures",)
pytestmark = AT_A_BROKER


def pay(world: Simulator, home: AgentFolder, reader: str, key: str) -> None:
    """One payment, from its intent to its end."""
    body = {
        "amount": 1200,
        "currency": "usd",
        "allowed_payment_method_types": ["card_present"],
    }
    intent = expect(call(f"{home.url}/v1/payment_intents", body, key=key))["id"]
    shown = expect(
        call(
            f"{home.url}/v1/terminal/readers/{reader}/process_payment_intent",
            {"payment_intent": intent},
            key=key,
            headers={"Prefer": "wait=30"},
        )
    )
    assert shown["action"]["status"] == "succeeded"


async def test_a_machine_is_seen_from_its_birth_to_its_sudden_end(
    world: Simulator, home: AgentFolder, broker: Mosquitto
) -> None:
    async with office(broker) as heard:
        with agent(home) as process:
            birth = await heard.hear(STATE, state="online")
            reader, _ = await asyncio.to_thread(register, world, home)
            shown = await heard.hear(f"cardlane/till/readers/{reader}", status="online")
            counted = await heard.hear("cardlane/till/metrics", readers=1)
            process.popen.kill()
            process.popen.wait()

            lost = await heard.hear(STATE, state="offline")

    assert (birth["machine"], birth["livemode"]) == ("till", False)
    assert shown["object"] == "terminal.reader"
    assert counted["payments_ended"] == {}
    assert lost["reason"] == "lost"


async def test_a_machine_that_is_stopped_says_so(
    home: AgentFolder, broker: Mosquitto
) -> None:
    async with office(broker) as heard:
        with agent(home) as process:
            await heard.hear(STATE, state="online")
            assert await asyncio.to_thread(process.stop) == 0

            stopped = await heard.hear(STATE, state="offline")

    assert stopped["reason"] == "stopped"


async def test_no_event_is_missed_while_the_broker_is_away(
    world: Simulator, home: AgentFolder, broker: Mosquitto
) -> None:
    world.when_asked_present("visa_approved")
    with agent(home):
        async with office(broker) as before:
            await before.hear(STATE, state="online")
            reader, key = await asyncio.to_thread(register, world, home)
            await asyncio.to_thread(pay, world, home, reader, key)
            await before.hear(EVENTS, type="terminal.reader.action_succeeded")
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(pay, world, home, reader, key)
        await asyncio.to_thread(broker.start)
        async with office(broker) as after:
            await after.hear(EVENTS, type="terminal.reader.action_succeeded")

    told = [
        json.loads(message.payload)
        for message in (*before.heard, *after.heard)
        if str(message.topic) == EVENTS
    ]
    by_id = {event["id"]: event["seq"] for event in told}
    ended = {event["id"] for event in told if event["type"].startswith("terminal.")}
    assert len(ended) == 2
    assert len(set(by_id.values())) == len(by_id)
    assert sorted(by_id.values()) == list(
        range(min(by_id.values()), max(by_id.values()) + 1)
    )


async def test_a_reader_is_told_again_only_when_it_has_changed(
    world: Simulator, home: AgentFolder, broker: Mosquitto
) -> None:
    world.when_asked_present("visa_approved")
    with agent(home):
        async with office(broker) as heard:
            reader, key = await asyncio.to_thread(register, world, home)
            topic = f"cardlane/till/readers/{reader}"
            await heard.hear(topic, status="online")
            before = len(heard.heard)
            await asyncio.to_thread(pay, world, home, reader, key)
            await heard.hear(EVENTS, type="terminal.reader.action_succeeded")
            path = f"{home.url}/agent/readers/{reader}/disconnect"
            await asyncio.to_thread(call, path, {}, key=key)
            await heard.hear(topic, status="offline")

    told = [str(message.topic) for message in heard.heard[before:]]
    assert told.count(topic) == 1


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_reader_that_is_deleted_while_the_broker_is_away_is_not_retained(
    world: Simulator, home: AgentFolder, broker: Mosquitto, is_restarted: bool
) -> None:
    with agent(home) as process:
        async with office(broker) as before:
            await before.hear(STATE, state="online")
            reader, key = await asyncio.to_thread(register, world, home)
            topic = f"cardlane/till/readers/{reader}"
            await before.hear(topic, status="online")
        await asyncio.to_thread(broker.stop)
        path = f"{home.url}/v1/terminal/readers/{reader}"
        deleted = await asyncio.to_thread(call, path, key=key, method="DELETE")
        if is_restarted:
            await asyncio.to_thread(process.stop)
        await asyncio.to_thread(broker.start)
        async with AsyncExitStack() as stack:
            after = await stack.enter_async_context(office(broker))
            if is_restarted:
                stack.enter_context(agent(home))
            async for message in after.client.messages:
                if str(message.topic) == topic and not message.payload:
                    break

    assert deleted[0] == 200


def office_config(broker: Mosquitto, folder: Path) -> Path:
    """Settings of whoever looks after the fleet."""
    file = folder / "office.toml"
    file.write_text(
        f"""
[fleet]
broker = "{broker.url}"
username = "office"
password_file = "{broker.password_file("office")}"
ca_file = "{broker.ca_file}"
"""
    )
    return file


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`cardlane fleet …`, to its end."""
    return subprocess.run(
        [BIN / "cardlane", "fleet", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


async def test_the_office_sees_and_orders_from_the_command_line(
    world: Simulator, home: AgentFolder, broker: Mosquitto, tmp_path: Path
) -> None:
    config = office_config(broker, tmp_path)
    made = await asyncio.to_thread(run, "create-key", "office", tmp_path / "office.pem")
    (tmp_path / "order_keys").write_text(made.stdout)
    told = (
        "--key",
        tmp_path / "office.pem",
        "--key-name",
        "office",
        "--config",
        config,
    )
    async with office(broker) as heard:
        with agent(home):
            await heard.hear(STATE, state="online")
            reader, _ = await asyncio.to_thread(register, world, home)
            await heard.hear(f"cardlane/till/readers/{reader}", status="online")

            shown = await asyncio.to_thread(run, "watch", "--once", "--config", config)
            done = await asyncio.to_thread(
                run, "order", "identify", "--machine", "till", "--reader", reader, *told
            )
            refused = await asyncio.to_thread(
                run, "order", "reboot", "--machine", "till", "--reader", reader, *told
            )
            unheard = await asyncio.to_thread(
                run, "order", "identify", "--machine", "gone", "--wait-s", "0.1", *told
            )

    assert (tmp_path / "office.pem").stat().st_mode & 0o777 == 0o600
    assert shown.stdout.splitlines()[1].split()[:2] == ["till", "online"]
    assert "1/1" in shown.stdout
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "done")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["code"] == "order_not_allowed"
    assert (unheard.returncode, unheard.stdout) == (5, "")


def test_the_office_is_told_what_is_wrong(broker: Mosquitto, tmp_path: Path) -> None:
    config = office_config(broker, tmp_path)
    (tmp_path / "none.toml").write_text("")
    existing = run("create-key", "office", config)
    nowhere = run("watch", "--config", tmp_path / "none.toml")
    broker.stop()
    away = run("watch", "--once", "--config", config)

    assert (existing.returncode, nowhere.returncode, away.returncode) == (2, 2, 7)
    assert "(broker_unreachable)" in away.stderr
