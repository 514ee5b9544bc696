"""MMS notifications and card data against published frames, and against each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import mms_frames

from drivers.errors import FrameError, ReaderEncryptionOff, RemoteError
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.card_data import (
    Arpc,
    Arqc,
    Batch,
    EncryptedData,
    decode_arpc,
    decode_arqc,
    decode_batch,
    encode_arpc,
    encode_arqc,
    encode_batch,
)
from drivers.protocol.magtek_mms.message import (
    Notification,
    decode,
    encode,
    payload_of,
)
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    DeviceState,
    DeviceUpdate,
    DisplayRequest,
    InterfaceEvent,
    InterfaceUpdate,
    Notice,
    Outcome,
    Technology,
    TransactionComplete,
    Unrecognised,
    from_notification,
    to_notification,
)
from drivers.protocol.tlv import Tlv

FRAMES = mms_frames()
OCTETS = st.integers(0, 0xFF)
ENCRYPTED = st.builds(
    EncryptedData, st.binary(max_size=160), st.binary(max_size=12), OCTETS, OCTETS
)
ARQCS = st.builds(
    Arqc,
    serial_number=st.binary(max_size=16),
    encrypted=ENCRYPTED,
    fallback=OCTETS,
    card_type=OCTETS,
    masked_track_2=st.none() | st.text("0123456789;=?*", max_size=40),
    cardholder_name=st.none() | st.binary(max_size=26),
    service_code=st.none() | st.binary(min_size=2, max_size=2),
    mac_ksn=st.binary(min_size=10, max_size=10),
)
BATCHES = st.builds(Batch, st.none() | OCTETS, st.none() | ENCRYPTED)
SCRIPT = Tlv(0x72, children=(Tlv(0x9F18, bytes(4)), Tlv(0x86, b"\x84\x1e\0\0\0")))
ARPCS = st.builds(
    Arpc,
    serial_number=st.binary(max_size=16),
    response_code=st.binary(min_size=2, max_size=2),
    authentication_data=st.binary(max_size=16),
    scripts=st.lists(st.just(SCRIPT), max_size=2).map(tuple),
)
TECHNOLOGIES = st.sampled_from(Technology)
NOTICES = st.one_of(
    st.builds(CardUpdate, TECHNOLOGIES, st.sampled_from(CardChange), OCTETS),
    st.builds(
        CardData, TECHNOLOGIES, st.sampled_from(DataKind), st.binary(max_size=40)
    ),
    st.builds(TransactionComplete, OCTETS, st.integers(0, 0xFFFF), OCTETS),
    st.builds(DeviceUpdate, st.sampled_from(DeviceState)),
    st.builds(DisplayRequest, OCTETS, OCTETS),
    st.builds(InterfaceUpdate, st.sampled_from(InterfaceEvent)),
)


def notice_in(frame: bytes) -> Notice:
    message = decode(frame)
    assert isinstance(message, Notification)
    return from_notification(message)


def blob_of(template: Tlv) -> bytes:
    data = tlv.encode([template])
    return len(data).to_bytes(2, "big") + data


def published_arqc_blob() -> bytes:
    notice = notice_in(FRAMES["arqc, rebuilt"])
    assert isinstance(notice, CardData)
    return notice.blob


@pytest.mark.parametrize(
    ("name", "notice"),
    [
        ("inserted", CardUpdate(Technology.CONTACT, CardChange.INSERTED)),
        ("tapped", CardUpdate(Technology.CONTACTLESS, CardChange.DETECTED)),
        ("swiped", CardUpdate(Technology.SWIPE, CardChange.SWIPED)),
        ("removed", CardUpdate(Technology.CONTACT, CardChange.REMOVED)),
        ("timed out", TransactionComplete(Technology.NONE, Outcome.TIMED_OUT)),
        (
            "canceled by host",
            TransactionComplete(Technology.NONE, Outcome.CANCELED_BY_HOST),
        ),
        (
            "firmware loaded",
            Unrecognised(Notification(0x0905, 0x08010903)),
        ),
    ],
)
def test_published_notification_is_understood_and_made(
    name: str, notice: Notice
) -> None:
    assert notice_in(FRAMES[name]) == notice
    assert encode(to_notification(notice)) == FRAMES[name]


def test_published_arqc_is_understood() -> None:
    arqc = decode_arqc(published_arqc_blob())

    assert arqc.serial_number == b"B000001SIMULATE"
    assert arqc.fallback == 0
    assert arqc.card_type == 5
    assert arqc.masked_track_2 is not None
    assert arqc.masked_track_2.startswith(";476173")
    assert arqc.service_code == bytes.fromhex("0201")
    assert arqc.encrypted.ksn == bytes.fromhex("FFFF9876543210E00001")
    assert arqc.encrypted.padding_count == 1
    assert len(arqc.encrypted.ciphertext) == 144


def test_published_arqc_encodes_to_the_same_bytes() -> None:
    blob = published_arqc_blob()
    notice = CardData(Technology.CONTACT, DataKind.ARQC, encode_arqc(decode_arqc(blob)))

    assert encode(to_notification(notice)) == FRAMES["arqc, rebuilt"]


def test_mac_in_place_of_padding_is_ignored() -> None:
    blob = published_arqc_blob()
    length = 2 + int.from_bytes(blob[:2], "big")

    assert decode_arqc(blob[:length] + b"\x11\x22\x33\x44") == decode_arqc(blob)


def test_published_issuer_answer_encodes_to_the_same_bytes() -> None:
    answer = Arpc(bytes.fromhex("0011223344556677"), b"00")

    assert encode_arpc(answer).hex().upper() == (
        "FF7414DFDF25080011223344556677FA0670048A023030"
    )


def test_repr_of_an_arqc_hides_the_cardholder() -> None:
    assert "CARDHOLDER" not in repr(decode_arqc(published_arqc_blob()))


@pytest.mark.parametrize("clear", [Tlv(0x5A, b"\x47\x61"), Tlv(0x57, b"\x47")])
def test_card_data_in_the_clear_are_refused(clear: Tlv) -> None:
    card = Tlv(0xF9, children=(Tlv(0xFA, children=(Tlv(0x70, children=(clear,)),)),))

    with pytest.raises(ReaderEncryptionOff, match="clear"):
        decode_arqc(blob_of(card))


def test_arqc_without_encrypted_data_is_refused() -> None:
    card = Tlv(0xF9, children=(Tlv(0xFA, children=(Tlv(0x70),)),))

    with pytest.raises(ReaderEncryptionOff, match="no encrypted"):
        decode_arqc(blob_of(card))


@pytest.mark.parametrize("blob", ["", "0004F900", "0002F900", "0002F000"])
def test_blob_that_holds_no_arqc_is_refused(blob: str) -> None:
    with pytest.raises(FrameError):
        decode_arqc(bytes.fromhex(blob))


@pytest.mark.parametrize(
    "blob", ["", "FF7404DFDF2500", "FF7405DFDF2501AA", "FF7404FA027000", "5A08"]
)
def test_blob_that_holds_no_issuer_answer_is_refused(blob: str) -> None:
    with pytest.raises(RemoteError):
        decode_arpc(bytes.fromhex(blob))


def test_issuer_answer_without_response_code_is_refused() -> None:
    with pytest.raises(FrameError, match="response code"):
        decode_arpc(bytes.fromhex("FF7409DFDF2501AAFA027000"))


@pytest.mark.parametrize(
    "notification",
    [
        Notification(0x0101, 0x00100100),
        Notification(0x0101, 0x10080201),
        Notification(0x1001, 0x03000000),
        Notification(0x1803, 0x01000000),
        Notification(0x1803, 0, payload=payload_of(0x1803, [Tlv(0x81, b"\x01")])),
        Notification(0x1803, 0, payload=bytes.fromhex("1803 810101 82020101")),
        Notification(0x1805, 0x09090909),
        Notification(0x0205, 0x01020304, payload=b"\x01"),
    ],
)
def test_unknown_notification_is_kept_whole(notification: Notification) -> None:
    notice = from_notification(notification)

    assert notice == Unrecognised(notification)
    assert to_notification(notice) == notification


def test_unknown_outcome_keeps_its_bytes() -> None:
    notice = from_notification(Notification(0x0105, 0x10027F03))

    assert notice == TransactionComplete(Technology.CONTACT, 0x027F, extension=3)


def test_announced_but_absent_card_data_are_refused() -> None:
    for payload in (None, payload_of(0x0101)):
        with pytest.raises(FrameError):
            from_notification(Notification(0x0101, 0x10080202, payload=payload))


@given(NOTICES)
def test_notices_survive_the_wire(notice: Notice) -> None:
    assert notice_in(encode(to_notification(notice))) == notice


@given(ARQCS)
def test_arqcs_decode_to_themselves(arqc: Arqc) -> None:
    blob = encode_arqc(arqc)

    assert decode_arqc(blob) == arqc
    assert len(blob) % 8 == 2


@given(BATCHES)
def test_batches_decode_to_themselves(batch: Batch) -> None:
    assert decode_batch(encode_batch(batch)) == batch


@given(ARPCS)
def test_issuer_answers_decode_to_themselves(arpc: Arpc) -> None:
    assert decode_arpc(encode_arpc(arpc)) == arpc


@given(st.binary(max_size=80))
def test_noise_for_card_data_is_refused_and_nothing_worse(noise: bytes) -> None:
    for decode_blob in (decode_arqc, decode_batch, decode_arpc):
        try:
            decode_blob(len(noise).to_bytes(2, "big") + noise)
        except (RemoteError, ReaderEncryptionOff):
            continue
