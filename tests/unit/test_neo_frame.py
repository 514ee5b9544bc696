"""NEO frames: published bytes, noise, cuts and limits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import neo_frames

from drivers.errors import FrameError, LocalError
from drivers.protocol.idtech_neo.crc import crc_16
from drivers.protocol.idtech_neo.frame import (
    MAGIC,
    MOST_DATA_BYTES,
    Decoder,
    Frame,
    decode,
    encode_answer,
    encode_command,
)

BYTES = st.integers(0, 0xFF)
FRAMES = st.builds(Frame, BYTES, BYTES, st.binary(max_size=300))
PONG = Frame(0x18, 0x00)
WIRE = encode_answer(PONG)


def test_crc_is_that_of_the_published_check_string() -> None:
    assert crc_16(b"123456789") == 0x29B1


@pytest.mark.parametrize("name", neo_frames("commands"))
def test_published_command_decodes_and_encodes(name: str) -> None:
    wire = neo_frames("commands")[name]

    assert Decoder().feed(wire) == [wire]
    assert encode_command(decode(wire)) == wire


@pytest.mark.parametrize("name", neo_frames("answers"))
def test_published_answer_decodes_and_encodes(name: str) -> None:
    wire = neo_frames("answers")[name]

    assert Decoder().feed(wire) == [wire]
    assert encode_answer(decode(wire)) == wire


def test_published_answer_has_its_status_and_data() -> None:
    frame = decode(neo_frames("answers")["failed by a collision"])

    assert frame == Frame(0x02, 0x0A, bytes.fromhex("00FFEE1F0421000000"))


@pytest.mark.parametrize("encode", [encode_command, encode_answer])
def test_crc_is_taken_in_either_order(encode: Callable[[Frame], bytes]) -> None:
    assert decode(encode(PONG)) == PONG


@pytest.mark.parametrize(
    "message",
    [
        b"",
        MAGIC,
        WIRE[:-1],
        WIRE + b"\x00",
        b"w" + WIRE[1:],
        WIRE[:-1] + b"\x00",
        WIRE[:11] + b"\x01" + WIRE[12:],
    ],
)
def test_bytes_that_are_no_frame_are_refused(message: bytes) -> None:
    with pytest.raises(FrameError):
        decode(message)


def test_data_that_fit_no_frame_are_refused() -> None:
    encode_command(Frame(0x02, 0x40, bytes(MOST_DATA_BYTES)))
    with pytest.raises(LocalError):
        encode_command(Frame(0x02, 0x40, bytes(MOST_DATA_BYTES + 1)))


def test_data_stand_in_no_representation() -> None:
    assert "4761" not in repr(Frame(0x02, 0x00, b"4761"))


def test_noise_costs_no_frame_after_it() -> None:
    decoder = Decoder()

    assert decoder.feed(b"\x11ViVO\x22" + WIRE) == [WIRE]
    assert decoder.skipped_bytes == 6


def test_frame_with_a_wrong_crc_is_handed_out_to_be_complained_of() -> None:
    broken = WIRE[:-1] + b"\x00"
    decoder = Decoder()

    assert decoder.feed(broken + WIRE) == [broken, WIRE]
    assert decoder.skipped_bytes == len(broken)


def test_frame_that_lost_a_byte_costs_no_frame_after_it() -> None:
    wire = encode_answer(Frame(0x02, 0x00, b"abc"))

    messages = Decoder().feed(wire[:15] + wire[16:] + WIRE)

    assert messages[-1] == WIRE


def test_length_beyond_the_limit_is_noise() -> None:
    decoder = Decoder(most_data_bytes=16)

    assert decoder.feed(MAGIC + b"\x02\x00\x00\x11" + WIRE) == [WIRE]


def test_frame_that_never_ends_is_given_up_when_asked() -> None:
    decoder = Decoder()
    stuck = MAGIC + b"\x02\x00\x01\x00"
    assert decoder.feed(stuck + WIRE) == []

    assert decoder.resynchronise() == [WIRE]
    assert decoder.skipped_bytes == len(stuck)
    assert decoder.resynchronise() == []


def test_frame_inside_a_longer_one_is_data_however_it_arrives() -> None:
    outer = encode_answer(Frame(0x2C, 0x00, WIRE + b"more"))
    decoder = Decoder()

    messages = [message for byte in outer for message in decoder.feed(bytes((byte,)))]

    assert messages == [outer]


@given(st.lists(FRAMES, max_size=5), st.data())
def test_frames_survive_any_chunking(frames: list[Frame], data: st.DataObject) -> None:
    wire = b"".join(map(encode_answer, frames))
    cuts = data.draw(st.lists(st.integers(0, len(wire)), max_size=8).map(sorted))
    decoder = Decoder()

    messages: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        messages += decoder.feed(wire[start:end])

    assert [decode(message) for message in messages] == frames
    assert decoder.skipped_bytes == 0


@given(st.lists(st.binary(max_size=40) | st.just(MAGIC), max_size=10))
def test_after_any_noise_frames_arrive_again(noise: list[bytes]) -> None:
    decoder = Decoder()

    messages = decoder.feed(b"".join(noise)) + decoder.feed(WIRE)
    for _ in noise:  # Each piece may look like a long frame of its own.
        messages += decoder.resynchronise()

    assert messages[-1] == WIRE
