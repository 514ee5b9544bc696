"""The real agent at a real Mosquitto: seen, heard and told what to do."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.fleet.keys import key_line
from agent.fleet.orders import Command, Order, sign
from examples.broker import PROGRAM, USERS, Mosquitto, mosquitto
from examples.launch import (
    BIN,
    AgentFolder,
    Simulator,
    agent,
    agent_folder,
    call,
    expect,
    simulator,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="needs mosquitto"),
]

PATIENCE_S = 60.0
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
STATE, EVENTS = "cardlane/till/state", "cardlane/till/events"
ANSWERS = "office/answers"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as running:
        yield running


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def home(world: Simulator, broker: Mosquitto, tmp_path: Path) -> AgentFolder:
    keys = tmp_path / "order_keys"
    keys.write_text(f"# whose orders count\n{key_line('office', KEY)}\n")
    settings = f"""
[fleet]
broker = "{broker.url}"
machine = "till"
username = "till"
password_file = "{broker.password_file("till")}"
ca_file = "{broker.ca_file}"
order_keys_file = "{keys}"
metrics_interval_s = 1
"""
    return agent_folder(tmp_path, stripe_url=world.url, settings=settings)


@dataclass
class Office:
    """Who looks after the fleet."""

    client: aiomqtt.Client
    heard: list[aiomqtt.Message]

    async def hear(self, topic: str, **wanted: object) -> Any:
        """The next message there that says all of this."""
        async for message in self.client.messages:
            self.heard.append(message)
            if str(message.topic) == topic and message.payload:
                content = json.loads(message.payload)
                if all(content.get(name) == value for name, value in wanted.items()):
                    return content
        raise AssertionError("the broker is gone")

    async def order(self, payload: bytes) -> Any:
        """Give an order; the machine's answer to it."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = ANSWERS
        properties.CorrelationData = b"42"
        await self.client.publish(
            "cardlane/till/orders", payload, qos=1, properties=properties
        )
        answer = await self.hear(ANSWERS)
        assert getattr(self.heard[-1].properties, "CorrelationData") == b"42"  # noqa: B009
        return answer


@asynccontextmanager
async def office(broker: Mosquitto) -> AsyncIterator[Office]:
    """A client that hears all of the fleet, with patience for a while."""
    async with (
        asyncio.timeout(PATIENCE_S),
        aiomqtt.Client(
            "localhost",
            broker.port,
            username="office",
            password=USERS["office"],
            protocol=aiomqtt.ProtocolVersion.V5,
            tls_context=ssl.create_default_context(cafile=broker.ca_file),
        ) as client,
    ):
        await client.subscribe("cardlane/#", qos=1)
        await client.subscribe("office/#", qos=1)
        yield Office(client, [])


def order(command: Command = Command.COLLECT_DIAGNOSTICS, **fields: Any) -> Order:
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the agent's is real
    made = Order("order_1", "till", command, now, now + timedelta(minutes=5))
    return replace(made, **fields)


def register(world: Simulator, home: AgentFolder) -> tuple[str, str]:
    """The reader's id, and a local key."""
    key = home.key()
    form = {"registration_code": world.registration_code}
    reader = expect(call(f"{home.url}/v1/terminal/readers", form, key=key))
    return str(reader["id"]), key


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


async def test_a_signed_order_is_carried_out_once(
    world: Simulator, home: AgentFolder, broker: Mosquitto
) -> None:
    async with office(broker) as heard:
        with agent(home):
            await heard.hear(STATE, state="online")
            reader, _ = await asyncio.to_thread(register, world, home)
            await heard.hear(f"cardlane/till/readers/{reader}", status="online")
            wanted = sign(
                order(Command.IDENTIFY, reader=reader), KEY, key_name="office"
            )

            done = await heard.order(wanted)
            again = await heard.order(wanted)

    assert (done["id"], done["status"]) == ("order_1", "done")
    assert done["result"]["signs"]
    assert (again["status"], again["code"]) == ("refused", "order_replayed")


async def test_an_order_without_a_reader_is_for_all_of_them(
    world: Simulator, home: AgentFolder, broker: Mosquitto
) -> None:
    async with office(broker) as heard:
        with agent(home):
            await heard.hear(STATE, state="online")
            reader, _ = await asyncio.to_thread(register, world, home)
            await heard.hear(f"cardlane/till/readers/{reader}", status="online")
            wanted = order(Command.IDENTIFY, machine="all", percent=100, seed="1.2.3")

            answer = await heard.order(sign(wanted, KEY, key_name="office"))

    assert answer["status"] == "done"
    assert list(answer["result"]["readers"]) == [reader]
    assert answer["result"]["readers"][reader]["signs"]


async def test_a_reader_that_is_deleted_while_the_broker_is_away_is_not_retained(
    world: Simulator, home: AgentFolder, broker: Mosquitto
) -> None:
    with agent(home):
        async with office(broker) as before:
            await before.hear(STATE, state="online")
            reader, key = await asyncio.to_thread(register, world, home)
            topic = f"cardlane/till/readers/{reader}"
            await before.hear(topic, status="online")
        await asyncio.to_thread(broker.stop)
        path = f"{home.url}/v1/terminal/readers/{reader}"
        deleted = await asyncio.to_thread(call, path, key=key, method="DELETE")
        await asyncio.to_thread(broker.start)
        async with office(broker) as after:
            async for message in after.client.messages:
                if str(message.topic) == topic and not message.payload:
                    break

    assert deleted[0] == 200


async def test_whatever_is_sent_to_a_machine_it_goes_on(
    home: AgentFolder, broker: Mosquitto
) -> None:
    async with office(broker) as heard:
        with agent(home):
            await heard.hear(STATE, state="online")

            nested = await heard.order(b"[" * 16_000)
            diagnosed = await heard.order(sign(order(), KEY, key_name="office"))

    assert (nested["status"], nested["code"]) == ("refused", "order_unreadable")
    assert diagnosed["status"] == "done"


async def test_other_orders_are_refused(home: AgentFolder, broker: Mosquitto) -> None:
    expired = order(
        order_id="order_2", expires_at=order().issued_at - timedelta(minutes=1)
    )
    async with office(broker) as heard:
        with agent(home):
            await heard.hear(STATE, state="online")

            codes = [
                (await heard.order(payload))["code"]
                for payload in (
                    b"reboot, please",
                    sign(order(), STRANGER, key_name="office"),
                    sign(order(machine="other"), KEY, key_name="office"),
                    sign(expired, KEY, key_name="office"),
                    sign(order(Command.REBOOT), KEY, key_name="office"),
                    sign(order(percent=0), KEY, key_name="office"),
                )
            ]
            diagnosed = await heard.order(sign(order(), KEY, key_name="office"))

    assert codes == [
        "order_unreadable",
        "order_not_signed",
        "order_not_for_this_machine",
        "order_expired",
        "order_not_allowed",
        "not_selected",
    ]
    assert diagnosed["status"] == "done"
    assert diagnosed["result"]["version"]


async def test_an_order_waits_for_a_machine_that_is_away(
    home: AgentFolder, broker: Mosquitto
) -> None:
    async with office(broker) as heard:
        with agent(home) as process:
            await heard.hear(STATE, state="online")
            await asyncio.to_thread(process.stop)
            await heard.hear(STATE, state="offline")
        ordering = asyncio.create_task(
            heard.order(sign(order(), KEY, key_name="office"))
        )
        with agent(home):
            answer = await ordering

    assert answer["status"] == "done"


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
