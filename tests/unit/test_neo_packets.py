"""NEO frames on every kind of wire: published reports, lost and repeated packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import neo_frames, neo_reports

from drivers.errors import FrameError, LocalError
from drivers.protocol.idtech_neo.frame import Frame, decode, encode_answer
from drivers.protocol.idtech_neo.hid import MOST_FRAME_BYTES
from drivers.protocol.idtech_neo.packets import NeoPackets, packets_for
from drivers.wires import HID_REPORT_BYTES, WireKind

PONG = encode_answer(Frame(0x18, 0x00))
LONG = encode_answer(Frame(0x02, 0x23, bytes(range(200))))
FRAMES = st.builds(Frame, st.just(2), st.integers(0, 255), st.binary(max_size=400))


def hid_packets() -> NeoPackets:
    return packets_for(WireKind.HID, packet_bytes=HID_REPORT_BYTES)


def received(packets: NeoPackets, *reports: bytes) -> list[bytes]:
    return [message for report in reports for message in packets.feed(report)]


def test_published_reports_carry_the_published_command() -> None:
    for name, reports in neo_reports().items():
        command = neo_frames("commands")[name]

        assert hid_packets().split(command) == reports
        assert received(hid_packets(), *reports) == [command]


def test_short_frame_is_one_report_filled_with_zeros() -> None:
    [report] = hid_packets().split(PONG)

    assert report == b"\x01" + PONG + bytes(47)
    assert received(hid_packets(), report) == [PONG]


def test_reports_of_a_long_frame_are_numbered_by_their_place() -> None:
    reports = hid_packets().split(LONG)

    assert [report[0] for report in reports] == [2, 3, 3, 4]
    assert {len(report) for report in reports} == {HID_REPORT_BYTES}


def test_stray_and_unknown_reports_are_ignored() -> None:
    first, middle, *_, last = hid_packets().split(LONG)
    packets = hid_packets()

    assert received(packets, middle, last, b"\x07" + first[1:], b"") == []
    assert packets.skipped_bytes == 3 * HID_REPORT_BYTES
    assert received(packets, *packets.split(PONG)) == [PONG]


def test_frame_begun_anew_replaces_half_a_frame() -> None:
    reports = hid_packets().split(LONG)

    assert received(hid_packets(), *reports[:2], *reports) == [LONG]


def test_unknown_report_does_not_disturb_a_frame() -> None:
    first, *others = hid_packets().split(LONG)

    assert received(hid_packets(), first, b"\x10" + bytes(63), *others) == [LONG]


def test_endless_reports_take_no_memory() -> None:
    packets = hid_packets()

    received(packets, *packets.split(LONG)[:1], *[b"\x03" + bytes(63)] * 200)

    assert packets.skipped_bytes > MOST_FRAME_BYTES
    assert received(packets, *packets.split(PONG)) == [PONG]


def test_frame_too_long_for_a_reader_is_refused() -> None:
    with pytest.raises(LocalError):
        hid_packets().split(bytes(MOST_FRAME_BYTES + 1))


def test_bluetooth_values_are_pieces_of_a_stream() -> None:
    packets = packets_for(WireKind.BLE, packet_bytes=20)

    values = packets.split(LONG)

    assert {len(value) for value in values[:-1]} == {20}
    assert received(packets, *values) == [LONG]


def test_bluetooth_wire_without_a_size_is_a_defect() -> None:
    with pytest.raises(LocalError):
        packets_for(WireKind.BLE)


def test_serial_port_takes_a_frame_at_once() -> None:
    assert packets_for(WireKind.STREAM).split(LONG) == [LONG]


def test_half_a_frame_is_given_up_on_a_stream_only() -> None:
    stream = packets_for(WireKind.STREAM)
    stream.feed(LONG[:14] + PONG)

    assert stream.resynchronise() == [PONG]
    assert hid_packets().resynchronise() == ()


@pytest.mark.parametrize("kind", WireKind)
@given(frames=st.lists(FRAMES, max_size=4))
def test_frames_survive_every_wire(kind: WireKind, frames: list[Frame]) -> None:
    packets = packets_for(kind, packet_bytes=64)

    wire = [packet for f in frames for packet in packets.split(encode_answer(f))]

    assert list(map(decode, received(packets, *wire))) == frames
    assert packets.skipped_bytes == 0


@given(st.lists(FRAMES, min_size=1, max_size=4), st.data())
def test_lost_and_repeated_reports_yield_no_wrong_frame_and_no_lasting_harm(
    frames: list[Frame], data: st.DataObject
) -> None:
    packets = hid_packets()
    wire = [packet for f in frames for packet in packets.split(encode_answer(f))]
    copies = st.sampled_from([0, 1, 1, 1, 2])

    arrived = [packet for packet in wire for _ in range(data.draw(copies))]

    for message in received(packets, *arrived):
        try:
            assert decode(message) in frames
        except FrameError:
            continue
    assert received(packets, *packets.split(PONG)) == [PONG]


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_any_reports_leave_the_next_frame_whole(reports: list[bytes]) -> None:
    packets = hid_packets()

    received(packets, *reports)

    assert received(packets, *packets.split(PONG)) == [PONG]
