"""Files of MMS devices: signatures, their announcements, tags and their answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import mms_frames

from drivers.errors import FrameError, LocalError, RemoteError
from drivers.features import Point, Signature
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.files import FileDescription, FileInfo, check_file
from drivers.protocol.magtek_mms.message import (
    DataFile,
    Response,
    decode,
    encode,
    parameters_of,
    payload_of,
)
from drivers.protocol.magtek_mms.nfc import TagAnswer, decode_uid, encode_uid
from drivers.protocol.magtek_mms.signatures import (
    decode_compact,
    decode_signature,
    encode_compact,
    encode_signature,
)

FRAMES = mms_frames()
PLACES = st.integers(0, 0xFFFE)
STROKES = st.lists(st.builds(Point, PLACES, PLACES), min_size=1, max_size=6).map(tuple)
SIGNATURES = st.builds(
    Signature,
    st.lists(STROKES, max_size=4).map(tuple),
    st.integers(1, 0xFFFE),
    st.integers(1, 0xFFFE),
)
BYTES = st.binary(max_size=40)
ANSWERS = st.builds(
    TagAnswer,
    st.booleans(),
    st.none() | BYTES | st.builds(EncryptedData, BYTES, BYTES, st.integers(0, 0xFF)),
)


def response_in(name: str) -> Response:
    response = decode(FRAMES[name])
    assert isinstance(response, Response)
    return response


def test_published_file_is_the_one_that_was_announced() -> None:
    response, file = response_in("file info"), decode(FRAMES["file"])
    assert isinstance(file, DataFile)

    info = FileInfo.from_parameters(parameters_of(0xD821, response.payload))

    assert info == FileInfo(
        1,
        FileDescription(
            0x40,
            info.description.digest,
            name=b"TEST_1K.bin",
            label=b"Label",
            version=b"1.0.0.1",
        ),
    )
    assert payload_of(0xD821, info.parameters()) == response.payload
    check_file(file.payload, info.description)
    assert encode(file) == FRAMES["file"]


@pytest.mark.parametrize("content", [b"abcd", b"abd"])
def test_file_that_was_not_announced_is_refused(content: bytes) -> None:
    with pytest.raises(FrameError):
        check_file(content, FileDescription.of(b"abc"))


def test_published_answer_of_a_tag_is_understood_and_made() -> None:
    response = response_in("version of a tag")

    answer = TagAnswer.from_parameters(parameters_of(0x1100, response.payload))

    assert answer == TagAnswer(True, bytes(range(1, 9)))
    assert payload_of(0x1100, answer.parameters()) == response.payload


def test_number_of_a_tag_is_read() -> None:
    assert decode_uid(encode_uid(b"\x04\x37")) == b"\x04\x37"
    with pytest.raises(FrameError):
        decode_uid(b"\xdf\x79\x00")


def test_signature_counts_from_the_corner_of_its_window() -> None:
    window = bytes.fromhex("8108 000A 010A 0014 008C".replace(" ", ""))
    points = bytes.fromhex("8210 000B0016 000C0018 FFFFFFFF 000A0014".replace(" ", ""))

    signature = decode_signature(window + points)

    assert signature == Signature(
        ((Point(1, 2), Point(2, 4)), (Point(0, 0),)), width=256, height=120
    )


def test_bare_list_of_points_is_a_signature_on_the_usual_screen() -> None:
    signature = decode_signature(bytes.fromhex("00010002FFFFFFFF00030004FFFFFFFF"))

    assert signature == Signature(((Point(1, 2),), (Point(3, 4),)), 320, 240)


@pytest.mark.parametrize(
    "file", ["0001", "8108", "810800000000000000008200", "81080000010000000100820101"]
)
def test_file_that_is_no_signature_is_refused(file: str) -> None:
    with pytest.raises(RemoteError):
        decode_signature(bytes.fromhex(file))


def test_point_beyond_any_screen_is_our_own_fault() -> None:
    far = Signature(((Point(0xFFFF, 0),),), 1, 1)

    with pytest.raises(LocalError):
        encode_signature(far)
    with pytest.raises(LocalError):
        encode_compact(Signature(((Point(0xFF, 0),),), 1, 1))


def test_signature_of_batch_data_has_a_byte_a_coordinate() -> None:
    signature = decode_compact(bytes.fromhex("0102 0304 FFFF 0506".replace(" ", "")))

    assert signature.strokes == ((Point(1, 2), Point(3, 4)), (Point(5, 6),))


@given(SIGNATURES)
def test_signatures_decode_to_themselves(signature: Signature) -> None:
    assert decode_signature(encode_signature(signature)) == signature


@given(ANSWERS)
def test_answers_of_tags_decode_to_themselves(answer: TagAnswer) -> None:
    assert TagAnswer.from_parameters(answer.parameters()) == answer


@given(st.binary(max_size=60))
def test_noise_for_a_file_is_refused_and_nothing_worse(noise: bytes) -> None:
    for read in (decode_signature, decode_compact, decode_uid):
        try:
            read(noise)
        except RemoteError:
            continue
