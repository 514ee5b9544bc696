"""A scripted MagTek device at the far end of a pipe, and a reader opened on the near.

Written against the codec, not the simulator: each test says what the device answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from drivers.families.magtek_mms.device import Timings
from drivers.families.magtek_mms.reader import MagTekMmsReader, open_magtek_mms
from drivers.profile import profile_named
from drivers.protocol import slip
from drivers.protocol.magtek_mms import properties
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.card_data import Arqc, encode_arqc
from drivers.protocol.magtek_mms.commands import Command, from_request
from drivers.protocol.magtek_mms.files import (
    SIGNATURE_FILE,
    FileDescription,
    FileInfo,
    GetFile,
)
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.magtek_mms.message import (
    DataFile,
    Message,
    Request,
    Response,
    decode,
    encode,
    payload_of,
)
from drivers.protocol.magtek_mms.notifications import (
    CardData,
    DataKind,
    Notice,
    to_notification,
)
from drivers.protocol.magtek_mms.packets import packets_for
from drivers.protocol.magtek_mms.status import DONE, Status, StatusDetail, refused
from drivers.transport.pipe import Pipe, connected_pipes
from drivers.wires import WireKind

SERIAL_NUMBER = b"B000001TEST\x00"
FIRMWARE = b"1000007408-A1\x00\x00"
CIPHERTEXT = bytes(range(48))
KSN = bytes.fromhex("FFFF9876543210E00001")
TIMINGS = Timings()


@dataclass
class Asked:
    """A request as the device received it."""

    request: Request
    command: Command


class ScriptedDevice:
    """Receives requests one by one and answers as it is told."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self._packets = packets_for(
            pipe.kind, packet_bytes=pipe.packet_bytes, sends=slip.Direction.TO_HOST
        )
        self._asked: list[Asked] = []

    async def next_request(self) -> Asked:
        """The next request of the host, however long it takes."""
        while not self._asked:
            for body in self._packets.feed(await self.pipe.read()):
                request = decode(body)
                assert isinstance(request, Request)
                self._asked.append(Asked(request, from_request(request)))
        return self._asked.pop(0)

    async def answer(
        self, asked: Asked, status: Status, *then: Notice, payload: bytes | None = None
    ) -> None:
        """Respond, and tell `then` in the same breath."""
        request = asked.request
        response = Response(request.reference, request.command, status, payload=payload)
        await self.send(response, *map(to_notification, then))

    async def answer_next(
        self, kind: type[Command], status: Status, *then: Notice
    ) -> Command:
        """Expect a request of this kind and respond to it."""
        asked = await self.next_request()
        assert isinstance(asked.command, kind), asked.command
        await self.answer(asked, status, *then)
        return asked.command

    async def answer_property(self, value: bytes | None) -> tuple[int, ...]:
        """Expect a property request and respond with `value`, or refuse it."""
        asked = await self.next_request()
        assert isinstance(asked.command, properties.GetProperty), asked.command
        oid = asked.command.oid
        if value is None:
            await self.answer(asked, refused(StatusDetail.FEATURE_UNAVAILABLE))
        else:
            parameters = properties.answer_parameters(oid, value)
            payload = payload_of(CommandId.GET_PROPERTY, parameters)
            await self.answer(asked, DONE, payload=payload)
        return oid

    async def identify(self, *, model_name: bytes | None = None) -> None:
        """Expect the questions of someone who opens it, and answer them."""
        await self.answer_property(SERIAL_NUMBER)
        await self.answer_property(FIRMWARE)
        await self.answer_property(model_name)

    async def answer_file(self, announced: bytes, sent: bytes | None = None) -> None:
        """Expect the question for the signature; announce a file and send one."""
        asked = await self.next_request()
        assert asked.command == GetFile(SIGNATURE_FILE)
        info = FileInfo(SIGNATURE_FILE, FileDescription.of(announced))
        payload = payload_of(GetFile.id, info.parameters())
        await self.answer(asked, DONE, payload=payload)
        content = announced if sent is None else sent
        reference = asked.request.reference
        await self.send(DataFile(reference, GetFile.id, SIGNATURE_FILE, content))

    async def tell(self, *notices: Notice) -> None:
        """Tell something without being asked."""
        await self.send(*map(to_notification, notices))

    async def send(self, *messages: Message) -> None:
        """Put whole messages on the wire at once."""
        packets = [
            packet
            for message in messages
            for packet in self._packets.split(encode(message))
        ]
        if self.pipe.kind is WireKind.STREAM:
            packets = [b"".join(packets)]
        for packet in packets:
            await self.pipe.write(packet)


def arqc_of(technology: int, *, fallback: int = 0) -> CardData:
    """A card read by this technology that asks for its issuer."""
    arqc = Arqc(
        serial_number=SERIAL_NUMBER,
        encrypted=EncryptedData(CIPHERTEXT, KSN),
        fallback=fallback,
        masked_track_2=";476173******0010=2812?",
        cardholder_name=b"TEST/CARD",
    )
    return CardData(technology, DataKind.ARQC, encode_arqc(arqc))


@asynccontextmanager
async def opened_reader(
    *,
    model: str = "magtek_dynaprox",
    model_name: bytes | None = None,
    kind: WireKind = WireKind.STREAM,
    chunk_bytes: int | None = None,
) -> AsyncIterator[tuple[MagTekMmsReader, ScriptedDevice]]:
    """A reader that has identified itself, and the device behind it."""
    near, far = connected_pipes(kind=kind, chunk_bytes=chunk_bytes)
    device = ScriptedDevice(far)
    async with asyncio.TaskGroup() as tasks:
        opening = tasks.create_task(
            open_magtek_mms(near, profile_named(model), timings=TIMINGS)
        )
        await device.identify(model_name=model_name)
    reader = opening.result()
    yield reader, device
    await reader.aclose()
