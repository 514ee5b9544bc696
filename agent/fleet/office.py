"""Who looks after a fleet, at its broker: listening, and giving orders."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes

from agent.fleet.link import Broker, properties_of

TIMEOUT_S = 10.0


def _answers(payload: bytes) -> list[dict[str, Any]]:
    """The answer in a message; none where it is anything else."""
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return []
    return [content] if isinstance(content, dict) else []


@asynccontextmanager
async def office(broker: Broker) -> AsyncIterator[aiomqtt.Client]:
    """A connection; raises aiomqtt.MqttError where there is none, or no longer one."""
    async with aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=f"cardlane-office-{secrets.token_hex(6)}",
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=TIMEOUT_S,
        tls_context=broker.context(),
    ) as client:
        yield client


async def heard(
    client: aiomqtt.Client, prefix: str
) -> AsyncIterator[tuple[str, bytes]]:
    """Every message of the fleet, with its topic; what is retained first."""
    await client.subscribe(f"{prefix}/+/#", qos=0)
    async for message in client.messages:
        yield str(message.topic), message.payload


async def order(
    client: aiomqtt.Client,
    payload: bytes,
    *,
    topic: str,
    answers: str,
    timeout_s: float,
    most: int | None,
) -> list[dict[str, Any]]:
    """Give an order; the answers that come within `timeout_s`, `most` of them at most.

    `answers` is the topic on which they are expected.
    """
    correlation = secrets.token_bytes(16)
    await client.subscribe(answers, qos=1)
    asked = properties_of(PacketTypes.PUBLISH)
    asked.ResponseTopic = answers
    asked.CorrelationData = correlation
    await client.publish(topic, payload, qos=1, properties=asked)
    received: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(timeout_s):
            async for message in client.messages:
                if getattr(message.properties, "CorrelationData", None) == correlation:
                    received += _answers(message.payload)
                if len(received) == most:
                    break
    except TimeoutError:
        pass
    return received
