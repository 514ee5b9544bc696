"""MMS messages on every kind of wire: published packets, limits, and bad wires."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import mms_frames

from drivers.errors import LocalError
from drivers.protocol import slip
from drivers.protocol.framing import Packets
from drivers.protocol.magtek_mms.packets import MOST_BYTES, packets_for
from drivers.wires import WireKind

TO_DEVICE, TO_HOST = slip.Direction.TO_DEVICE, slip.Direction.TO_HOST
START = "start 12.34 USD, rebuilt"
ARQC = mms_frames()["arqc, rebuilt"]
KINDS = st.sampled_from(WireKind)
PACKET_KINDS = st.sampled_from([WireKind.HID, WireKind.BLE])
MESSAGES = st.binary(min_size=1, max_size=1000)
BAD_WIRE = st.sampled_from(["carry", "lose", "repeat", "garble"])


def side(
    kind: WireKind, *, sends: slip.Direction, packet_bytes: int | None = None
) -> Packets:
    return packets_for(kind, packet_bytes=packet_bytes, sends=sends)


def received(receiver: Packets, packets: Sequence[bytes]) -> list[bytes]:
    return [message for packet in packets for message in receiver.feed(packet)]


@pytest.mark.parametrize("table", ["slip", "hid", "ble"])
def test_published_packet_splits_and_joins(table: str) -> None:
    kind = WireKind.STREAM if table == "slip" else WireKind(table)
    packet = mms_frames(table)[START]

    assert side(kind, sends=TO_DEVICE).split(mms_frames()[START]) == [packet]
    assert side(kind, sends=TO_HOST).feed(packet) == [mms_frames()[START]]


def test_long_published_message_is_a_head_four_middles_and_a_tail() -> None:
    reports = side(WireKind.HID, sends=TO_HOST).split(ARQC)

    assert [report[0] for report in reports] == [1, 2, 2, 2, 2, 3]
    assert [report[1:3] for report in reports[1:5]] == [
        bytes((0, number)) for number in (1, 2, 3, 4)
    ]
    assert {len(report) for report in reports} == {64}


@pytest.mark.parametrize(
    ("length", "kinds"),
    [
        (62, [0]),
        (63, [1, 3]),
        (59 + 62, [1, 3]),
        (59 + 63, [1, 2, 3]),
        (59 + 61 + 62, [1, 2, 3]),
    ],
)
def test_reports_are_filled_before_another_begins(
    length: int, kinds: list[int]
) -> None:
    reports = side(WireKind.HID, sends=TO_DEVICE).split(bytes(length))

    assert [report[0] for report in reports] == kinds


def test_parts_of_a_value_wrap_to_1_and_messages_to_0() -> None:
    sender = side(WireKind.BLE, sends=TO_DEVICE, packet_bytes=20)

    values = sender.split(bytes(13 + 18 * 256))

    assert [value[1] for value in values] == [0, *range(1, 256), 1]
    later = [sender.split(b"\xaa")[0][0] for _ in range(256)]
    assert later == [*range(1, 256), 0]


def test_values_are_as_long_as_the_connection_and_the_reader_allow() -> None:
    def longest(packet_bytes: int | None) -> int:
        sender = side(WireKind.BLE, sends=TO_DEVICE, packet_bytes=packet_bytes)
        return max(map(len, sender.split(bytes(600))))

    assert longest(None) == 244
    assert longest(512) == 244
    assert longest(20) == 20
    with pytest.raises(LocalError):
        longest(7)


@pytest.mark.parametrize("kind", WireKind)
def test_message_beyond_the_limit_is_not_sent(kind: WireKind) -> None:
    too_long = bytes(MOST_BYTES[TO_DEVICE] + 1)

    with pytest.raises(LocalError):
        side(kind, sends=TO_DEVICE).split(too_long)


def test_reader_that_says_how_much_it_takes_is_sent_no_more() -> None:
    sender = side(WireKind.STREAM, sends=TO_DEVICE)
    assert sender.feed(slip.encode(slip.CapacityExceeded(512))) == []

    sender.split(bytes(512))
    with pytest.raises(LocalError, match="513 bytes to a side that takes 512"):
        sender.split(bytes(513))


def test_echo_of_the_own_message_is_passed_over() -> None:
    sender = side(WireKind.STREAM, sends=TO_DEVICE)

    assert sender.feed(mms_frames("slip")[START]) == []


def test_canceled_message_is_forgotten() -> None:
    receiver = side(WireKind.HID, sends=TO_DEVICE)
    reports = side(WireKind.HID, sends=TO_HOST).split(ARQC)

    assert received(receiver, [*reports[:3], b"\x04".ljust(64, b"\x00")]) == []
    assert received(receiver, reports[3:]) == []
    assert received(receiver, reports) == [ARQC]


@pytest.mark.parametrize("kind", [WireKind.HID, WireKind.BLE])
def test_packet_that_comes_twice_costs_nothing(kind: WireKind) -> None:
    sender, receiver = side(kind, sends=TO_HOST), side(kind, sends=TO_DEVICE)
    first, second, *others = sender.split(ARQC * 2)
    alone = sender.split(b"\xaa")

    assert received(receiver, [first, second, second, *others]) == [ARQC * 2]
    assert receiver.skipped_bytes == len(second)
    assert received(receiver, alone) == [b"\xaa"]


def test_value_of_a_message_that_is_complete_is_no_second_one() -> None:
    sender, receiver = (
        side(WireKind.BLE, sends=sends) for sends in (TO_HOST, TO_DEVICE)
    )
    (value,) = sender.split(b"\xaa")

    assert received(receiver, [value, value]) == [b"\xaa"]
    assert received(receiver, sender.split(b"\xaa")) == [b"\xaa"]


@pytest.mark.parametrize(
    ("kind", "packet"),
    [
        (WireKind.HID, ""),
        (WireKind.HID, "00"),
        (WireKind.HID, "0005AA"),
        (WireKind.HID, "01FFFFFFFF" + "AA" * 59),
        (WireKind.HID, "0100000010" + "AA" * 59),
        (WireKind.HID, "0100000070" + "AA" * 20),
        (WireKind.HID, "020001" + "AA" * 61),
        (WireKind.HID, "0305" + "AA" * 62),
        (WireKind.HID, "05" + "AA" * 63),
        (WireKind.BLE, "0000"),
        (WireKind.BLE, "000001" + "00000001AA"),
        (WireKind.BLE, "000000" + "FFFFFFFFAA"),
        (WireKind.BLE, "000000" + "00000001AAAA"),
        (WireKind.BLE, "0001AA"),
    ],
)
def test_packet_of_no_message_is_skipped_and_counted(
    kind: WireKind, packet: str
) -> None:
    receiver = side(kind, sends=TO_DEVICE)
    data = bytes.fromhex(packet)

    assert receiver.feed(data) == []
    assert receiver.skipped_bytes == len(data)


@given(KINDS, st.lists(MESSAGES, max_size=4), st.integers(8, 300))
def test_messages_survive_every_kind_of_wire(
    kind: WireKind, messages: list[bytes], packet_bytes: int
) -> None:
    sender = side(kind, sends=TO_HOST, packet_bytes=packet_bytes)
    receiver = side(kind, sends=TO_DEVICE)

    packets = [packet for message in messages for packet in sender.split(message)]

    assert received(receiver, packets) == messages
    assert receiver.skipped_bytes == 0


@given(PACKET_KINDS, st.lists(MESSAGES, max_size=4), st.data())
def test_after_a_bad_wire_the_next_message_arrives(
    kind: WireKind, messages: list[bytes], data: st.DataObject
) -> None:
    sender, receiver = side(kind, sends=TO_HOST), side(kind, sends=TO_DEVICE)
    for packet in [each for message in messages for each in sender.split(message)]:
        match data.draw(BAD_WIRE):
            case "carry":
                receiver.feed(packet)
            case "repeat":
                receiver.feed(packet)
                receiver.feed(packet)
            case "garble":
                receiver.feed(data.draw(st.binary(max_size=64)) + packet[8:])

    assert received(receiver, sender.split(ARQC)) == [ARQC]


@given(PACKET_KINDS, st.lists(st.binary(max_size=64), max_size=12))
def test_no_packet_breaks_a_receiver(kind: WireKind, noise: list[bytes]) -> None:
    receiver = side(kind, sends=TO_DEVICE)
    received(receiver, noise)

    # A value that happened to be ours may not be told from a repetition.
    sender = side(kind, sends=TO_HOST)
    sender.split(b"\x00")

    assert received(receiver, sender.split(ARQC)) == [ARQC]
