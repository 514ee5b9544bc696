"""Who looks after a fleet in tests, at a real Mosquitto."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiomqtt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.fleet.orders import Command, Order
from examples.broker import PROGRAM, USERS, Mosquitto
from examples.launch import (
    AgentFolder,
    Simulator,
    call,
    expect,
)

AT_A_BROKER = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="needs mosquitto"),
]
PATIENCE_S = 60.0
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
STATE, EVENTS = "cardlane/till/state", "cardlane/till/events"
ANSWERS = "office/answers"


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
