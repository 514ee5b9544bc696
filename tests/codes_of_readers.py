"""Every code of docs/errors.md of a reader and of its wire."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from code_scenes import (
    PORT,
    Scenario,
    at_the_till,
    code_of,
    commanded,
    discovered,
    failed,
)
from flow_agent import Agent, Stack, good, running_agent
from flow_cables import DYNAPROX, Hardware
from flow_world import running_world
from port_news import News, NoNews, Watching

from agent.ids import LocalKeyId, ReaderId
from agent.payments.states import Phase
from agent.settings import ReaderSettings
from drivers.discovery.candidates import Candidate, PortAdded
from drivers.errors import (
    BluetoothDisabled,
    BluetoothPairingLost,
    FeatureUnsupported,
    FrameError,
    LocalError,
    ReaderRefused,
    RemoteError,
    TlvError,
    TransportError,
)
from drivers.reader import Reader
from simulator.faults import WireFaults
from simulator.reader.actions import Unplug
from simulator.reader.screen import ReaderState
from simulator.stripe_api.engine.faults import Delay

VP3300 = Hardware("idtech_vp3300")
SPEC = f"serial:{PORT}"
BOOT_LOADER = Candidate(
    "usb:0801:2020:B50", "it waits", model="magtek_dynaprox", is_boot_loader=True
)


async def asks_while_it_authorizes(stack: Stack) -> str:
    stack.world.customer("visa_approved")
    stack.world.stripe_fault(Delay(5.0))
    await stack.agent.begin(stack.reader, await stack.agent.intent())
    await stack.agent.until(stack.reader, Phase.CONFIRMING)
    return code_of(await stack.agent.process(stack.reader, await stack.agent.intent()))


async def asks_without_a_cable(stack: Stack) -> str:
    stack.world.reader().unplug()
    await stack.agent.until_offline(stack.reader)
    return code_of(await stack.agent.process(stack.reader, await stack.agent.intent()))


async def asks_what_was_opened_to_show_itself(stack: Stack) -> str:
    stack.world.reader().set_quirks({"tampered": 1.0})
    return code_of(await commanded(stack, "identify"))


async def asks_what_is_silent_to_show_itself(stack: Stack) -> str:
    stack.world.wire_faults(to_host=WireFaults(drop=1.0))
    return code_of(await commanded(stack, "identify"))


async def pulls_the_cable(stack: Stack) -> str:
    stack.world.when(ReaderState.WAITING_FOR_CARD, Unplug())
    return await failed(stack)


async def is_told_to_let_go(stack: Stack) -> str:
    good(await commanded(stack, "disconnect"))
    return await why_offline(stack.agent)


async def has_a_loose_contact(folder: Path) -> str:
    async with (
        running_world() as world,
        running_agent(world, folder, watch=world.watch_cables) as agent,
    ):
        reader = await agent.register()
        for _ in range(ReaderSettings().quarantine_after):
            await agent.until_online(reader)
            world.reader().unplug()
            await agent.until_offline(reader)
            world.reader().plug()
        return await why_offline(agent)


async def is_swapped_for_another(folder: Path) -> str:
    names = ("front", "back")
    front, back = (DYNAPROX.code(name) for name in names)
    async with (
        running_world(dict.fromkeys(names, DYNAPROX)) as world,
        running_agent(world, folder) as agent,
    ):
        reader = await agent.register(front)
        for name in names:
            world.reader(name).unplug()
        await agent.until_offline(reader)
        world.pipes[front] = world.pipes.pop(back)
        world.reader("back").plug()
        await agent.rest.post(f"/agent/readers/{reader}/connect")
        return await why_offline(agent)


async def is_in_its_boot_loader(folder: Path) -> str:
    def watch() -> Watching:
        return News(PortAdded(BOOT_LOADER)).watch()

    async with (
        running_world() as world,
        running_agent(world, folder, watch=watch) as agent,
    ):
        return await problem_at(agent, "/agent/discovery?method=usb&timeout_s=5")


async def hangs(folder: Path) -> str:
    async def never(spec: str, model: str | None) -> Reader:
        await asyncio.Event().wait()
        raise AssertionError

    async with (
        running_world() as world,
        running_agent(world, folder, serial_ports=(PORT,), open_reader=never) as agent,
    ):
        return await problem_at(agent, "/agent/discovery?method=serial")


async def is_not_told_of_ports(folder: Path) -> str:
    async with (
        running_world() as world,
        running_agent(world, folder, watch=NoNews().watch) as agent,
    ):
        await world.passed(1.0)
        causes = (await agent.rest.get("/agent/health/ready")).json()["causes"]
        return str(causes[0]["code"])


async def finds_no_port(folder: Path) -> str:
    async with (
        running_world() as world,
        running_agent(world, folder, serial_ports=(PORT,)) as agent,
    ):
        return await problem_at(agent, "/agent/discovery?method=serial")


async def problem_at(agent: Agent, path: str) -> str:
    """What discovery says of the one port it has found."""
    (found,) = good(await agent.rest.get(path))["readers"]
    return str(found["problem"])


async def why_offline(agent: Agent) -> str:
    """The reason that health gives for its one reader's absence."""
    (cause,) = (await agent.rest.get("/agent/health/ready")).json()["causes"]
    assert cause["code"] == "terminal_reader_offline"
    found = re.search(r"\((\w+)\)", cause["message"])
    assert found is not None
    return found[1]


