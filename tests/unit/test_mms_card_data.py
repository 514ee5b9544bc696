"""The blobs around MMS card data: a published one, round trips, and refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import mms_frames

from drivers.errors import FrameError, ReaderEncryptionOff, RemoteError
from drivers.features import Point, Signature
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.card_data import (
    Arpc,
    Arqc,
    Batch,
    decode_arpc,
    decode_arqc,
    decode_batch,
    encode_arpc,
    encode_arqc,
    encode_batch,
)
from drivers.protocol.magtek_mms.message import Notification, decode, encode
from drivers.protocol.magtek_mms.notifications import (
    CardData,
    DataKind,
    Technology,
    from_notification,
    to_notification,
)
from drivers.protocol.magtek_mms.signatures import COMPACT_HEIGHT, COMPACT_WIDTH
from drivers.protocol.tlv import Tlv

FRAMES = mms_frames()
OCTETS = st.integers(0, 0xFF)
AMOUNTS = st.integers(0, 10**12 - 1)
MACS = st.just(b"") | st.binary(min_size=4, max_size=4)
POINTS = st.builds(Point, st.integers(0, 0xFC), st.integers(0, 0x77))
STROKES = st.lists(POINTS, min_size=1, max_size=5).map(tuple)
SIGNATURES = st.builds(
    Signature,
    st.lists(STROKES, min_size=1, max_size=3).map(tuple),
    st.just(COMPACT_WIDTH),
    st.just(COMPACT_HEIGHT),
)
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
    tip=st.none() | AMOUNTS,
    tax=st.none() | AMOUNTS,
    mac=MACS,
)
BATCHES = st.builds(
    Batch,
    st.none() | OCTETS,
    st.none() | ENCRYPTED,
    serial_number=st.binary(max_size=16),
    signature=st.none() | SIGNATURES,
    mac=MACS,
)
SCRIPT = bytes.fromhex("72810E9F180400000000860584 1E000000")
ARPCS = st.builds(
    Arpc,
    serial_number=st.binary(max_size=16),
    response_code=st.binary(min_size=2, max_size=2),
    authentication_data=st.binary(max_size=16),
    scripts=st.lists(st.just(SCRIPT), max_size=2).map(b"".join),
)


def blob_of(template: Tlv) -> bytes:
    data = tlv.encode([template])
    return len(data).to_bytes(2, "big") + data


def published_arqc_blob() -> bytes:
    notification = decode(FRAMES["arqc, rebuilt"])
    assert isinstance(notification, Notification)
    notice = from_notification(notification)
    assert isinstance(notice, CardData)
    return notice.blob


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


@pytest.mark.parametrize(
    "blob", ["", "0004F900", "0002F900", "0002F000", "0004F902FA00"]
)
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


def test_mac_behind_the_padding_is_told_apart_from_it() -> None:
    blob = published_arqc_blob()

    with_mac = decode_arqc(blob + b"\x11\x22\x33\x44")

    assert with_mac.mac == b"\x11\x22\x33\x44"
    assert encode_arqc(with_mac) == blob + b"\x11\x22\x33\x44"
    assert decode_arqc(blob).mac == b""


def test_stripe_is_masked_under_a_tag_of_its_own() -> None:
    encrypted = Tlv(0xF8, children=(Tlv(0xDFDF59, bytes(8)), Tlv(0xDFDF56, bytes(10))))
    card = (Tlv(0xDFDF33, b";4761*0010="), encrypted)
    generic = Tlv(0xFA, children=(Tlv(0x70, children=card),))

    arqc = decode_arqc(blob_of(Tlv(0xF9, children=(generic,))))

    assert arqc.masked_track_2 == ";4761*0010="


@pytest.mark.parametrize("clear", [Tlv(0x5A, b"\x47\x61"), Tlv(0x57, b"\x47")])
def test_record_with_card_data_in_the_clear_is_refused(clear: Tlv) -> None:
    record = Tlv(0xF0, children=(Tlv(0xF2, children=(clear,)),))
    generic = Tlv(0xFA, children=(record,))

    with pytest.raises(ReaderEncryptionOff):
        decode_batch(blob_of(Tlv(0xF9, children=(generic,))))


@given(ARQCS)
def test_arqcs_decode_to_themselves(arqc: Arqc) -> None:
    blob = encode_arqc(arqc)

    assert decode_arqc(blob) == arqc
    assert len(blob) % 8 == (6 if arqc.mac else 2)


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
