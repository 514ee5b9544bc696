"""Swipes of ID TECH's readers: the enhanced block, the original one, and limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import neo_msr_block

from drivers.errors import FrameError, LocalError, ReaderEncryptionOff
from drivers.protocol.idtech_neo.msr_block import decode, encode, parse
from drivers.protocol.idtech_neo.msr_fields import (
    MsrBlock,
    Option,
    SealedFields,
    ShownFields,
    Track,
    TrackStatus,
)
from simulator.emv.dukpt import (
    TEST_BDK,
    Variant,
    initial_key,
    transaction_key,
    working_key,
)
from simulator.emv.tdes import decrypt_cbc

ORIGINAL = "three tracks in the original format"


def data_key(ksn: bytes) -> bytes:
    key = transaction_key(initial_key(TEST_BDK, ksn), ksn)
    return working_key(key, Variant.DATA_REQUEST)


def wrapped(body: bytes) -> bytes:
    lrc = 0
    for byte in body:
        lrc ^= byte
    length = len(body).to_bytes(2, "little")
    return b"\x02" + length + body + bytes((lrc, sum(body) % 256, 0x03))


def fits(clear: bytes, masked: bytes) -> bool:
    """Whether `clear` is `masked` with its stars lifted; `masked` may have an LRC."""
    return len(masked) - len(clear) in (0, 1) and all(
        mask in (letter, ord("*")) for letter, mask in zip(clear, masked, strict=False)
    )


def test_a_swipe_decodes_and_encodes() -> None:
    block = decode(neo_msr_block())

    assert encode(block) == neo_msr_block()
    assert block.serial_number == b"907T000001"
    assert block.ksn == bytes.fromhex("FFFF9876543210E00003")
    assert block.masked_track_2 == ";4761********0010=2212****************?"
    assert not block.uses_aes
    assert not block.uses_pin_variant


def test_a_swipe_opens_with_the_published_key() -> None:
    block = decode(neo_msr_block())

    for track in block.tracks[:2]:
        clear = decrypt_cbc(data_key(block.ksn), track.encrypted).rstrip(b"\0")
        assert fits(clear, track.shown)


def test_the_published_original_block_is_recognised() -> None:
    block = parse(neo_msr_block(ORIGINAL))

    assert encode(block) == neo_msr_block(ORIGINAL)
    assert [track.length for track in block.tracks] == [72, 35, 107]
    assert [len(track.encrypted) for track in block.tracks] == [72, 40, 0]
    assert block.ksn == bytes.fromhex("62994901190000000001")


def test_the_published_original_block_opens_as_one_chain() -> None:
    block = parse(neo_msr_block(ORIGINAL))
    first, second, _ = block.tracks

    clear = decrypt_cbc(data_key(block.ksn), first.encrypted + second.encrypted)

    assert fits(clear[:72], first.shown)
    assert fits(clear[72:].rstrip(b"\0"), second.shown)


def test_the_published_original_block_shows_too_much_of_track_3() -> None:
    with pytest.raises(ReaderEncryptionOff, match="track 3"):
        decode(neo_msr_block(ORIGINAL))


def test_other_cards_in_the_original_format_are_refused() -> None:
    with pytest.raises(FrameError, match="type 01"):
        decode(wrapped(bytes.fromhex("013F000000") + bytes(10)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes.fromhex("020000000003"),
        neo_msr_block()[:-1],
        neo_msr_block()[:-1] + b"\x04",
        neo_msr_block() + b"\x03",
        b"\x03" + neo_msr_block()[1:],
        neo_msr_block()[:-3] + b"\x00\x00\x03",
        wrapped(neo_msr_block()[3:-4]),
        wrapped(neo_msr_block()[3:-3] + b"\x00"),
    ],
)
def test_bytes_that_are_no_block_are_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        decode(data)


@pytest.mark.parametrize("shown", [b";4111111111111111=3412?", b"%B3782 822463 10005^"])
def test_a_track_in_the_clear_is_refused(shown: bytes) -> None:
    sealed = _swipe(track_2=Track(len(shown), shown, bytes(24)), fields=0x02)
    alone = _swipe(track_2=Track(len(shown), shown), fields=0x00)

    for block in (sealed, alone):
        with pytest.raises(ReaderEncryptionOff, match="track 2"):
            decode(encode(block))


def test_a_gift_card_in_the_clear_is_refused_too() -> None:
    block = _swipe(track_2=Track(6, b";1234?"), fields=0x00)

    with pytest.raises(ReaderEncryptionOff):
        decode(encode(block))


def test_a_block_for_one_processor_alone_is_refused() -> None:
    body = bytes.fromhex("8040000000000001") + bytes((Option.OTHER_ENCRYPTION,))

    with pytest.raises(FrameError, match="scheme"):
        decode(wrapped(body))


@pytest.mark.parametrize(
    "change",
    [
        {"sealed_fields": SealedFields.KSN},
        {"ksn": b"short"},
        {"options": bytes(300)},
        {"encode_type": 0x00},
        {"tracks": (Track(300), Track(), Track())},
    ],
)
def test_fields_that_contradict_each_other_are_not_encoded(
    change: dict[str, int],
) -> None:
    block = decode(neo_msr_block())

    with pytest.raises(LocalError):
        encode(replace(block, **change))  # type: ignore[arg-type]


def test_a_track_that_is_not_shown_has_no_mask() -> None:
    block = _swipe(track_2=Track(39, b"", bytes(40)), fields=0x02)

    assert decode(encode(block)).masked_track_2 is None


def test_nothing_of_a_track_is_shown_in_a_repr() -> None:
    assert "4761" not in repr(decode(neo_msr_block()))


@given(st.data(), st.booleans(), st.booleans(), st.booleans())
def test_blocks_survive_the_wire(
    data: st.DataObject, uses_aes: bool, counts_lrc: bool, has_mac: bool
) -> None:
    block = _any_block(data, uses_aes=uses_aes, counts_lrc=counts_lrc, has_mac=has_mac)

    assert decode(encode(block)) == block


@given(st.binary(max_size=80))
def test_noise_is_read_or_refused(noise: bytes) -> None:
    for body in (noise, b"\x80" + noise, bytes.fromhex("801B000000") + noise):
        try:
            block = parse(wrapped(body))
        except FrameError:
            continue
        assert encode(block) == wrapped(body)


def _swipe(*, track_2: Track, fields: int) -> MsrBlock:
    shown = ShownFields.SHOWN << 1 if track_2.shown else 0
    return MsrBlock(0x80, 0x12, shown, fields, (Track(), track_2, Track()))


def _any_block(
    data: st.DataObject, *, uses_aes: bool, counts_lrc: bool, has_mac: bool
) -> MsrBlock:
    flags = st.integers(0, 0xFF)
    shown_fields = data.draw(flags) & 0xC7 | ShownFields.USES_AES * uses_aes
    sealed_fields = data.draw(flags)
    status = data.draw(flags) & 0xBF | TrackStatus.HAS_OPTIONS * has_mac
    ksn_bytes = 12 if uses_aes else 10
    block_bytes = 16 if uses_aes else 8
    tracks = []
    for index in range(3):
        length = data.draw(st.integers(0, 0xFF))
        is_sealed = bool(sealed_fields & SealedFields.ENCRYPTED << index)
        is_shown = bool(is_sealed and shown_fields & ShownFields.SHOWN << index)
        if not is_shown:
            shown_fields &= ~(ShownFields.SHOWN << index)
        sealed_bytes = -(-max(length - counts_lrc, 0) // block_bytes) * block_bytes
        if is_shown and not sealed_bytes:
            length = sealed_bytes = 0
        tracks.append(
            Track(
                length,
                b"*" * (length * is_shown),
                bytes(sealed_bytes * is_sealed),
                bytes(20 * bool(sealed_fields & SealedFields.HASHED << index)),
            )
        )
    first, second, third = tracks
    return MsrBlock(
        data.draw(st.sampled_from([0x80, 0x81, 0x83, 0x84, 0x85, 0xC0, 0x92])),
        status,
        shown_fields,
        sealed_fields,
        (first, second, third),
        options=bytes((Option.MAC,)) if has_mac else b"",
        session_id=bytes(8 * bool(sealed_fields & SealedFields.SESSION_ID)),
        serial_number=bytes(10 * bool(shown_fields & ShownFields.SERIAL_NUMBER)),
        ksn=bytes(ksn_bytes * bool(sealed_fields & SealedFields.KSN)),
        mac=b"\x04" + bytes(4 + ksn_bytes) if has_mac else b"",
    )
