"""MagTek's serial packets: published bytes, noise, cuts and limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from published_vectors import mms_frames

from drivers.protocol.slip import (
    CapacityExceeded,
    Decoder,
    Direction,
    MessagePacket,
    SlipPacket,
    encode,
)

PACKETS = st.one_of(
    st.builds(MessagePacket, st.sampled_from(Direction), st.binary(max_size=300)),
    st.builds(CapacityExceeded, st.integers(min_value=0, max_value=2**32 - 1)),
)
PACKET = MessagePacket(Direction.TO_HOST, bytes.fromhex("AA00DBC0"))


def test_published_packet_decodes_and_encodes() -> None:
    for name, wire in mms_frames("slip").items():
        packet = MessagePacket(Direction.TO_DEVICE, mms_frames()[name])

        assert Decoder().feed(wire) == [packet]
        assert encode(packet) == wire


def test_special_bytes_are_escaped() -> None:
    assert encode(PACKET).hex().upper() == "C00200000004AA00DBDDDBDCC0"


def test_device_names_the_largest_message_it_takes() -> None:
    decoder = Decoder()

    assert decoder.feed(bytes.fromhex("C00300000200C0")) == [CapacityExceeded(512)]


def test_packets_may_share_their_boundary() -> None:
    wire = encode(PACKET)

    assert Decoder().feed(wire[:-1] + wire) == [PACKET, PACKET]


def test_noise_costs_no_packet_after_it() -> None:
    decoder = Decoder()

    packets = decoder.feed(b"\x11\x22\x33" + encode(PACKET))

    assert packets == [PACKET]
    assert decoder.skipped_bytes == 3


def test_packet_with_a_lost_byte_is_skipped() -> None:
    wire = encode(PACKET)
    decoder = Decoder()

    assert decoder.feed(wire[:7] + wire[8:] + wire) == [PACKET]
    assert decoder.skipped_bytes == len(wire) - 3


def test_broken_escapes_and_unknown_directions_are_skipped() -> None:
    for wire in (
        "C00200000001DB00C0",
        "C002000000DBC0",
        "C00500000001AAC0",
        "C00200C0",
    ):
        assert Decoder().feed(bytes.fromhex(wire)) == []


def test_endless_packet_takes_no_memory_and_the_next_one_arrives() -> None:
    decoder = Decoder(max_message_bytes=16)

    for _ in range(100):
        assert decoder.feed(b"\x02" * 16) == []

    assert decoder.feed(encode(PACKET)) == [PACKET]
    assert decoder.skipped_bytes == 1600


def test_message_beyond_the_limit_is_skipped() -> None:
    wire = encode(MessagePacket(Direction.TO_HOST, bytes(17)))

    assert Decoder(max_message_bytes=16).feed(wire) == []
    assert len(Decoder(max_message_bytes=17).feed(wire)) == 1


@given(st.lists(PACKETS, max_size=5), st.data())
def test_packets_survive_any_chunking(
    packets: list[SlipPacket], data: st.DataObject
) -> None:
    wire = b"".join(map(encode, packets))
    cuts = data.draw(st.lists(st.integers(0, len(wire)), max_size=8).map(sorted))
    decoder = Decoder()

    decoded: list[SlipPacket] = []
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        decoded += decoder.feed(wire[start:end])

    assert decoded == packets
    assert decoder.skipped_bytes == 0


@given(st.binary(max_size=400))
def test_after_any_noise_and_a_boundary_packets_arrive_again(noise: bytes) -> None:
    decoder = Decoder()

    decoder.feed(noise + b"\xc0")

    assert decoder.feed(encode(PACKET)) == [PACKET]
