"""How answers, notices and damage are told apart on an ID TECH reader's wire."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo_pipe import TIMINGS, ScriptedReader, answer_to
from virtual_time import in_virtual_time

from drivers.errors import ReaderRefused
from drivers.families.idtech_neo.device import Device
from drivers.families.idtech_neo.framing import Garbled, Incoming, Late, NeoFraming
from drivers.protocol.framing import Answered, Noticed
from drivers.protocol.idtech_neo import events
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    CancelTransaction,
)
from drivers.protocol.idtech_neo.basic import GetSerialNumber, Ping
from drivers.protocol.idtech_neo.display import DisplayMode, DisplayText, Line
from drivers.protocol.idtech_neo.events import Booted, DisplayRequested
from drivers.protocol.idtech_neo.frame import MAGIC, Frame, encode_answer
from drivers.protocol.idtech_neo.packets import packets_for
from drivers.protocol.idtech_neo.screens import ObjectTouched
from drivers.transport.pipe import connected_pipes
from drivers.wires import WireKind

ACTIVATE = ActivateTransaction(30, ())
MENU = DisplayText(DisplayMode.MENU, (Line(1, "VISA"),), timeout_s=30)
TEXT = DisplayText(DisplayMode.TEXT, (Line(1, "HELLO"),))
TOUCHED = ObjectTouched(0, 1, "Screen1", "Button1")
PONG = answer_to(Ping)


def framing() -> NeoFraming:
    return NeoFraming(packets_for(WireKind.STREAM))


def fed(framing: NeoFraming, *frames: Frame) -> list[Incoming]:
    return framing.feed(b"".join(map(encode_answer, frames)))


def test_answer_is_paired_by_the_command_alone() -> None:
    neo = framing()
    token = neo.send(Ping()).token

    assert fed(neo, answer_to(GetSerialNumber), PONG) == [
        Noticed(Late(answer_to(GetSerialNumber))),
        Answered(token, PONG),
    ]


def test_second_answer_to_one_question_is_late() -> None:
    neo = framing()
    neo.send(Ping())

    assert fed(neo, PONG, PONG)[1] == Noticed(Late(PONG))


def test_cancel_is_answered_while_a_card_is_awaited() -> None:
    neo = framing()
    neo.send(ACTIVATE)
    token = neo.send(CancelTransaction()).token
    ended, canceled = answer_to(ActivateTransaction), answer_to(CancelTransaction)

    assert fed(neo, ended, canceled) == [
        Noticed(Late(ended)),
        Answered(token, canceled),
    ]


def test_display_asked_for_while_a_card_is_awaited_is_the_readers_own() -> None:
    neo = framing()
    neo.send(ACTIVATE)

    assert fed(neo, events.to_frame(DisplayRequested(TEXT))) == [
        Noticed(DisplayRequested(TEXT))
    ]


def test_shown_text_is_answered_at_once_and_a_menu_later() -> None:
    neo = framing()
    token = neo.send(TEXT).token
    shown = answer_to(DisplayText)
    assert fed(neo, shown) == [Answered(token, shown)]

    neo.send(MENU)
    assert fed(neo, shown) == [Noticed(Late(shown))]


def test_touch_is_never_an_answer() -> None:
    neo = framing()
    neo.send(TEXT)
    assert fed(neo, events.to_frame(TOUCHED)) == [Noticed(TOUCHED)]

    neo.send(MENU)
    assert fed(neo, events.to_frame(TOUCHED)) == [Noticed(TOUCHED)]


def test_damaged_frame_is_told_by_its_command_and_counted() -> None:
    neo = framing()
    wire = encode_answer(answer_to(ActivateTransaction, b"abc"))

    assert neo.feed(wire[:-1] + b"\x00") == [Noticed(Garbled(0x02))]
    assert neo.skipped_bytes >= len(wire)


def test_event_that_makes_no_sense_is_counted() -> None:
    neo = framing()

    assert fed(neo, Frame(0x61, 0x01, b"\x07")) == [Noticed(Garbled(0x61))]
    assert neo.skipped_bytes == 17


def test_what_half_a_frame_hid_comes_with_the_next_bytes() -> None:
    neo = framing()
    neo.feed(MAGIC + b"\x02\x00\x0f\x00")
    fed(neo, events.to_frame(Booted("NEO 2.0")))

    neo.resynchronise()

    assert Noticed(Booted("NEO 2.0")) in fed(neo, PONG)


@given(
    st.lists(
        st.binary(max_size=60)
        | st.builds(encode_answer, st.builds(Frame, st.just(0x61), st.integers(0, 255)))
        | st.just(MAGIC + b"\x02\x00\x00\x20"),
        max_size=12,
    )
)
def test_after_any_noise_an_answer_is_heard(noise: list[bytes]) -> None:
    neo = framing()
    for piece in noise:
        neo.feed(piece)
    token = neo.send(Ping()).token

    incoming = fed(neo, PONG)
    for _ in range(2 * len(noise)):  # Each piece may look like frames that never end.
        neo.resynchronise()
        incoming += neo.feed(b"")

    assert Answered(token, PONG) in incoming


@given(st.binary(max_size=400))
def test_no_bytes_break_the_framing(noise: bytes) -> None:
    neo = framing()
    neo.send(ACTIVATE)

    for incoming in neo.feed(noise):
        assert isinstance(incoming, Answered | Noticed)


@in_virtual_time
async def test_nothing_is_asked_while_a_card_is_awaited() -> None:
    near, far = connected_pipes()
    device, scripted = Device(near, TIMINGS), ScriptedReader(far)

    async with device.conversation(ACTIVATE) as conversation:
        with pytest.raises(ReaderRefused, match="busy"):
            await device.ask(Ping())
        with pytest.raises(ReaderRefused, match="busy"):
            async with device.conversation(MENU):
                pytest.fail("two conversations at once")
        await scripted.answer(ActivateTransaction)
        await conversation.wait_over(timeout_s=1)

    pinging = asyncio.create_task(device.ask(Ping()))
    await scripted.expect(ActivateTransaction)
    await scripted.answer_next(Ping)
    assert await pinging == PONG
    await device.aclose()
