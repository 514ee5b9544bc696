"""What NEO readers answer and tell by themselves."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import neo_frames

from drivers.errors import FrameError
from drivers.protocol.idtech_neo import events
from drivers.protocol.idtech_neo.basic import (
    Encryption,
    encode_encryption,
    encode_text,
    encryption_of,
    text_of,
)
from drivers.protocol.idtech_neo.display import DisplayMode, DisplayText, Line
from drivers.protocol.idtech_neo.events import (
    Booted,
    DisplayRequested,
    Event,
    PinRequested,
    SwipeRequested,
    Unrecognised,
    WokeUp,
)
from drivers.protocol.idtech_neo.frame import Frame, decode
from drivers.protocol.idtech_neo.keypad import (
    Typed,
    TypedPin,
    digits_of,
    encode_digits,
    encode_pin,
    encode_typed,
    pin_of,
    typed_of,
)
from drivers.protocol.idtech_neo.keys import (
    KeyCounter,
    KeySlot,
    SlotState,
    counter_of,
    encode_counter,
    encode_keys,
    keys_of,
)
from drivers.protocol.idtech_neo.pass_through import (
    Token,
    TokenKind,
    encode_token,
    token_of,
)
from drivers.protocol.idtech_neo.screens import ObjectTouched

MENU = DisplayText(
    DisplayMode.MENU, (Line(1, "VISA"), Line(2, message_id=7)), timeout_s=30
)
EVENTS: list[Event] = [
    DisplayRequested(MENU),
    PinRequested(1),
    SwipeRequested(),
    ObjectTouched(0, 2, "Screen1", "Button1"),
    Booted("NEO 2.0 v1.00"),
    WokeUp(),
    Unrecognised(Frame(0x0E, 0x77, b"?")),
]
BYTE = st.integers(0, 0xFF)


def published(name: str) -> Frame:
    return decode(neo_frames("answers")[name])


def test_published_answers_are_understood() -> None:
    assert text_of(published("firmware version").data) == "VP3300 BLE NEO v1.01.151"
    assert text_of(published("serial number").data) == "907T000001"
    assert encryption_of(published("encryption of EMV and MSR").data) == (
        Encryption.EMV | Encryption.MSR
    )
    assert token_of(published("token").data) == Token(
        TokenKind.ISO_14443_B, bytes.fromhex("04A1B2C3")
    )


def test_serial_number_comes_without_its_filler() -> None:
    assert text_of(encode_text("630Z000001", length=15)) == "630Z000001"


def test_text_that_is_none_is_told_as_hex() -> None:
    assert text_of(b"\x01\xab\x00") == "01AB00"


@pytest.mark.parametrize("event", EVENTS)
def test_event_survives_the_wire(event: Event) -> None:
    assert events.from_frame(events.to_frame(event)) == event


def test_display_without_light_is_understood() -> None:
    data = bytes.fromhex("03 0000 0200 454E 0500 01 4F4B2E 1C")

    assert events.from_frame(Frame(0x61, 0x01, data)) == DisplayRequested(
        DisplayText(DisplayMode.TEXT, (Line(1, "OK."),))
    )


def test_request_for_a_pin_keeps_nothing_of_the_card() -> None:
    frame = Frame(0x61, 0x02, bytes.fromhex("01 0000 0800") + b"47617390")

    event = events.from_frame(frame)

    assert event == PinRequested(1)
    assert "4761" not in repr(event)


@given(BYTE, st.binary(max_size=40))
def test_any_frame_is_an_event_or_refused(code: int, data: bytes) -> None:
    with suppress(FrameError):
        assert isinstance(events.from_frame(Frame(0x61, code, data)), Event)


@given(st.from_regex(r"\A[0-9]{1,16}\Z"))
def test_typed_digits_survive_the_wire(digits: str) -> None:
    typed = typed_of(encode_typed(Typed(0, encode_digits(digits))))

    assert digits_of(typed.value) == digits


@pytest.mark.parametrize(("ksn", "block"), [(10, 8), (12, 16)])
def test_pin_survives_the_wire_and_shows_no_block(ksn: int, block: int) -> None:
    pin = TypedPin(bytes(range(ksn)), bytes(range(0xA0, 0xA0 + block)))

    assert pin_of(encode_pin(pin)) == pin
    assert "a0" not in repr(pin)


@pytest.mark.parametrize("value", [b"", b"12", b"G" * 36, b"\xff" * 56])
def test_broken_pin_is_refused(value: bytes) -> None:
    with pytest.raises(FrameError):
        pin_of(value)


@pytest.mark.parametrize("value", [b"", b"FFFF", b"12A4FF"])
def test_broken_digits_are_refused(value: bytes) -> None:
    with pytest.raises(FrameError):
        digits_of(value)


@given(st.builds(Token, BYTE, st.binary(max_size=10)))
def test_token_survives_the_wire(token: Token) -> None:
    assert token_of(encode_token(token)) == token


@pytest.mark.parametrize(
    "counter",
    [
        KeyCounter(SlotState.VALID, bytes(10)),
        KeyCounter(SlotState.VALID, bytes(12)),
        KeyCounter(SlotState.EMPTY),
        KeyCounter(SlotState.UNSUPPORTED),
    ],
)
def test_key_counter_survives_the_wire(counter: KeyCounter) -> None:
    assert counter_of(encode_counter(counter)) == counter


@given(st.lists(st.builds(KeySlot, BYTE, st.integers(0, 0xFFFF))).map(tuple))
def test_key_slots_survive_the_wire(keys: tuple[KeySlot, ...]) -> None:
    assert keys_of(encode_keys(keys)) == keys


@pytest.mark.parametrize("decoding", [counter_of, token_of, typed_of, encryption_of])
def test_answer_without_data_is_refused(decoding: object) -> None:
    assert callable(decoding)

    with pytest.raises(FrameError):
        decoding(b"")


def test_cut_key_slots_are_refused() -> None:
    with pytest.raises(FrameError):
        keys_of(bytes(4))


@pytest.mark.parametrize("encryption", [Encryption.OFF, Encryption.MSR, Encryption.EMV])
def test_encryption_survives_the_wire(encryption: Encryption) -> None:
    assert encryption_of(encode_encryption(encryption)) == encryption