def quirk(name: str) -> Scenario:
    """The failure code of a payment at a NEO reader with this quirk."""

    async def scene(stack: Stack) -> str:
        stack.world.reader().set_quirks({name: 1.0})
        return await failed(stack, "visa_contactless", entry="contactless")

    return at_the_till(scene, hardware=VP3300)


async def asks_for_a_leased_reader(stack: Stack) -> str:
    services = stack.agent.assembled.services
    await services.leases.take(
        ReaderId(stack.reader), LocalKeyId("lk_other"), owner="till 2", ttl_s=60
    )
    return code_of(await stack.agent.process(stack.reader, await stack.agent.intent()))


async def asks_under_a_lease_that_is_over(stack: Stack) -> str:
    path = f"/v1/terminal/readers/{stack.reader}/cancel_action"
    old = {"cardlane-lease-token": "1"}
    return code_of(await stack.agent.rest.post(path, {}, old))


READERS: dict[str, Scenario] = {
    "reader_leased": at_the_till(asks_for_a_leased_reader),
    "lease_stale": at_the_till(asks_under_a_lease_that_is_over),
    "terminal_reader_busy": at_the_till(asks_while_it_authorizes),
    "terminal_reader_offline": at_the_till(asks_without_a_cable),
    "terminal_reader_hardware_fault": at_the_till(
        asks_what_was_opened_to_show_itself, hardware=VP3300
    ),
    "terminal_reader_timeout": at_the_till(asks_what_is_silent_to_show_itself),
}

WIRES: dict[str, Scenario] = {
    "reader_unavailable": finds_no_port,
    "bluetooth_disabled": discovered(lambda: BluetoothDisabled(SPEC, "it is off")),
    "bluetooth_peer_removed_pairing_information": discovered(
        lambda: BluetoothPairingLost(SPEC, "it does not know us")
    ),
    "reader_disconnected": at_the_till(pulls_the_cable),
    "reader_transport_error": discovered(lambda: TransportError(SPEC, "noise")),
    "reader_feature_unsupported": discovered(lambda: FeatureUnsupported("no slot")),
    "reader_timeout": quirk("wrong_crc"),
    "reader_refused": discovered(lambda: ReaderRefused("to start", detail="0102")),
    "reader_protocol_error": discovered(lambda: RemoteError("not MMS")),
    "reader_frame_invalid": discovered(lambda: FrameError("not a frame")),
    "reader_tlv_invalid": discovered(lambda: TlvError("not TLV")),
    "reader_encryption_off": quirk("encryption_off"),
    "port_watch_unavailable": is_not_told_of_ports,
    "reader_tampered": quirk("tampered"),
    "reader_port_hangs": hangs,
    "reader_quarantined": has_a_loose_contact,
    "reader_disconnect_requested": at_the_till(is_told_to_let_go),
    "reader_needs_firmware": is_in_its_boot_loader,
    "reader_serial_mismatch": is_swapped_for_another,
    "reader_call_invalid": discovered(lambda: LocalError("asked twice")),
}
