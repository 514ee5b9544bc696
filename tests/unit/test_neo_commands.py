"""What a host asks of a NEO reader: published commands, and every other one both ways."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import neo_frames

from drivers.errors import FrameError, LocalError, TlvError
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    ApplyHostResponse,
    AuthenticateContact,
    CancelTransaction,
    Fallback,
    Interface,
    StartContact,
)
from drivers.protocol.idtech_neo.basic import (
    BeepLong,
    BeepShort,
    Encryption,
    GetEncryption,
    GetFirmwareVersion,
    GetSerialNumber,
    Glow,
    Ping,
    PollMode,
    SetEncryption,
    SetLight,
    SetPollMode,
)
from drivers.protocol.idtech_neo.commands import (
    KINDS,
    Command,
    OtherCommand,
    from_frame,
    to_frame,
)
from drivers.protocol.idtech_neo.configuration import (
    GetConfiguration,
    SetConfiguration,
    SetKernelConfiguration,
    SetTerminalData,
)
from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayMode,
    DisplayText,
    Line,
    RefusePin,
)
from drivers.protocol.idtech_neo.fields import Bare, Code
from drivers.protocol.idtech_neo.frame import Frame, decode
from drivers.protocol.idtech_neo.keypad import (
    CardFields,
    GetAmount,
    GetCard,
    GetNumber,
    GetPin,
)
from drivers.protocol.idtech_neo.keys import (
    GetKeyHeader,
    GetKsn,
    GetKsnByIndex,
    KeySlot,
)
from drivers.protocol.idtech_neo.pass_through import (
    CardInterface,
    ExchangeApdu,
    GetAtr,
    PollForToken,
    SetPassThrough,
)
from drivers.protocol.idtech_neo.screens import (
    AddObject,
    Alignment,
    CreateScreen,
    ObjectKind,
    RemoveObject,
    ShowScreen,
)
from drivers.protocol.tlv import Tlv

INTERFACES = Interface.MSR | Interface.CONTACTLESS | Interface.CONTACT
PUBLISHED: dict[str, Command] = {
    "ping": Ping(),
    "get configuration": GetConfiguration(),
    "light sensor": OtherCommand(Frame(0x83, 0x50)),
    "set ICS 3C": SetKernelConfiguration(3),
    "remove an object": RemoveObject("Screen1", "Text1"),
    "add a medium button": AddObject(
        "Screen1",
        "Medium Button1",
        ObjectKind.MEDIUM_BUTTON,
        text="Medium1",
    ),
    "add an invisible button": AddObject(
        "Screen1", "Invisible1", ObjectKind.INVISIBLE_BUTTON, Alignment.AT_POINT
    ),
    "add lights": AddObject(
        "Screen1",
        "LEDs",
        ObjectKind.LIGHTS,
        Alignment.AT_POINT,
        lights=b"\x00\x01\x02\x03",
    ),
    "add a picture": AddObject(
        "Screen1",
        "pic.JPG",
        ObjectKind.PICTURE,
        Alignment.AT_POINT,
        text="UNTITLED1.JPG",
    ),
    "activate 1.00 on all interfaces": ActivateTransaction(
        30,
        (Tlv(0x9C, b"\x00"), Tlv(0x9F02, b"\0\0\0\0\1\0"), Tlv(0x9F03, bytes(6))),
        interfaces=INTERFACES,
        fallback=Fallback(is_allowed=True, next_command_s=96),
    ),
    "get firmware version": GetFirmwareVersion(),
    "get serial number": GetSerialNumber(),
    "poll on demand": SetPollMode(PollMode.ON_DEMAND),
    "get encryption": GetEncryption(),
    "cancel": CancelTransaction(),
    "front LED off and blinking": SetLight(red=Glow.OFF, green=Glow.BLINKING),
    "two short beeps": BeepShort(2),
    "pass-through on": SetPassThrough(is_on=True),
    "poll for a token for 10 s": PollForToken(10_000),
    "select PPSE": ExchangeApdu(
        CardInterface.CONTACTLESS, b"\x00\xa4\x04\x00\x0e2PAY.SYS.DDF01\x00"
    ),
    "ask for a tip": GetAmount(6, 1, "TIP AMOUNT"),
    "activate 12.34 USD for 30 s": ActivateTransaction(
        30,
        (
            Tlv(0x9C, b"\x00"),
            Tlv(0x9F02, b"\0\0\0\0\x12\x34"),
            Tlv(0x9F03, bytes(6)),
            Tlv(0x5F2A, b"\x08\x40"),
            Tlv(0x9A, b"\x26\x11\x23"),
            Tlv(0x9F21, b"\x14\x32\x05"),
        ),
        interfaces=INTERFACES,
        fallback=Fallback(is_allowed=True, next_command_s=96),
    ),
}

BYTE, TWO_BYTES = st.integers(0, 0xFF), st.integers(0, 0xFFFF)
OBJECTS = st.lists(
    st.tuples(
        st.sampled_from([0x9C, 0x9F02, 0x8A, 0xDFEE1A]), st.binary(max_size=200)
    ).map(lambda both: Tlv(*both))
).map(tuple)
LETTERS = st.characters(min_codepoint=0x20, max_codepoint=0xFF)
MESSAGES = st.text(LETTERS, max_size=16)
NAMES = st.text(LETTERS, max_size=32)
LINE_NUMBERS = st.integers(1, 16)
LINES = st.lists(
    st.builds(Line, LINE_NUMBERS, MESSAGES)
    | st.builds(Line, LINE_NUMBERS, message_id=BYTE)
).map(tuple)
DIGITS = st.tuples(st.integers(1, 15), st.integers(1, 15)).map(sorted)
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    *(st.just(kind()) for kind in KINDS if issubclass(kind, Bare)),
    st.builds(SetPollMode, st.sampled_from(PollMode)),
    st.builds(SetEncryption, st.sampled_from(Encryption)),
    st.builds(SetLight, st.sampled_from(Glow), st.sampled_from(Glow)),
    st.builds(BeepShort, BYTE),
    st.builds(BeepLong, st.integers(0, 3)),
    st.builds(
        ActivateTransaction,
        BYTE,
        OBJECTS,
        interfaces=st.none() | st.sampled_from(Interface),
        fallback=st.none() | st.builds(Fallback, st.booleans(), TWO_BYTES),
    ),
    st.builds(StartContact, st.booleans(), TWO_BYTES, TWO_BYTES, OBJECTS),
    st.builds(AuthenticateContact, st.booleans(), TWO_BYTES, OBJECTS),
    st.builds(ApplyHostResponse, OBJECTS),
    st.builds(SetConfiguration, st.binary()),
    st.builds(SetTerminalData, TWO_BYTES, st.binary()),
    st.builds(SetKernelConfiguration, st.integers(1, 4)),
    st.builds(
        DisplayText,
        st.sampled_from([DisplayMode.MENU, DisplayMode.TEXT, DisplayMode.TEXT_AND_KEY]),
        LINES,
        timeout_s=st.none() | TWO_BYTES,
        backlight_s=st.none() | TWO_BYTES,
    ),
    st.just(DisplayText(DisplayMode.CLEAR)),
    st.builds(AnswerDisplay, st.sampled_from(DisplayMode), BYTE),
    st.just(RefusePin()),
    st.builds(CreateScreen, NAMES),
    st.builds(ShowScreen, NAMES),
    st.builds(RemoveObject, NAMES, NAMES),
    st.builds(
        AddObject,
        NAMES,
        NAMES,
        st.sampled_from(sorted(set(ObjectKind) - {ObjectKind.LIGHTS})),
        st.sampled_from(Alignment),
        x=TWO_BYTES,
        y=TWO_BYTES,
        text=st.none() | NAMES,
    ),
    st.builds(GetPin, BYTE, BYTE, MESSAGES),
    st.builds(lambda n, text: GetNumber(n[1], n[0], text), DIGITS, MESSAGES),
    st.builds(lambda n, text: GetAmount(n[1], n[0], text), DIGITS, MESSAGES),
    st.builds(GetCard, TWO_BYTES, st.sampled_from(CardFields)),
    st.builds(SetPassThrough, st.booleans()),
    st.builds(PollForToken, st.integers(1, 25599).map(lambda n: 10 * n)),
    st.builds(ExchangeApdu, st.sampled_from(CardInterface), st.binary()),
    st.builds(GetAtr, BYTE),
    st.builds(GetKsn, st.builds(KeySlot, BYTE, TWO_BYTES)),
    st.builds(GetKsnByIndex, BYTE),
    st.builds(GetKeyHeader, st.builds(KeySlot, BYTE, TWO_BYTES)),
    st.builds(
        OtherCommand, st.builds(Frame, st.just(0x83), BYTE.filter(lambda n: n != 0x41))
    ),
)


@pytest.mark.parametrize("name", neo_frames("commands"))
def test_published_command_is_understood(name: str) -> None:
    frame = decode(neo_frames("commands")[name])
    command = from_frame(frame)

    assert command == PUBLISHED.get(name, command)
    assert to_frame(command) == frame


def test_every_published_command_of_a_known_kind_is_named_above() -> None:
    frames = {name: decode(wire) for name, wire in neo_frames("commands").items()}
    others = {n for n, f in frames.items() if isinstance(from_frame(f), OtherCommand)}

    assert frames.keys() - others - PUBLISHED.keys() == {"set terminal data 3C"}


@given(COMMANDS)
def test_every_command_survives_the_wire(command: Command) -> None:
    assert from_frame(to_frame(command)) == command


@given(st.sampled_from([kind.CODE for kind in KINDS]), st.binary(max_size=80))
def test_any_data_are_a_command_or_refused(code: Code, data: bytes) -> None:
    with suppress(FrameError, TlvError):
        assert isinstance(from_frame(Frame(*code, data)), Command)


def test_every_kind_of_command_is_tried_above() -> None:
    codes = [kind.CODE for kind in KINDS]

    # A 61-01 is told from another by its length alone.
    assert len(codes) == len(set(codes)) + 1


@pytest.mark.parametrize(
    "command",
    [
        BeepShort(256),
        ActivateTransaction(256, ()),
        DisplayText(DisplayMode.TEXT, (Line(0, "no such line"),)),
        DisplayText(DisplayMode.TEXT, (Line(17, "no such line"),)),
        DisplayText(DisplayMode.TEXT, (Line(1, "a\x1cb"),)),
        DisplayText(DisplayMode.TEXT, (Line(1, "€"),)),
        GetAmount(6, 1, "a message of more letters than fit"),
        ShowScreen("a\x00b"),
        PollForToken(256_000),
    ],
)
def test_impossible_command_is_refused(command: Command) -> None:
    with pytest.raises(LocalError):
        to_frame(command)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(0x18, 0x01, b"\x00"),
        Frame(0x01, 0x01, b"\x02"),
        Frame(0x0A, 0x03, b"\x00\x00\x00"),
        Frame(0x0B, 0x02, b"\x04"),
        Frame(0x02, 0x40, b""),
        Frame(0x02, 0x40, bytes.fromhex("1EDFEF37020700")),
        Frame(0x02, 0x40, bytes.fromhex("1EDFEF3C0101")),
        Frame(0x60, 0x16, b"\x05"),
        Frame(0x61, 0x01, b"\x07"),
        Frame(0x61, 0x01, b"\x07\x01"),
        Frame(0x61, 0x01, bytes.fromhex("03000002004545040081010200")),
        Frame(0x61, 0x02, b"\x01"),
        Frame(0x61, 0x05, b"Screen1"),
        Frame(0x61, 0x07, bytes.fromhex("4100420005010000000041")),
        Frame(0x62, 0x01, bytes.fromhex("11103434")),
        Frame(0x62, 0x03, bytes.fromhex("000104")),
        Frame(0x62, 0x04, bytes.fromhex("000601") + bytes(17)),
        Frame(0x2C, 0x01, b"\x02"),
        Frame(0x2C, 0x02, b"\x00\x00"),
        Frame(0x2C, 0x13, b"\x07"),
    ],
)
def test_malformed_command_is_refused(frame: Frame) -> None:
    with pytest.raises(FrameError):
        from_frame(frame)
