"""Updates of simulated readers by the whole agent, on every kind of wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from firmware_counter import (
    CODE,
    CuttableHardware,
    FirmwareCounter,
    firmware_counter,
)
from flow_agent import good
from flow_cables import Hardware

from drivers.wires import WireKind
from simulator.reader.firmware_image import FirmwareImage, sign
from simulator.reader.model import UpdateEnd, UpdatePlan

ON_USB = CuttableHardware("magtek_dynaflex_ii_ped", WireKind.HID)
ON_THE_AIR = Hardware("magtek_dynaflex_ii_go", WireKind.BLE)
ON_A_LINE = Hardware("magtek_dynaflex", WireKind.STREAM)
EVERYWHERE = [ON_USB, ON_THE_AIR, ON_A_LINE]
PACKETS = {WireKind.HID: 36, WireKind.BLE: 10}
"""How many it takes for the image, about."""


@pytest_asyncio.fixture
async def counter(hardware: Hardware, tmp_path: Path) -> AsyncIterator[FirmwareCounter]:
    async with firmware_counter(tmp_path, hardware) as counter:
        yield counter


@pytest.fixture
def hardware() -> Hardware:
    return ON_USB


async def updated(counter: FirmwareCounter) -> Any:
    """Register the reader and install what is published; the update at its end."""
    async with counter.agent() as agent:
        return await agent.install(await agent.register())


@pytest.mark.parametrize("hardware", EVERYWHERE, ids=lambda each: each.kind)
async def test_a_simulated_reader_is_updated_and_takes_a_payment(
    counter: FirmwareCounter,
) -> None:
    counter.publish()
    async with counter.agent() as agent:
        reader = await agent.register()
        update = await agent.install(reader)
        counter.world.customer("visa_approved")
        action = await agent.agent.pay(reader, await agent.agent.intent())
        shown = good(await agent.agent.rest.get(f"/v1/terminal/readers/{reader}"))

    assert update["state"] == "done", update
    assert update["from_version"] == counter.runs
    assert shown["device_sw_version"] == counter.next_version
    assert action["status"] == "succeeded"


@pytest.mark.parametrize("hardware", EVERYWHERE, ids=lambda each: each.kind)
@pytest.mark.parametrize(
    ("end", "state", "code"),
    [
        (UpdateEnd.OLD_VERSION, "rolled_back", "firmware_version_unchanged"),
        (UpdateEnd.KEYS_ERASED, "failed", "firmware_keys_changed"),
        (UpdateEnd.NEVER_RETURNS, "failed", "firmware_reader_absent"),
    ],
)
async def test_a_reader_that_does_not_come_back_as_it_should_is_told(
    end: UpdateEnd, state: str, code: str, counter: FirmwareCounter
) -> None:
    counter.publish()
    counter.world.reader().plan_update(UpdatePlan(end))

    update = await updated(counter)

    assert (update["state"], update["failure_code"]) == (state, code)
    assert update["remedy"]


async def test_a_reader_stuck_in_its_boot_loader_is_absent(
    counter: FirmwareCounter,
) -> None:
    counter.publish()
    counter.world.reader().plan_update(UpdatePlan(UpdateEnd.BOOT_LOADER))

    update = await updated(counter)

    assert update["failure_code"] == "firmware_reader_absent"
    assert update["state"] == "failed"


async def test_health_tells_of_a_reader_that_needs_somebody(
    counter: FirmwareCounter,
) -> None:
    counter.publish()
    counter.world.reader().plan_update(UpdatePlan(UpdateEnd.KEYS_ERASED))
    async with counter.agent() as agent:
        await agent.install(await agent.register())
        ready = good(await agent.agent.rest.get("/agent/health/ready"))

    assert ready["status"] == "degraded"
    assert [cause["code"] for cause in ready["causes"]] == ["firmware_keys_changed"]
    assert "Take no payments" in ready["causes"][0]["remedy"]


FORGED = sign(FirmwareImage(ON_USB.model, "1000007411-B1-SIMULATED", code=CODE))
OF_ANOTHER_MODEL = FirmwareImage("magtek_dynaflex", "1000007411-B1-SIMULATED")


@pytest.mark.parametrize(
    "image",
    [FORGED[:-1] + bytes([FORGED[-1] ^ 1]), sign(OF_ANOTHER_MODEL), CODE],
    ids=["bad signature", "another model's", "no image"],
)
async def test_what_the_vendor_has_not_signed_for_it_the_reader_refuses(
    image: bytes, counter: FirmwareCounter
) -> None:
    counter.publish(image)

    update = await updated(counter)

    assert update["failure_code"] == "firmware_image_refused"
    assert update["state"] == "failed"


async def test_a_payment_asked_for_during_an_update_is_refused(
    counter: FirmwareCounter,
) -> None:
    counter.publish()
    async with counter.agent() as agent:
        reader = await agent.register()
        intent = await agent.agent.intent()
        await agent.ask(reader, action="install", start="now")
        await agent.reaches("loading")
        answer = await agent.agent.process(reader, intent)
        update = await agent.ended(reader)
        counter.world.customer("visa_approved")
        action = await agent.agent.pay(reader, intent)

    error = answer.json()["error"]
    assert error["code"] == "terminal_reader_busy"
    assert "a firmware update" in error["message"]
    assert update["state"] == "done"
    assert action["status"] == "succeeded"


async def test_an_update_asked_for_during_a_payment_waits_for_its_end(
    counter: FirmwareCounter,
) -> None:
    counter.publish()
    async with counter.agent() as agent:
        reader = await agent.register()
        intent = await agent.agent.intent()
        await agent.agent.begin(reader, intent)
        await agent.ask(reader, action="install", start="now")
        await agent.reaches("waiting_window")
        counter.world.present("visa_approved")
        action = await agent.agent.ended(reader)
        update = await agent.ended(reader)

    assert action["status"] == "succeeded"
    assert update["state"] == "done"


async def reader_loses_power(after_packets: int, counter: FirmwareCounter) -> None:
    counter.publish()
    plan = UpdatePlan(UpdateEnd.POWER_LOST, after_packets)
    counter.world.reader().plan_update(plan)

    update = await updated(counter)

    assert update["state"] == "done", update


async def agent_loses_power(
    after_packets: int, hardware: Hardware, folder: Path
) -> None:
    cuttable = CuttableHardware(hardware.model, hardware.kind)
    async with firmware_counter(folder, cuttable) as counter:
        counter.publish()
        async with counter.agent() as agent:
            reader = await agent.register()
            cuttable.cut.packets = after_packets
            await agent.ask(reader, action="install", start="now")
            await cuttable.cut.happened.wait()
        cuttable.cut.packets = None
        async with counter.agent() as agent:
            update = await agent.ended(reader)

    assert update["state"] == "done", update


ALL_CUTS = [
    (hardware, packet)
    for hardware in (ON_USB, ON_THE_AIR)
    for packet in range(1, PACKETS[hardware.kind] + 1)
]
SAMPLE = [
    (hardware, packet)
    for hardware in (ON_USB, ON_THE_AIR)
    for packet in (1, 2, PACKETS[hardware.kind] // 2, PACKETS[hardware.kind])
]
OTHERS = [cut for cut in ALL_CUTS if cut not in SAMPLE]


def named(each: object) -> str:
    return each.kind if isinstance(each, Hardware) else str(each)


@pytest.mark.parametrize(("hardware", "packet"), SAMPLE, ids=named)
async def test_a_reader_that_loses_power_at_a_packet_is_updated_all_the_same(
    hardware: Hardware, packet: int, counter: FirmwareCounter
) -> None:
    await reader_loses_power(packet, counter)


@pytest.mark.full
@pytest.mark.parametrize(("hardware", "packet"), OTHERS, ids=named)
async def test_a_reader_that_loses_power_at_any_packet_is_updated_all_the_same(
    hardware: Hardware, packet: int, counter: FirmwareCounter
) -> None:
    await reader_loses_power(packet, counter)


@pytest.mark.parametrize(("hardware", "packet"), SAMPLE, ids=named)
async def test_an_agent_killed_at_a_packet_goes_on_when_it_is_back(
    hardware: Hardware, packet: int, tmp_path: Path
) -> None:
    await agent_loses_power(packet, hardware, tmp_path)


@pytest.mark.full
@pytest.mark.parametrize(("hardware", "packet"), OTHERS, ids=named)
async def test_an_agent_killed_at_any_packet_goes_on_when_it_is_back(
    hardware: Hardware, packet: int, tmp_path: Path
) -> None:
    await agent_loses_power(packet, hardware, tmp_path)


@pytest.mark.parametrize("after_bytes", [1, 1000, len(CODE)])
async def test_a_reader_on_a_line_that_loses_power_is_updated_all_the_same(
    after_bytes: int, tmp_path: Path
) -> None:
    async with firmware_counter(tmp_path, ON_A_LINE) as counter:
        await reader_loses_power(after_bytes, counter)


async def test_a_version_that_is_published_wrongly_is_found_out(
    counter: FirmwareCounter,
) -> None:
    wrong = replace(OF_ANOTHER_MODEL, model=ON_USB.model, version="1000007411-C1")
    counter.publish(sign(wrong))

    update = await updated(counter)

    assert update["failure_code"] == "firmware_version_unexpected"
