"""A MagTek reader outside transactions: identity, display, reset, and its framing."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mms_pipe import TIMINGS, ScriptedDevice, opened_reader
from mms_transactions import BUSY, CANCELED, NOTHING_RUNS, TOO_LATE
from published_vectors import mms_frames
from virtual_time import in_virtual_time

from drivers.errors import Disconnected, FrameError, ReaderRefused, ReaderTimeout
from drivers.families.magtek_mms.framing import MmsFraming
from drivers.families.magtek_mms.reader import MagTekMmsReader, open_magtek_mms
from drivers.profile import profile_named
from drivers.protocol import slip
from drivers.protocol.framing import Answered, Noticed
from drivers.protocol.magtek_mms.control import CancelTransaction, ResetDevice
from drivers.protocol.magtek_mms.interface import ShowMessage
from drivers.protocol.magtek_mms.message import DataFile, Response, encode
from drivers.protocol.magtek_mms.notifications import CardChange, CardUpdate, Technology
from drivers.protocol.magtek_mms.packets import packets_for
from drivers.protocol.magtek_mms.properties import (
    FIRMWARE_ID,
    MODEL_NAME,
    SERIAL_NUMBER,
)
from drivers.protocol.magtek_mms.status import DONE, STARTED, StatusDetail, refused
from drivers.protocol.magtek_mms.strings import StringId
from drivers.reader import DisplayMessage, ReaderInfo
from drivers.transport.pipe import Pipe, connected_pipes
from drivers.wires import WireKind

DYNAPROX = profile_named("magtek_dynaprox")
FRAMES = mms_frames()


def opening(pipe: Pipe) -> asyncio.Task[MagTekMmsReader]:
    return asyncio.create_task(open_magtek_mms(pipe, DYNAPROX, timings=TIMINGS))


def over_serial() -> MmsFraming:
    return MmsFraming(
        packets_for(WireKind.STREAM, packet_bytes=None, sends=slip.Direction.TO_DEVICE)
    )


def to_host(body: bytes) -> bytes:
    return slip.encode(slip.MessagePacket(slip.Direction.TO_HOST, body))


@in_virtual_time
async def test_reader_tells_who_it_is() -> None:
    async with opened_reader() as (reader, _):
        assert reader.info == ReaderInfo(
            family="magtek_mms",
            model="magtek_dynaprox",
            serial_number="B000001TEST",
            firmware_version="1000007408-A1",
        )


@in_virtual_time
async def test_reader_without_a_firmware_property_still_opens() -> None:
    near, far = connected_pipes()
    device = ScriptedDevice(far)
    opened = opening(near)

    assert await device.answer_property(b"\xb5\x0c\x8f\x10") == SERIAL_NUMBER
    assert await device.answer_property(None) == FIRMWARE_ID
    assert await device.answer_property(None) == MODEL_NAME

    reader = await opened
    assert reader.info.serial_number == "B50C8F1"
    assert reader.info.firmware_version is None
    await reader.aclose()


@in_virtual_time
async def test_transaction_left_by_a_crash_is_stopped_at_opening() -> None:
    near, far = connected_pipes()
    device = ScriptedDevice(far)
    opened = opening(near)

    await device.answer(await device.next_request(), BUSY)
    await device.answer_next(CancelTransaction, DONE, CANCELED)
    await device.identify()

    reader = await opened
    assert reader.info.serial_number == "B000001TEST"
    await reader.aclose()


@pytest.mark.parametrize(
    "asks_for",
    [
        StatusDetail.DISPLAY_BUSY,
        StatusDetail.BARCODE_IN_PROGRESS,
        StatusDetail.PIN_IN_PROGRESS,
    ],
)
@in_virtual_time
async def test_question_left_by_a_crash_is_reset_away_at_opening(
    asks_for: StatusDetail,
) -> None:
    near, far = connected_pipes()
    device = ScriptedDevice(far)
    opened = opening(near)

    await device.answer(await device.next_request(), refused(asks_for))
    await device.answer_next(ResetDevice, DONE)
    await device.identify()

    reader = await opened
    assert reader.info.serial_number == "B000001TEST"
    await reader.aclose()


@pytest.mark.parametrize("answer", ["silence", "refusal", "nonsense", "unplugged"])
@in_virtual_time
async def test_port_is_given_back_where_no_reader_identifies_itself(
    answer: str,
) -> None:
    near, far = connected_pipes()
    device = ScriptedDevice(far)
    opened = opening(near)
    asked = await device.next_request()
    match answer:
        case "refusal":
            await device.answer(asked, refused(StatusDetail.DEVICE_LOCKED))
        case "nonsense":
            await device.answer(asked, DONE, payload=b"\xd1\x11")
        case "unplugged":
            await far.aclose()

    with pytest.raises((ReaderTimeout, ReaderRefused, FrameError, Disconnected)):
        await opened

    await far.wait_closed()


@in_virtual_time
async def test_stored_message_is_shown() -> None:
    async with opened_reader() as (reader, device):
        showing = asyncio.create_task(
            reader.display(DisplayMessage.APPROVED, seconds=0)
        )

        shown = await device.answer_next(ShowMessage, DONE)

        await showing
        assert shown == ShowMessage(0, StringId.APPROVED)


@in_virtual_time
async def test_refused_message_is_reported() -> None:
    async with opened_reader() as (reader, device):
        showing = asyncio.create_task(reader.display(DisplayMessage.WELCOME, seconds=0))
        await device.answer_next(ShowMessage, refused(StatusDetail.FEATURE_UNAVAILABLE))

        with pytest.raises(ReaderRefused, match="ShowMessage: 80010113"):
            await showing


@in_virtual_time
async def test_canceling_an_idle_reader_is_harmless() -> None:
    async with opened_reader() as (reader, device):
        canceling = asyncio.create_task(reader.cancel())
        await device.answer_next(CancelTransaction, NOTHING_RUNS)

        await canceling


@in_virtual_time
async def test_canceling_returns_when_the_reader_is_idle() -> None:
    async with opened_reader() as (reader, device):
        canceling = asyncio.create_task(reader.cancel())
        await device.answer_next(CancelTransaction, DONE)
        await asyncio.sleep(1)
        assert not canceling.done()

        await device.tell(CANCELED)

        await canceling


@in_virtual_time
async def test_canceling_ends_at_once_when_the_cable_is_pulled() -> None:
    async with opened_reader() as (reader, device):
        canceling = asyncio.create_task(reader.cancel())
        await device.answer_next(CancelTransaction, DONE)
        await asyncio.sleep(0)
        before_s = asyncio.get_running_loop().time()

        await device.pipe.aclose()

        with pytest.raises(Disconnected):
            await canceling
        assert asyncio.get_running_loop().time() == before_s


@in_virtual_time
async def test_transaction_of_a_dead_process_that_cannot_be_canceled_is_reset() -> None:
    async with opened_reader() as (reader, device):
        canceling = asyncio.create_task(reader.cancel())
        await device.answer_next(CancelTransaction, TOO_LATE)
        await device.answer_next(ResetDevice, DONE)

        await canceling


@in_virtual_time
async def test_reset_is_acknowledged() -> None:
    async with opened_reader() as (reader, device):
        resetting = asyncio.create_task(reader.reset())
        await device.answer_next(ResetDevice, DONE)

        await resetting


@in_virtual_time
async def test_pulled_cable_ends_waiting_for_it() -> None:
    async with opened_reader() as (reader, device), AsyncExitStack() as stack:
        stack.push_async_callback(reader.aclose)
        waiting = asyncio.create_task(reader.wait_closed())

        await device.pipe.aclose()

        await waiting


def test_requests_are_numbered_from_1_to_255_and_round_again() -> None:
    framing = over_serial()

    tokens = [framing.send(CancelTransaction()).token for _ in range(256)]

    assert tokens[:2] == [(1, 0x1008), (2, 0x1008)]
    assert tokens[254:] == [(255, 0x1008), (1, 0x1008)]


def test_published_frames_become_answers_and_notices() -> None:
    framing = over_serial()

    incoming = framing.feed(to_host(FRAMES["started"]) + to_host(FRAMES["inserted"]))

    assert incoming == [
        Answered((1, 0x1001), Response(1, 0x1001, STARTED)),
        Noticed(CardUpdate(Technology.CONTACT, CardChange.INSERTED)),
    ]


def test_what_is_not_for_the_host_is_passed_over() -> None:
    framing = over_serial()
    echo = b"".join(framing.send(CancelTransaction()).packets)

    assert framing.feed(echo + to_host(FRAMES["cancel"])) == []
    assert framing.skipped_bytes == 0


def test_file_is_a_notice() -> None:
    framing = over_serial()
    file = DataFile(1, 0xD821, 4, payload=b"\x00")

    assert framing.feed(to_host(encode(file))) == [Noticed(file)]


def test_broken_messages_are_counted_and_skipped() -> None:
    framing = over_serial()
    cut = FRAMES["started"][:-1]

    incoming = framing.feed(to_host(cut) + to_host(FRAMES["removed"]))

    assert incoming == [Noticed(CardUpdate(Technology.CONTACT, CardChange.REMOVED))]
    assert framing.skipped_bytes == len(cut)


@given(st.binary(max_size=200))
def test_no_noise_breaks_the_framing(noise: bytes) -> None:
    framing = over_serial()
    framing.feed(noise + to_host(b"\xaa\x00\x81\x04" + noise))

    assert framing.feed(b"\xc0" + to_host(FRAMES["removed"])) == [
        Noticed(CardUpdate(Technology.CONTACT, CardChange.REMOVED))
    ]
