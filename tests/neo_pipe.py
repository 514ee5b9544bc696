"""A scripted ID TECH reader at the far end of a pipe, and a reader opened on the near.

Written against the codec, not the simulator: each test says what the reader answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from drivers.families.idtech_neo.device import Timings
from drivers.families.idtech_neo.reader import IdTechNeoReader, open_idtech_neo
from drivers.profile import Profile, profile_named
from drivers.protocol.idtech_neo import events
from drivers.protocol.idtech_neo.basic import (
    Encryption,
    GetEncryption,
    GetFirmwareVersion,
    GetSerialNumber,
    Ping,
    SetPollMode,
    encode_encryption,
    encode_text,
)
from drivers.protocol.idtech_neo.commands import Command, OtherCommand, from_frame
from drivers.protocol.idtech_neo.events import Event
from drivers.protocol.idtech_neo.frame import Frame, decode, encode_answer
from drivers.protocol.idtech_neo.packets import packets_for
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.transport.pipe import Pipe, connected_pipes
from drivers.wires import WireKind

SERIAL_NUMBER = "907T000001"
FIRMWARE = "VP3300 BLE NEO v1.01.151"
TIMINGS = Timings()
ALL = Encryption.EMV | Encryption.MSR
VP3300 = profile_named("idtech_vp3300")
VP6800 = profile_named("idtech_vp6800")
FIRMWARES = {VP3300: FIRMWARE, VP6800: "VP6800 v1.00.015"}

CommandT = TypeVar("CommandT", bound=Command)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Wire:
    """What a reader hangs on."""

    kind: WireKind = WireKind.STREAM
    packet_bytes: int | None = None
    chunk_bytes: int | None = None


WIRES = {
    "serial": Wire(),
    "serial, byte by byte": Wire(chunk_bytes=1),
    "usb": Wire(WireKind.HID, packet_bytes=64),
    "ble": Wire(WireKind.BLE, packet_bytes=20),
}


class ScriptedReader:
    """Receives commands one by one and answers as it is told."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self._packets = packets_for(pipe.kind, packet_bytes=pipe.packet_bytes)
        self._commands: list[Command] = []

    async def next_command(self) -> Command:
        """The next command of the host, however long it takes."""
        while not self._commands:
            for message in self._packets.feed(await self.pipe.read()):
                self._commands.append(from_frame(decode(message)))
        return self._commands.pop(0)

    async def expect(self, kind: type[CommandT]) -> CommandT:
        """The next command, which must be of this kind."""
        command = await self.next_command()
        assert isinstance(command, kind), command
        return command

    async def answer_next(
        self,
        kind: type[CommandT],
        data: bytes = b"",
        *,
        status: int = StatusCode.OK,
    ) -> CommandT:
        """Expect a command of this kind and answer it."""
        command = await self.expect(kind)
        await self.answer(kind, data, status=status)
        return command

    async def answer(
        self, kind: type[CommandT], data: bytes = b"", *, status: int = StatusCode.OK
    ) -> None:
        """Answer a command of this kind, whether it was received or not."""
        await self.send(answer_to(kind, data, status=status))

    async def tell(self, *told: Event) -> None:
        """Tell something without being asked."""
        await self.send(*map(events.to_frame, told))

    async def send(self, *frames: Frame) -> None:
        """Put whole frames on the wire."""
        for frame in frames:
            await self.write(encode_answer(frame))

    async def write(self, message: bytes) -> None:
        """Put these bytes on the wire, a frame or not."""
        for packet in self._packets.split(message):
            await self.pipe.write(packet)

    async def identify(
        self, *, serial_number: str = SERIAL_NUMBER, firmware: str = FIRMWARE
    ) -> None:
        """Answer all that a driver asks when it opens a reader."""
        await self.answer_next(Ping)
        await self.answer_next(GetFirmwareVersion, encode_text(firmware))
        await self.answer_next(GetSerialNumber, encode_text(serial_number, length=15))
        await self.answer_next(SetPollMode)

    async def tell_encryption(self, encryption: Encryption = ALL) -> None:
        """Answer what a driver asks before each card."""
        await self.answer_next(GetEncryption, encode_encryption(encryption))


def answer_to(
    kind: type[CommandT], data: bytes = b"", *, status: int = StatusCode.OK
) -> Frame:
    """The frame that answers a command of this kind."""
    assert not issubclass(kind, OtherCommand)
    return Frame(kind.CODE[0], status, data)


async def while_scripting(
    doing: Coroutine[Any, Any, object], scripting: Coroutine[Any, Any, ResultT]
) -> ResultT:
    """What `scripting` saw while the driver was `doing` something."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(doing)
        seen = tasks.create_task(scripting)
    return seen.result()


@asynccontextmanager
async def opened_reader(
    profile: Profile = VP3300, *, wire: Wire = WIRES["serial"]
) -> AsyncIterator[tuple[IdTechNeoReader, ScriptedReader]]:
    """A reader that has identified itself, and the scripted one behind it."""
    near, far = connected_pipes(
        kind=wire.kind, packet_bytes=wire.packet_bytes, chunk_bytes=wire.chunk_bytes
    )
    scripted = ScriptedReader(far)
    async with asyncio.TaskGroup() as tasks:
        opening = tasks.create_task(open_idtech_neo(near, profile, timings=TIMINGS))
        firmware = profile.model + " v1.00"
        tasks.create_task(scripted.identify(firmware=firmware))
    reader = opening.result()
    yield reader, scripted
    await reader.aclose()
