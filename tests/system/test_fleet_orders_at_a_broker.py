"""Orders to the real agent at a real Mosquitto: whose are carried out, and where."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from fleet_office import (
    AT_A_BROKER,
    KEY,
    STATE,
    STRANGER,
    office,
    order,
    register,
)

from agent.fleet.orders import Command, sign
from examples.broker import Mosquitto
from examples.launch import (
    AgentFolder,
    Simulator,
    agent,
)

pytest_plugins = ("fleet_fixtures",)
pytestmark = AT_A_BROKER


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
