"""MMS messages, properties and status against published frames and each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import mms_frames

from drivers.errors import FrameError, LocalError, RemoteError
from drivers.protocol.magtek_mms import properties
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.magtek_mms.message import (
    DataFile,
    Message,
    Notification,
    Request,
    Response,
    Sender,
    decode,
    encode,
    parameters_of,
    payload_of,
)
from drivers.protocol.magtek_mms.status import (
    DONE,
    STARTED,
    Status,
    StatusDetail,
    refused,
)

FRAMES = mms_frames()
OCTETS = st.integers(0, 0xFF)
WORDS = st.integers(0, 0xFFFF)
LONGS = st.integers(0, 0xFFFFFFFF)
SENDERS = st.sampled_from(Sender)
OPTIONAL_BYTES = st.none() | st.binary(max_size=40)
STATUSES = st.builds(Status, OCTETS, st.integers(0, 0xFFFFFF))
MESSAGES = st.one_of(
    st.builds(Request, OCTETS, WORDS, OPTIONAL_BYTES, SENDERS),
    st.builds(
        Response, OCTETS, WORDS, STATUSES, OPTIONAL_BYTES, OPTIONAL_BYTES, SENDERS
    ),
    st.builds(
        Notification, WORDS, LONGS, OPTIONAL_BYTES, OPTIONAL_BYTES, OCTETS, SENDERS
    ),
    st.builds(DataFile, OCTETS, WORDS, LONGS, st.binary(max_size=40), SENDERS),
)
OIDS = st.lists(st.integers(1, 0x1E), min_size=2, max_size=7).map(tuple)


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_published_frame_encodes_to_the_same_bytes(frame: bytes) -> None:
    assert encode(decode(frame)) == frame


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("started", Response(1, 0x1001, STARTED)),
        ("low battery", Response(1, 0x1001, refused(StatusDetail.LOW_BATTERY))),
        (
            "in progress",
            Response(1, 0x1001, refused(StatusDetail.TRANSACTION_IN_PROGRESS)),
        ),
        ("inserted", Notification(0x0101, 0x10010200)),
        ("cancel", Request(0x13, 0x1008, bytes.fromhex("1008"))),
        ("cancel accepted", Response(0x13, 0x1008, DONE)),
    ],
)
def test_published_frame_is_understood(name: str, message: Message) -> None:
    assert decode(FRAMES[name]) == message


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wireless firmware id", "1000009327-A0-PCI"),
        ("interface configuration file", "CFG0006812-200"),
        ("model name", "DynaFlex Pro"),
        ("battery level", "d"),
    ],
)
def test_published_property_is_read(name: str, text: str) -> None:
    response = decode(mms_frames("longer_than_needed")[name])
    assert isinstance(response, Response)

    value = properties.property_value(
        parameters_of(CommandId.GET_PROPERTY, response.payload)
    )

    assert properties.property_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (bytes.fromhex("B6032260"), "B603226"),
        (b"B000001\x00", "B000001"),
        (b"B603", "B603"),
        (b"\x00\x00", "0000"),
    ],
)
def test_serial_number_reads_as_on_the_label(value: bytes, text: str) -> None:
    assert properties.serial_number_text(value) == text


def test_status_tells_acceptance_and_reason() -> None:
    assert STARTED.is_accepted
    assert not refused(StatusDetail.LOW_BATTERY).is_accepted
    assert refused(StatusDetail.LOW_BATTERY).hex == "80020316"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "AB00",
        "AA00",
        "AA008204 00000000",
        "AA008103 010110",
        "AA008104 01011001 00",
        "AA008104 01011001 8403 1001",
        "AA008104 05011001",
        "AA008108 01011001 00000000",
        "AA008104 82011001",
        "AA008104 82011001 8203 010000",
        "AA008108 84061001 00000001",
    ],
)
def test_bytes_that_are_no_message_are_refused(data: str) -> None:
    with pytest.raises(RemoteError):
        decode(bytes.fromhex(data))


def test_framework_version_is_ignored() -> None:
    frame = bytearray(FRAMES["cancel"])
    frame[1] = 0x01

    assert decode(bytes(frame)) == decode(FRAMES["cancel"])


@pytest.mark.parametrize("message", [Request(256, 1), Request(1, 0x10000)])
def test_message_out_of_range_is_our_own_fault(message: Message) -> None:
    with pytest.raises(LocalError):
        encode(message)


def test_property_response_without_a_value_is_refused() -> None:
    with pytest.raises(FrameError):
        properties.property_value(())


def test_payload_of_another_command_is_refused() -> None:
    with pytest.raises(FrameError):
        parameters_of(0x1001, payload_of(0x1008))


def test_repr_of_a_message_hides_its_payload() -> None:
    assert "CARDHOLDER" not in repr(decode(FRAMES["arqc, rebuilt"]))


@given(MESSAGES)
def test_messages_decode_to_themselves(message: Message) -> None:
    assert decode(encode(message)) == message


@given(OIDS, st.binary(max_size=40))
def test_properties_survive_the_wire(oid: tuple[int, ...], value: bytes) -> None:
    assert properties.property_value(properties.answer_parameters(oid, value)) == value


@given(st.binary(max_size=120).map(lambda noise: b"\xaa\x00\x81\x04" + noise))
def test_noise_is_refused_and_nothing_worse(noise: bytes) -> None:
    try:
        decode(noise)
    except RemoteError:
        return
