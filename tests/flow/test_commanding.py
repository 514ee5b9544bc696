"""A reader connected, disconnected, restarted and told to show itself, over the API."""

from __future__ import annotations

import asyncio

import pytest
from asgi_client import Answer
from flow_agent import Stack, good
from flow_cables import Hardware

from agent.events import (
    ReaderDisconnected,
    ReaderReconnectStarted,
    ReaderReconnectSucceeded,
    ReaderStatusChanged,
)
from agent.ids import ReaderId
from drivers.wires import WireKind
from simulator.reader.screen import ReaderState


async def commanded(stack: Stack, command: str) -> Answer:
    return await stack.agent.rest.post(f"/agent/readers/{stack.reader}/{command}")


async def test_a_disconnected_reader_takes_no_payment_until_it_is_connected(
    stack: Stack,
) -> None:
    stack.world.customer("visa_approved")
    with stack.agent.events.listen() as events:
        disconnected = good(await commanded(stack, "disconnect"))
        told = [events.get_nowait() for _ in range(events.qsize())]
    await asyncio.sleep(600)
    refused = await stack.agent.process(stack.reader, await stack.agent.intent())
    connected = good(await commanded(stack, "connect"))
    action = await stack.agent.pay(stack.reader, await stack.agent.intent())

    reader_id = ReaderId(stack.reader)
    assert told == [
        ReaderStatusChanged(reader_id, "offline", "reader_disconnect_requested"),
        ReaderDisconnected(reader_id, "disconnect_requested"),
    ]
    assert (disconnected["status"], connected["status"]) == ("offline", "online")
    assert refused.error["code"] == "terminal_reader_offline"
    assert action["status"] == "succeeded"


async def test_connecting_a_reader_that_is_not_there_says_so(stack: Stack) -> None:
    stack.world.reader().unplug()
    await stack.agent.until_offline(stack.reader)

    answer = await commanded(stack, "connect")

    assert answer.json()["code"] == "terminal_reader_offline"
    assert "reader_unavailable" in answer.json()["detail"]


async def test_a_restarted_reader_takes_payments_again(stack: Stack) -> None:
    with stack.agent.events.listen() as events:
        restarting = good(await commanded(stack, "reboot"))
        await stack.agent.until_online(stack.reader)
        told = [events.get_nowait() for _ in range(events.qsize())]
    stack.world.customer("visa_approved")
    action = await stack.agent.pay(stack.reader, await stack.agent.intent())

    reader_id = ReaderId(stack.reader)
    assert restarting["status"] == "offline"
    assert told == [
        ReaderStatusChanged(reader_id, "offline", "reader_disconnected"),
        ReaderReconnectStarted(reader_id, "reboot_requested"),
        ReaderReconnectSucceeded(reader_id),
        ReaderStatusChanged(reader_id, "online", None),
    ]
    assert action["status"] == "succeeded"


@pytest.mark.parametrize("command", ["disconnect", "reboot", "identify"])
async def test_a_reader_that_waits_for_a_card_is_left_alone(
    command: str, stack: Stack
) -> None:
    stack.world.nobody()
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.world.is_in(ReaderState.WAITING_FOR_CARD)

    answer = await commanded(stack, command)

    assert answer.json()["code"] == "terminal_reader_busy"
    assert (await stack.agent.action(stack.reader))["status"] == "in_progress"


@pytest.mark.parametrize(
    ("hardware", "signs"),
    [
        (Hardware("magtek_dynaprox"), ["buzzer", "display"]),
        (Hardware("magtek_dynaflex_ii_go", WireKind.BLE), ["buzzer"]),
        (Hardware("idtech_vp3300", WireKind.HID), ["buzzer", "lights"]),
        (Hardware("idtech_vp6800"), ["buzzer", "display", "lights"]),
    ],
    ids=str,
)
async def test_a_reader_shows_itself(signs: list[str], stack: Stack) -> None:
    answer = good(await commanded(stack, "identify"))

    assert answer["signs"] == signs
