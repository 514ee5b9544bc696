"""A simulated reader, the whole agent, and an operator's repository of firmware."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware_repository import PublishedRepository, published
from flow_agent import Agent, good, running_agent
from flow_cables import Hardware
from flow_world import World, running_world

from agent.events import UpdateProgress
from agent.settings import FirmwareSettings
from drivers.wires import WireKind
from simulator.reader.firmware_image import FirmwareImage, sign
from simulator.reader.wires.pipe import PipeWire

CODE = bytes(range(256)) * 8
"""2 KiB that stand for a reader's firmware."""
LOAD_FIRMWARE = b"\xd8\x01"


@dataclass
class CutAfter:
    """When, and whether it has happened."""

    packets: int | None = None
    """So many more reach the reader, the one with the command to load included."""
    begun: bool = False
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    def takes(self, packet: bytes) -> bool:
        """Whether the reader still hears this packet."""
        if self.packets is None:
            return True
        self.begun = self.begun or LOAD_FIRMWARE in packet
        if not self.begun:
            return True
        if self.packets == 0:
            self.happened.set()
            return False
        self.packets -= 1
        return True


@dataclass(frozen=True)
class CuttableHardware(Hardware):
    """A reader on a cable that falls silent at a packet of the host's.

    On USB, whoever comes back under another product id is not found under its code.
    """

    cut: CutAfter = field(default_factory=CutAfter)

    def wire(self, name: str) -> PipeWire:
        plain = Hardware.wire(self, name)
        return CuttableWire(
            name, kind=plain.kind, packet_bytes=plain.packet_bytes, cut=self.cut
        )


class CuttableWire(PipeWire):
    """Says nothing to either end: it is the machine at its end that goes dark."""

    def __init__(
        self,
        name: str,
        *,
        kind: WireKind,
        packet_bytes: int | None,
        cut: CutAfter,
    ) -> None:
        super().__init__(name, kind=kind, packet_bytes=packet_bytes)
        self._cut = cut

    def plug(
        self, received: Callable[[bytes], None], *, product_id: int | None = None
    ) -> None:
        if self.kind is not WireKind.HID or product_id is None:
            super().plug(received)

    def write(self, data: bytes) -> None:
        if self._cut.takes(data):
            super().write(data)


@dataclass(frozen=True)
class FirmwareCounter:
    """What outlives the agent: its folder, the reader, the repository."""

    folder: Path
    hardware: Hardware
    world: World
    repository: PublishedRepository

    @property
    def runs(self) -> str:
        """The version of the reader's own firmware, before any update."""
        return _VERSIONS[self.hardware.model]

    @property
    def next_version(self) -> str:
        """What is published by `publish`."""
        return self.runs.replace("-A1-", "-B1-")

    def publish(
        self, image: bytes | None = None, *, code: bytes = CODE, **terms: object
    ) -> str:
        """An image for the reader, the vendor's unless another is given; its name."""
        made = FirmwareImage(self.hardware.model, self.next_version, code=code)
        said = {
            "device_model": self.hardware.model,
            "firmware_version": self.next_version,
            "sequence": 2,
            **terms,
        }
        return self.repository.add("2.0", image or sign(made), **said)

    @asynccontextmanager
    async def agent(self, **settings: object) -> AsyncIterator[CounterAgent]:
        """An agent; it ends as suddenly as by a power cut."""
        said = {
            "repository": str(self.repository.folder),
            "root_file": self.repository.root,
            **settings,
        }
        firmware = FirmwareSettings.model_validate(said)
        async with running_agent(self.world, self.folder, firmware=firmware) as agent:
            yield CounterAgent(agent, self.hardware.code("counter"))


@dataclass(frozen=True)
class CounterAgent:
    """One run of the agent, through its API."""

    agent: Agent
    code: str

    async def register(self) -> str:
        """The id of the counter's reader."""
        return await self.agent.register(self.code)

    async def shown(self, reader: str) -> Any:
        """The reader's firmware, as the API shows it."""
        return good(await self.agent.rest.get(f"/agent/readers/{reader}/firmware"))

    async def ask(self, reader: str, **form: str) -> Any:
        """Check, install or cancel; what is shown then."""
        path = f"/agent/readers/{reader}/firmware"
        return good(await self.agent.rest.post(path, form))

    async def install(self, reader: str, **form: str) -> Any:
        """Install now; the update once it has ended."""
        await self.ask(reader, action="install", start="now", **form)
        return await self.ended(reader)

    async def ended(self, reader: str) -> Any:
        """The reader's update once it has ended."""
        with self.agent.events.listen() as events:
            while True:
                update = (await self.shown(reader))["update"]
                if update["state"] in {"done", "failed", "rolled_back"}:
                    return update
                await events.get()

    async def reaches(self, state: str) -> None:
        """Return as soon as an update is in this state."""
        with self.agent.events.listen() as events:
            while True:
                event = await events.get()
                if isinstance(event, UpdateProgress) and event.state == state:
                    return


@asynccontextmanager
async def firmware_counter(
    folder: Path, hardware: Hardware
) -> AsyncIterator[FirmwareCounter]:
    """A reader of this kind, and an empty repository."""
    async with running_world({"counter": hardware}) as world:
        yield FirmwareCounter(folder, hardware, world, published(folder))


_VERSIONS = {
    "magtek_dynaprox": "1000007408-A1-SIMULATED",
    "magtek_dynaflex": "1000003354-A1-SIMULATED",
    "magtek_dynaflex_ii_ped": "1000007411-A1-SIMULATED",
    "magtek_dynaflex_ii_go": "1000009142-A1-SIMULATED",
}
"""As the simulated readers are made."""
