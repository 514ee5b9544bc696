"""The BER-TLV codec against published bytes, its limits and random input."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import load

from drivers.errors import LocalError, TlvError
from drivers.protocol.tlv import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_OBJECTS,
    Tlv,
    decode,
    encode,
    find,
    find_value,
    read_tag,
    split,
    walk,
    wrapped,
)

VECTORS = load("tlv")
PRIMITIVE_TAGS = st.sampled_from([0x5A, 0x9F02, 0x9C, 0xDFDF59, 0xDF818A0B, 0xC1])
CONSTRUCTED_TAGS = st.sampled_from([0x70, 0xE1, 0xFA, 0xFF74, 0xFF8101])
PRIMITIVES = st.builds(Tlv, PRIMITIVE_TAGS, st.binary(max_size=300), st.just(()))
FORESTS = st.recursive(
    st.lists(PRIMITIVES, max_size=4).map(tuple),
    lambda inner: st.lists(
        st.one_of(PRIMITIVES, st.builds(Tlv, CONSTRUCTED_TAGS, st.just(b""), inner)),
        max_size=4,
    ).map(tuple),
    max_leaves=6,
)


def written(objects: Iterable[Tlv]) -> str:
    return " ".join(
        f"{item.tag:02X}{{{written(item.children)}}}"
        if item.tag in {0x6F, 0xA5, 0xFF74, 0xFA}
        else f"{item.tag:02X}={item.value.hex().upper()}"
        for item in objects
    )


def leaf_at_level(level: int) -> bytes:
    data = b"\xc1\x00"
    for _ in range(level - 1):
        data = bytes((0xE1, len(data))) + data
    return data


@pytest.mark.parametrize("vector", VECTORS["decodes"], ids=lambda v: v["name"])
def test_published_bytes_decode_and_encode(vector: dict[str, str]) -> None:
    data = bytes.fromhex(vector["data"])

    objects = decode(data)

    assert written(objects) == vector["objects"]
    assert encode(objects) == bytes.fromhex(vector.get("canonical", vector["data"]))


@pytest.mark.parametrize("data", VECTORS["refused"].values(), ids=VECTORS["refused"])
def test_broken_bytes_are_refused(data: str) -> None:
    with pytest.raises(TlvError):
        decode(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("head", "size"), [("C17F", 0x7F), ("C18180", 0x80), ("C1820100", 0x100)]
)
def test_lengths_are_as_short_as_they_can_be(head: str, size: int) -> None:
    data = bytes.fromhex(head) + bytes(size)

    assert decode(data) == (Tlv(0xC1, bytes(size)),)
    assert encode([Tlv(0xC1, bytes(size))]) == data


def test_padding_is_refused_where_it_has_no_place() -> None:
    with pytest.raises(TlvError, match="filler"):
        decode(bytes.fromhex("9C0100FF"), padding=False)


def test_eight_levels_decode_and_nine_are_refused() -> None:
    assert len(list(walk(decode(leaf_at_level(MAX_DEPTH))))) == MAX_DEPTH

    with pytest.raises(TlvError, match="deeper"):
        decode(leaf_at_level(MAX_DEPTH + 1))


def test_object_limit_counts_all_levels() -> None:
    template = encode([Tlv(0xE1, children=(Tlv(0xC1),) * (MAX_OBJECTS - 1))])
    assert len(list(walk(decode(template)))) == MAX_OBJECTS

    with pytest.raises(TlvError, match="objects"):
        decode(template + b"\xc1\x00")


def test_more_bytes_than_a_device_may_send_are_refused() -> None:
    assert decode(bytes(MAX_BYTES)) == ()

    with pytest.raises(TlvError, match="exceed"):
        decode(bytes(MAX_BYTES + 1))


def test_objects_are_found_by_path() -> None:
    objects = decode(bytes.fromhex("6F0AA5088801025F2D02656E"))

    assert find_value(objects, 0x6F, 0xA5, 0x5F2D) == b"en"
    assert find(objects, 0x6F, 0x84) is None
    assert find_value(objects, 0x84, 0xA5) is None
    assert find(objects) is None


def test_repr_shows_sizes_and_never_values() -> None:
    objects = decode(bytes.fromhex("700A5A084761739001010010"))

    assert repr(objects) == "(<70: <5A: 8 bytes>>,)"


@pytest.mark.parametrize(
    "tag", [-1, 0x00, 0xFF, 0x1F, 0x9F, 0x9F81, 0x5A01, 0xFF01, 0xFF80, 0xDF8182838400]
)
def test_impossible_tags_are_our_own_fault(tag: int) -> None:
    with pytest.raises(LocalError):
        encode([Tlv(tag)])


def test_value_and_children_exclude_each_other() -> None:
    with pytest.raises(LocalError, match="children, no value"):
        encode([Tlv(0x70, b"\x01")])
    with pytest.raises(LocalError, match="value, no children"):
        encode([Tlv(0x5A, children=(Tlv(0x9C),))])


def test_tag_list_is_read_tag_by_tag() -> None:
    data = bytes.fromhex("9CDFDF599F02")

    assert read_tag(data, 0) == (0x9C, 1)
    assert read_tag(data, 1) == (0xDFDF59, 4)
    assert read_tag(data, 4) == (0x9F02, 6)
    with pytest.raises(TlvError, match="inside a tag"):
        read_tag(data, 6)


@given(FORESTS)
def test_whatever_encodes_decodes_to_itself(objects: tuple[Tlv, ...]) -> None:
    assert decode(encode(objects), padding=False) == objects


@given(st.binary(max_size=200))
def test_noise_is_refused_or_decodes_to_something_encodable(noise: bytes) -> None:
    try:
        objects = decode(noise)
    except TlvError:
        return

    assert decode(encode(objects)) == objects


@given(FORESTS)
def test_pieces_are_the_objects_to_the_byte(objects: tuple[Tlv, ...]) -> None:
    data = encode(objects)

    pieces = split(data)

    assert b"".join(piece.data for piece in pieces) == data
    assert [piece.tag for piece in pieces] == [item.tag for item in objects]
    assert all(wrapped(piece.tag, piece.value) == piece.data for piece in pieces)


def test_a_piece_keeps_a_length_that_is_longer_than_need_be() -> None:
    (piece,) = split(bytes.fromhex("00 7281 02 8600 FF"))

    assert piece.data == bytes.fromhex("7281028600")
    assert piece.value == bytes.fromhex("8600")
    assert repr(piece) == "<72: 2 bytes>"


@given(st.binary(max_size=64))
def test_splitting_anything_gives_pieces_or_an_error(data: bytes) -> None:
    try:
        pieces = split(data)
    except TlvError:
        return

    assert sum(len(piece.data) for piece in pieces) <= len(data)


@pytest.mark.parametrize("data", ["72", "7205 8600", "7285", "7280"])
def test_pieces_that_are_cut_short_are_refused(data: str) -> None:
    with pytest.raises(TlvError):
        split(bytes.fromhex(data))
