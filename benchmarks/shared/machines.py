"""Simulated machines at a broker: one MQTT 5 session each, as agent/fleet/link.py has it."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import aiomqtt
from paho.mqtt.packettypes import PacketTypes

from agent.fleet import documents
from agent.fleet.link import KEEPALIVE_S, SESSION_S, TIMEOUT_S, properties_of
from agent.fleet.topics import Topics
from examples.broker import USERS, Mosquitto

EVENT = json.dumps(
    {
        "id": "evt_0000000000000000",
        "seq": 1,
        "type": "phase_changed",
        "created": 1_793_620_800,
        "reader": "tmr_3F9kQ2hX7mB1vN8cR5tY4wZ6",
        "data": {"payment_id": "pay_3F9kQ2hX7mB1vN8cR5tY4wZ6", "phase": "confirmed"},
    }
).encode()


def session(broker: Mosquitto, tls: ssl.SSLContext, topics: Topics) -> aiomqtt.Client:
    """One machine's session."""
    lost = documents.offline(machine=topics.machine, reason="lost")
    properties = properties_of(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = SESSION_S
    return aiomqtt.Client(
        "localhost",
        broker.port,
        username="office",
        password=USERS["office"],
        identifier=f"cardlane-{topics.machine}",
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=False,
        properties=properties,
        keepalive=KEEPALIVE_S,
        will=aiomqtt.Will(topics.state, lost, qos=1, retain=True),
        tls_context=tls,
        timeout=TIMEOUT_S,
    )


def topics_of(number: int) -> Topics:
    """Where that machine is heard of."""
    return Topics("cardlane", f"m_{number:04}")


def pss_kib(broker: Mosquitto) -> int:
    """Proportional set size of the broker."""
    if broker.popen is None:
        raise RuntimeError("the broker is gone")
    rollup = Path(f"/proc/{broker.popen.pid}/smaps_rollup").read_text()
    return int(rollup.split("Pss:")[1].split()[0])


def wire_bytes(broker: Mosquitto) -> int:
    """What the broker has read and written so far: TLS records, without TCP's own."""
    if broker.popen is None:
        raise RuntimeError("the broker is gone")
    lines = Path(f"/proc/{broker.popen.pid}/io").read_text().splitlines()
    counted = dict(line.split(": ") for line in lines)
    return int(counted["rchar"]) + int(counted["wchar"])


async def announce(client: aiomqtt.Client, topics: Topics) -> None:
    """What a machine does first: listen for orders, and be born."""
    for topic in topics.orders:
        await client.subscribe(topic, qos=1)
    birth = documents.offline(machine=topics.machine, reason="born")
    await client.publish(topics.state, birth, qos=1, retain=True)
