"""Masked and encrypted TLV of NEO readers, and what must never come in the clear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import neo_frames

from drivers.errors import FrameError, LocalError, ReaderEncryptionOff, TlvError
from drivers.protocol import emv
from drivers.protocol.idtech_neo.card_answer import (
    CLEAR_CARD_DATA,
    COMBINED_TRACKS,
    KSN,
    Attribution,
    CardAnswer,
    Interface,
    attribution_of,
    decode_card_answer,
    encode_card_answer,
)
from drivers.protocol.idtech_neo.encrypted_tlv import (
    CardObject,
    Form,
    decode_objects,
    encode_objects,
    find_value,
    is_template,
    walk,
)
from drivers.protocol.idtech_neo.frame import decode

PLAIN_TAGS = st.sampled_from([0x4F, 0x9F26, 0x9F39, 0xDFEE25, 0xFFEE1F, 0x57, 0x5A])
TEMPLATES = st.sampled_from([0xE1, 0x77, 0xFF8105, 0xFFEE01])
FORMS = st.sampled_from(list(Form))
VALUES = st.builds(
    CardObject, PLAIN_TAGS, st.binary(max_size=300), FORMS, children=st.just(())
)
OBJECTS = st.recursive(
    VALUES,
    lambda inner: st.builds(
        lambda tag, children: CardObject(tag, children=tuple(children)),
        TEMPLATES,
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


def tap() -> bytes:
    return decode(neo_frames("answers")["online requested by a tap"]).data


def test_the_card_of_a_tap_decodes_and_encodes() -> None:
    answer = decode_card_answer(tap())

    assert encode_card_answer(answer) == tap()
    assert answer.attribution.interface is Interface.CONTACTLESS
    assert answer.attribution.encrypts
    assert not answer.attribution.uses_aes
    assert answer.entry_mode == 0x07
    assert answer.stripe is None
    assert find_value(answer.objects, KSN) == bytes.fromhex("FFFF9876543210E00002")


def test_a_sensitive_object_comes_masked_and_encrypted() -> None:
    objects = decode_card_answer(tap()).objects

    masked = find_value(objects, emv.PAN, form=Form.MASKED)
    encrypted = find_value(objects, emv.PAN, form=Form.ENCRYPTED)

    assert masked == bytes.fromhex("4761CCCCCCCC0010")
    assert len(encrypted or b"") == 16
    assert find_value(objects, emv.PAN) is None


def test_groups_are_looked_into_and_numbered_values_are_not() -> None:
    failed = decode(neo_frames("answers")["failed by a collision"])

    answer = decode_card_answer(failed.data)

    assert answer.error_code == 0x21
    assert answer.result_code is None
    assert answer.entry_mode is None
    assert find_value(decode_card_answer(tap()).objects, 0xDF30) == b"\x00"


@given(st.lists(OBJECTS, max_size=6))
def test_objects_survive_the_wire(objects: list[CardObject]) -> None:
    assert decode_objects(encode_objects(objects)) == tuple(objects)


@given(st.binary(max_size=60))
def test_noise_is_read_or_refused(noise: bytes) -> None:
    try:
        objects = decode_objects(noise)
    except TlvError:
        return
    assert decode_objects(encode_objects(objects)) == objects


@pytest.mark.parametrize(
    "data",
    [
        "5A",
        "5AA1",
        "5AA102CC",
        "5AE108",
        "5AA0",
        "5AC5",
        "5A80",
        "DFEE",
        "E1" * 9,
        "E107E105E103E1019F",
    ],
)
def test_cut_or_impossible_bytes_are_refused(data: str) -> None:
    with pytest.raises(TlvError):
        decode_objects(bytes.fromhex(data))


def test_too_many_bytes_and_too_deep_ones_are_refused() -> None:
    nested = CardObject(0x9F39, b"\x07")
    for _ in range(9):
        nested = CardObject(0xE1, children=(nested,))

    with pytest.raises(TlvError, match="exceed"):
        decode_objects(bytes(64 * 1024 + 1))
    with pytest.raises(TlvError, match="deeper"):
        decode_objects(encode_objects([nested]))


def test_fillers_between_objects_are_skipped() -> None:
    objects = decode_objects(bytes.fromhex("009F390107FF00FFEE0100"))

    assert objects == (CardObject(0x9F39, b"\x07"), CardObject(0xFFEE01))


@pytest.mark.parametrize(
    "impossible",
    [
        CardObject(0xE1, b"value"),
        CardObject(0x9F39, children=(CardObject(0x9F39),)),
        CardObject(0xE1, b"", Form.MASKED, (CardObject(0x9F39),)),
        CardObject(0x9F),
    ],
)
def test_impossible_objects_are_not_encoded(impossible: CardObject) -> None:
    with pytest.raises(LocalError):
        encode_objects([impossible])


def test_nothing_of_a_value_is_shown() -> None:
    shown = repr(decode_card_answer(tap()))

    assert "<5A: 8 bytes masked>, <5A: 16 bytes encrypted>" in shown
    assert "4761" not in shown


@pytest.mark.parametrize("tag", sorted(CLEAR_CARD_DATA))
@pytest.mark.parametrize("is_nested", [False, True])
def test_card_data_in_the_clear_are_refused(tag: int, *, is_nested: bool) -> None:
    if is_template(tag):
        return
    clear = CardObject(tag, b"\x41\x11")
    objects = (CardObject(0xFF8105, children=(clear,)),) if is_nested else (clear,)
    data = encode_card_answer(CardAnswer(Attribution(0xC1), objects))

    with pytest.raises(ReaderEncryptionOff):
        decode_card_answer(data)


@pytest.mark.parametrize(
    ("tag", "masked"),
    [
        (emv.PAN, bytes.fromhex("4111111111111111")),
        (emv.TRACK_2_EQUIVALENT_DATA, bytes.fromhex("4242424242424242D3412CCCCCCF")),
        (emv.TRACK_1_EQUIVALENT_DATA, b"*4242424242424242^ /^3412***"),
    ],
)
def test_a_mask_that_hides_nothing_is_refused(tag: int, masked: bytes) -> None:
    objects = (CardObject(tag, masked, Form.MASKED),)
    data = encode_card_answer(CardAnswer(Attribution(0xC1), objects))

    with pytest.raises(ReaderEncryptionOff):
        decode_card_answer(data)


def test_a_mask_in_letters_may_have_the_expiry_date() -> None:
    masked = b"*4242********4242^ /^3412201*************"
    objects = (CardObject(emv.TRACK_1_EQUIVALENT_DATA, masked, Form.MASKED),)
    answer = CardAnswer(Attribution(0xD1), objects)

    assert decode_card_answer(encode_card_answer(answer)) == answer


def test_combined_tracks_are_refused_where_stripes_are_not_encrypted() -> None:
    tracks = (CardObject(COMBINED_TRACKS, bytes(40)),)
    sealed = encode_card_answer(CardAnswer(Attribution(0xD1), tracks))
    clear = encode_card_answer(CardAnswer(Attribution(0x91), tracks))

    assert decode_card_answer(sealed).objects == tracks
    with pytest.raises(ReaderEncryptionOff):
        decode_card_answer(clear)


def test_card_data_without_attribution_are_refused() -> None:
    with pytest.raises(FrameError):
        decode_card_answer(b"")


@pytest.mark.parametrize("interface", list(Interface))
def test_an_attribution_says_where_a_card_was_read(interface: Interface) -> None:
    sealed = attribution_of(interface, uses_aes=True)
    clear = attribution_of(interface, encrypts=False)

    assert (sealed.interface, sealed.encrypts, sealed.uses_aes) == (
        interface,
        True,
        True,
    )
    assert (clear.interface, clear.encrypts, clear.uses_aes) == (
        interface,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("byte", "interface", "encrypts"),
    [
        (0xC1, Interface.CONTACTLESS, True),
        (0xE1, Interface.CONTACTLESS, True),
        (0xD1, Interface.CONTACTLESS_STRIPE, True),
        (0x80, Interface.CONTACT, True),
        (0x40, Interface.CONTACT, False),
        (0x48, Interface.SWIPE, True),
        (0x88, Interface.SWIPE, False),
        (0x91, Interface.CONTACTLESS_STRIPE, False),
    ],
)
def test_stripes_and_chips_are_encrypted_by_bits_of_their_own(
    byte: int, interface: Interface, *, encrypts: bool
) -> None:
    attribution = Attribution(byte)

    assert (attribution.interface, attribution.encrypts) == (interface, encrypts)


def test_walking_meets_parents_before_children() -> None:
    inner = CardObject(0x9F39, b"\x07")
    outer = CardObject(0xE1, children=(inner,))

    assert list(walk([outer])) == [outer, inner]
