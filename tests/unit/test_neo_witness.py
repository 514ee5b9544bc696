"""What may be kept of NEO frames: enough to replay them, and never card data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import neo_frames, neo_msr_block

from drivers.protocol import emv
from drivers.protocol.idtech_neo import commands, events, msr_block
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
)
from drivers.protocol.idtech_neo.activate import (
    Interface as Interfaces,
)
from drivers.protocol.idtech_neo.basic import Ping
from drivers.protocol.idtech_neo.card_answer import (
    COMBINED_TRACKS,
    ERROR,
    KSN,
    MSR_BLOCK,
    CardAnswer,
    Interface,
    attribution_of,
    decode_card_answer,
    encode_card_answer,
)
from drivers.protocol.idtech_neo.commands import Command, OtherCommand
from drivers.protocol.idtech_neo.display import DisplayMode, DisplayText, Line
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject, Form
from drivers.protocol.idtech_neo.events import DisplayRequested, PinRequested
from drivers.protocol.idtech_neo.frame import (
    Frame,
    decode,
    encode_answer,
    encode_command,
)
from drivers.protocol.idtech_neo.witness import harmless_answer, harmless_command
from drivers.protocol.tlv import Tlv

PAN = "4000056655665556"
CIPHERTEXT = bytes.fromhex("B1311F6255552DCEB486A485D34348E9")
KEY = bytes.fromhex("FFFF9876543210E00001")
CONTACT = attribution_of(Interface.CONTACT)
ANSWERS = neo_frames("answers")
COMMANDS = neo_frames("commands")


def kept_answer(frame: Frame) -> Frame | None:
    copy = harmless_answer(encode_answer(frame))
    return None if copy is None else decode(copy)


def kept_command(command: Command) -> Command | None:
    copy = harmless_command(encode_command(commands.to_frame(command)))
    return None if copy is None else commands.from_frame(decode(copy))


def kept_objects(*objects: CardObject) -> tuple[CardObject, ...]:
    data = encode_card_answer(CardAnswer(CONTACT, objects))
    copy = kept_answer(Frame(0x02, 0x23, data))
    assert copy is not None
    assert copy.code == 0x23
    return decode_card_answer(copy.data).objects


def shows_card_data(data: bytes) -> bool:
    text = data.decode("latin-1").replace(" ", "")
    return PAN in text or PAN in data.hex() or PAN.encode().hex() in text


def test_card_data_keep_ciphertext_and_key_serial_number_and_masked_values() -> None:
    masked = CardObject(emv.PAN, bytes.fromhex("400005CCCCCC5556"), Form.MASKED)
    encrypted = CardObject(emv.PAN, CIPHERTEXT, Form.ENCRYPTED)
    ksn = CardObject(KSN, KEY)
    amount = CardObject(emv.AMOUNT_AUTHORISED, bytes.fromhex("000000001234"))

    assert kept_objects(ksn, masked, encrypted, amount) == (
        ksn,
        masked,
        encrypted,
        amount,
    )


def test_masked_track_shows_nothing_but_the_ends_of_its_number() -> None:
    track = bytes.fromhex("4000CCCCCCCC5556D3412CCCCCCCCCCCCF")
    masked = CardObject(emv.TRACK_2_EQUIVALENT_DATA, track, Form.MASKED)

    (copy,) = kept_objects(masked)

    assert copy.value == bytes.fromhex("4000CCCCCCCC5556DCCCCCCCCCCCCCCCCF")


def test_what_no_table_calls_harmless_is_blanked_at_any_depth() -> None:
    name = CardObject(emv.CARDHOLDER_NAME, b"DOE/JANE")
    group = CardObject(0xFFEE01, children=(CardObject(0xDF7F, b"unknown"),))

    assert kept_objects(name, group) == (
        CardObject(emv.CARDHOLDER_NAME, bytes(8)),
        CardObject(0xFFEE01, children=(CardObject(0xDF7F, bytes(7)),)),
    )


def test_ciphertext_that_is_none_is_blanked() -> None:
    claimed = CardObject(emv.PAN, bytes.fromhex(PAN), Form.ENCRYPTED)
    tracks = CardObject(COMBINED_TRACKS, PAN.encode())

    assert kept_objects(claimed, tracks) == (
        CardObject(emv.PAN, bytes(8), Form.ENCRYPTED),
        CardObject(COMBINED_TRACKS, bytes(16)),
    )


def test_swipe_keeps_its_encrypted_tracks_and_loses_their_hashes() -> None:
    swipe = neo_msr_block()
    before = msr_block.decode(swipe)

    (copy,) = kept_objects(CardObject(MSR_BLOCK, swipe))
    after = msr_block.decode(copy.value)

    assert [track.encrypted for track in after.tracks] == [
        track.encrypted for track in before.tracks
    ]
    assert after.ksn == before.ksn
    assert not any(any(track.digest) for track in after.tracks)
    assert any(any(track.digest) for track in before.tracks)


def test_card_data_in_the_clear_are_not_kept_at_all() -> None:
    clear = CardAnswer(CONTACT, (CardObject(emv.PAN, bytes.fromhex(PAN)),))

    assert kept_answer(Frame(0x02, 0x23, encode_card_answer(clear))) is None


def test_failed_read_keeps_its_reason() -> None:
    frame = Frame(
        0x02,
        0x0A,
        encode_card_answer(
            CardAnswer(CONTACT, (CardObject(ERROR, b"\x21\x00\x00\x00"),))
        ),
    )

    assert kept_answer(frame) == frame


@pytest.mark.parametrize(
    "frame",
    [
        Frame(0x18, 0x00),
        Frame(0x29, 0x00, b"VP3300 BLE NEO v1.01.151"),
        Frame(0x12, 0x00, b"907T000001"),
        Frame(0x02, 0x08),
        Frame(0x62, 0x00),
        Frame(0x61, 0x00, b"\x01\x02"),
        Frame(0x14, 0x01, b"VP3300"),
        Frame(0xF1, 0x00),
        Frame(0x81, 0x00, b"\x02\x0a" + KEY),
    ],
)
def test_what_steers_the_conversation_is_kept_whole(frame: Frame) -> None:
    assert kept_answer(frame) == frame


@pytest.mark.parametrize(
    "frame",
    [
        Frame(0x62, 0x00, b"\x001234567890"),
        Frame(0x83, 0x00, b"\x02\x01\x00typed"),
        Frame(0x2C, 0x00, b"\x70\x12a record"),
        Frame(0x99, 0x00, b"whatever"),
        Frame(0x61, 0x77, b"whatever"),
        Frame(0x60, 0x00, b"\x80\x5a"),
    ],
)
def test_what_nobody_vouches_for_is_not_kept(frame: Frame) -> None:
    assert kept_answer(frame) is None


def test_text_is_kept_unless_it_shows_a_number() -> None:
    shown = DisplayText(DisplayMode.TEXT, (Line(1, "PLEASE WAIT"), Line(2, PAN)))
    harmless = DisplayText(
        DisplayMode.TEXT, (Line(1, "PLEASE WAIT"), Line(2, "*" * 16))
    )

    assert kept_command(shown) == harmless
    copy = kept_answer(events.to_frame(DisplayRequested(shown)))
    assert copy is not None
    assert events.from_frame(copy) == DisplayRequested(harmless)


def test_request_for_a_pin_is_kept_without_the_card() -> None:
    asked = Frame(0x61, 0x02, b"\x01" + bytes.fromhex(PAN))

    copy = kept_answer(asked)

    assert copy is not None
    assert events.from_frame(copy) == PinRequested(1)
    assert not shows_card_data(copy.data)


def test_start_of_a_transaction_is_kept_but_for_what_no_table_calls_harmless() -> None:
    amount = Tlv(emv.AMOUNT_AUTHORISED, bytes.fromhex("000000001234"))
    start = ActivateTransaction(
        30, (amount, Tlv(0x5A, bytes.fromhex(PAN))), Interfaces.MSR
    )

    assert kept_command(Ping()) == Ping()
    assert kept_command(start) == ActivateTransaction(
        30, (amount, Tlv(0x5A, bytes(8))), Interfaces.MSR
    )
    assert kept_command(OtherCommand(Frame(0x77, 0x01, b"x"))) is None


SECRETS = st.sampled_from(
    [
        PAN.encode(),
        f";{PAN}=25121010000012300000?".encode(),
        " ".join(PAN).encode(),
        bytes.fromhex(PAN),
        bytes.fromhex(f"{PAN}D2512101000001230F"),
        b"\x5a\x08" + bytes.fromhex(PAN),
    ]
)
EMV_TAGS = (0x50, 0x57, 0x5A, 0x5F20, 0x9F02, 0x9F1F, 0x9F39, 0x9F6B)
OWN_TAGS = (
    0xDF31,
    0xDFEE12,
    0xDFEE23,
    0xDFEE25,
    0xDFEF17,
    0xDFEF4C,
    0xDFEF4D,
    0xFFEE1F,
)
TAGS = st.sampled_from(EMV_TAGS + OWN_TAGS)
NO_CHILDREN: st.SearchStrategy[tuple[CardObject, ...]] = st.just(())
LEAVES = st.builds(
    CardObject,
    TAGS,
    SECRETS | st.binary(max_size=3),
    st.sampled_from(Form),
    NO_CHILDREN,
)
FORESTS = st.recursive(
    st.lists(LEAVES, max_size=4).map(tuple),
    lambda inner: st.lists(
        LEAVES
        | st.builds(
            CardObject,
            st.sampled_from((0x70, 0xFFEE01)),
            st.just(b""),
            st.just(Form.PLAIN),
            inner,
        ),
        max_size=4,
    ).map(tuple),
    max_leaves=12,
)
ATTRIBUTIONS = st.builds(
    attribution_of, st.sampled_from(Interface), encrypts=st.booleans()
)


@given(
    st.builds(CardAnswer, ATTRIBUTIONS, FORESTS),
    st.sampled_from([0x02, 0x03, 0x60]),
    st.sampled_from([0x00, 0x0A, 0x23]),
)
def test_no_copy_of_a_read_shows_card_data(
    answer: CardAnswer, command: int, status: int
) -> None:
    frame = Frame(command, status, encode_card_answer(answer))

    copy = harmless_answer(encode_answer(frame))

    assert copy is None or not shows_card_data(copy)


@given(st.integers(0, 0xFF), st.integers(0, 0xFF), st.binary(max_size=6), SECRETS)
def test_no_copy_of_any_frame_shows_card_data(
    command: int, code: int, before: bytes, secret: bytes
) -> None:
    frame = Frame(command, code, before + secret)

    answer = harmless_answer(encode_answer(frame))
    request = harmless_command(encode_command(frame))

    assert answer is None or not shows_card_data(answer)
    assert request is None or not shows_card_data(request)


@pytest.mark.parametrize("frame", ANSWERS.values(), ids=ANSWERS)
def test_copy_of_a_copied_answer_is_the_same(frame: bytes) -> None:
    copy = harmless_answer(frame)

    assert copy is None or harmless_answer(copy) == copy


@pytest.mark.parametrize("frame", COMMANDS.values(), ids=COMMANDS)
def test_copy_of_a_copied_command_is_the_same(frame: bytes) -> None:
    copy = harmless_command(frame)

    assert copy is None or harmless_command(copy) == copy


@given(st.binary(max_size=60))
def test_noise_is_not_kept(data: bytes) -> None:
    assert harmless_answer(data) is None
    assert harmless_command(data) is None
