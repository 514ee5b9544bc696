"""What may be kept of MMS messages: enough to replay them, and never card data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import mms_frames

from drivers.features import Point, Signature
from drivers.protocol.magtek_mms.barcode import BarcodeContent
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
from drivers.protocol.magtek_mms.commands import Command, from_request, to_request
from drivers.protocol.magtek_mms.control import CancelTransaction, ResumeTransaction
from drivers.protocol.magtek_mms.device_notices import (
    DeviceState,
    DeviceUpdate,
    IdleBarcode,
    IdleTag,
)
from drivers.protocol.magtek_mms.ids import CommandId, NotificationId
from drivers.protocol.magtek_mms.interface_notices import (
    BarcodeRead,
    DisplayRequest,
    SelectionRequest,
)
from drivers.protocol.magtek_mms.message import (
    DataFile,
    Message,
    Notification,
    Request,
    Response,
    decode,
    encode,
    payload_of,
)
from drivers.protocol.magtek_mms.notifications import (
    BarcodePresented,
    CardData,
    DataKind,
    Notice,
    from_notification,
    to_notification,
)
from drivers.protocol.magtek_mms.pin import EncryptedPinBlock
from drivers.protocol.magtek_mms.pin_notices import PinEntered
from drivers.protocol.magtek_mms.properties import (
    SERIAL_NUMBER,
    SetProperty,
    answer_parameters,
)
from drivers.protocol.magtek_mms.start import Contactless, Options, StartTransaction
from drivers.protocol.magtek_mms.status import DONE
from drivers.protocol.magtek_mms.witness import harmless
from drivers.protocol.tlv import Tlv

PAN = "4000056655665556"
TRACK_2 = f";{PAN}=25121010000012300000?"
CIPHERTEXT = bytes.fromhex("B1311F6255552DCEB486A485D34348E9")
KSN = bytes.fromhex("FFFF9876543210E00001")
FRAMES = mms_frames()


def kept(message: Message) -> Message | None:
    copy = harmless(encode(message))
    return None if copy is None else decode(copy)


def kept_notice(notice: Notice) -> Notice | None:
    copy = kept(to_notification(notice))
    if copy is None:
        return None
    assert isinstance(copy, Notification)
    return from_notification(copy)


def kept_command(command: Command) -> Command | None:
    copy = kept(to_request(command, 7))
    if copy is None:
        return None
    assert isinstance(copy, Request)
    assert copy.reference == 7
    return from_request(copy)


def shows_card_data(data: bytes) -> bool:
    text = data.decode("latin-1").replace(" ", "")
    return PAN in text or PAN in data.hex() or PAN.encode().hex() in text


def test_card_data_keep_ciphertext_key_serial_number_and_masked_track() -> None:
    arqc = Arqc(
        b"B1234567",
        EncryptedData(CIPHERTEXT, KSN),
        masked_track_2=TRACK_2,
        cardholder_name=b"DOE/JANE",
        service_code=b"\x02\x01",
    )
    card = CardData(0x10, DataKind.ARQC, encode_arqc(arqc))

    copy = kept_notice(card)

    assert isinstance(copy, CardData)
    assert decode_arqc(copy.blob) == Arqc(
        b"B1234567",
        EncryptedData(CIPHERTEXT, KSN),
        masked_track_2=";400005******5556=********************?",
    )


def test_ciphertext_that_is_none_is_blanked() -> None:
    blob = encode_arqc(Arqc(b"", EncryptedData(bytes.fromhex(PAN), KSN)))

    copy = kept_notice(CardData(0x10, DataKind.ARQC, blob))

    assert isinstance(copy, CardData)
    assert decode_arqc(copy.blob).encrypted == EncryptedData(bytes(8), KSN)


def test_record_of_a_transaction_keeps_its_ciphertext_and_no_signature() -> None:
    signature = Signature(((Point(1, 2), Point(3, 4)),), width=100, height=50)
    batch = Batch(0, EncryptedData(CIPHERTEXT, KSN), b"B1", signature=signature)
    card = CardData(0x10, DataKind.BATCH, encode_batch(batch))

    copy = kept_notice(card)

    assert isinstance(copy, CardData)
    assert decode_batch(copy.blob) == Batch(0, EncryptedData(CIPHERTEXT, KSN), b"B1")


def test_issuers_answer_is_kept_without_its_scripts() -> None:
    arpc = Arpc(b"B1", b"00", bytes(8), scripts=bytes.fromhex("7103860178"))

    copy = kept_command(ResumeTransaction(encode_arpc(arpc)))

    assert isinstance(copy, ResumeTransaction)
    assert decode_arpc(copy.arpc_blob) == Arpc(b"B1", b"00", bytes(8))


def test_start_of_a_transaction_is_kept_but_for_what_no_table_calls_harmless() -> None:
    amount = Tlv(0x9F02, bytes.fromhex("000000001234"))
    start = StartTransaction(
        timeout_s=30,
        swipe=True,
        insert=True,
        contactless=Contactless.EMV,
        options=Options.DYNAPRO_FORMAT,
        emv_data=(amount, Tlv(0x5A, bytes.fromhex(PAN))),
    )

    copy = kept_command(start)

    assert isinstance(copy, StartTransaction)
    assert copy.emv_data == (amount, Tlv(0x5A, bytes(8)))


@pytest.mark.parametrize(
    "notice",
    [
        BarcodePresented(0, PAN.encode()),
        BarcodeRead(0, PAN.encode()),
        IdleBarcode(0, PAN.encode()),
    ],
)
def test_scanned_code_is_blanked(
    notice: BarcodePresented | BarcodeRead | IdleBarcode,
) -> None:
    copy = kept_notice(notice)

    assert isinstance(copy, type(notice))
    assert content_of(copy) == bytes(16)


def test_encrypted_code_is_kept() -> None:
    notice = BarcodeRead(1, EncryptedData(CIPHERTEXT, KSN))

    assert kept_notice(notice) == notice


def content_of(notice: object) -> BarcodeContent:
    assert isinstance(notice, BarcodePresented | BarcodeRead | IdleBarcode)
    return notice.content


def test_pin_block_and_tag_are_blanked() -> None:
    pin = EncryptedPinBlock(b"12345678", KSN, block_format=0, encryption_type=0x80)

    assert kept_notice(PinEntered(pin)) == PinEntered(
        EncryptedPinBlock(bytes(8), KSN, block_format=0, encryption_type=0x80)
    )
    assert kept_notice(IdleTag(1, b"\x04abc")) == IdleTag(1, bytes(4))
    assert kept_notice(IdleTag(1, None)) == IdleTag(1, None)


def test_text_is_kept_unless_it_shows_a_number() -> None:
    assert kept_notice(DisplayRequest(("PRESENT CARD", f"NO. {PAN}"))) == (
        DisplayRequest(("PRESENT CARD", "*" * 20))
    )
    assert kept_notice(SelectionRequest(30, ("TIP?", "15%"))) == (
        SelectionRequest(30, ("TIP?", "15%"))
    )


def test_property_is_kept_where_it_is_known() -> None:
    known = Response(
        1,
        CommandId.GET_PROPERTY,
        DONE,
        payload=payload_of(
            CommandId.GET_PROPERTY, answer_parameters(SERIAL_NUMBER, b"B1234567")
        ),
    )
    other = answer_parameters((1, 2, 3), b"secret")
    unknown = Response(
        1,
        CommandId.GET_PROPERTY,
        DONE,
        payload=payload_of(CommandId.GET_PROPERTY, other),
    )

    assert kept(known) == known
    assert kept(unknown) == Response(
        1,
        CommandId.GET_PROPERTY,
        DONE,
        payload=payload_of(
            CommandId.GET_PROPERTY, answer_parameters((1, 2, 3), bytes(6))
        ),
    )


@pytest.mark.parametrize(
    "message",
    [
        DataFile(1, CommandId.GET_FILE, 0x01000000, b"a signature"),
        to_request(SetProperty((1, 2, 3), b"secret"), 1),
        Request(1, CommandId.PASS_TO_DESFIRE_TAG, b"\x11\x02\x81\x01x"),
        Request(1, 0x7777, b"\x77\x77"),
        Notification(0x7777, 1, payload=b"\x77\x77"),
        to_notification(CardData(0x20, DataKind.NFC_UID, b"\x04abc")),
    ],
)
def test_what_nobody_vouches_for_is_not_kept(message: Message) -> None:
    assert kept(message) is None


@pytest.mark.parametrize("data", [b"", b"\xaa", b"\xaa\x00\x81", bytes(50)])
def test_what_is_no_message_is_not_kept(data: bytes) -> None:
    assert harmless(data) is None


def test_what_steers_the_conversation_is_kept_whole() -> None:
    restart = DeviceUpdate(DeviceState.BATTERY_LOW, 5, payload=b"\x10\x01more")

    assert kept_command(CancelTransaction()) == CancelTransaction()
    assert kept_notice(restart) == DeviceUpdate(DeviceState.BATTERY_LOW, 5)
    answer = Response(
        3, CommandId.START_TRANSACTION, DONE, payload=b"\x10\x01\x81\x01x"
    )
    assert kept(answer) == Response(
        3, CommandId.START_TRANSACTION, DONE, payload=b"\x10\x01"
    )


SECRETS = st.sampled_from(
    [
        PAN.encode(),
        TRACK_2.encode(),
        " ".join(PAN).encode(),
        PAN.encode().hex().encode(),
        bytes.fromhex(PAN),
        bytes.fromhex(f"{PAN}D2512101000001230F"),
        bytes.fromhex(f"0{PAN}D"),
        b"\x5a\x08" + bytes.fromhex(PAN),
    ]
)
TAGS = (
    0x50,
    0x57,
    0x5A,
    0x81,
    0x82,
    0x83,
    0x84,
    0x85,
    0x87,
    0x89,
    0x99,
    0xC1,
    0xC2,
    0x9F02,
)
LONG_TAGS = (0x9F1F, 0xDF74, 0xDFDF25, 0xDFDF41, 0xDFDF4D, 0xDFDF53, 0xDFDF56, 0xDFDF59)
TEMPLATES = (0x70, 0xA2, 0xA3, 0xE1, 0xF0, 0xF1, 0xF5, 0xF8, 0xF9, 0xFA, 0xFC, 0xFF74)
VALUES = SECRETS | st.binary(max_size=4)
LEAVES = st.builds(Tlv, st.sampled_from(TAGS + LONG_TAGS), VALUES, st.just(()))
FORESTS = st.recursive(
    st.lists(LEAVES, max_size=4).map(tuple),
    lambda inner: st.lists(
        LEAVES | st.builds(Tlv, st.sampled_from(TEMPLATES), st.just(b""), inner),
        max_size=4,
    ).map(tuple),
    max_leaves=12,
)
COMMAND_IDS = st.sampled_from(CommandId)
DETAILS = (
    st.sampled_from([0x10080202, 0x10080302, 0x20080402, 0x30080002, 0x01020101])
    | st.sampled_from([0x02010100, 0x02020000, 0x04030100, 0x01000100, 0x01010101])
    | st.integers(0, 0xFFFFFFFF)
)
TEXTS = st.sampled_from([PAN, f"CARD {PAN}", " ".join(PAN)])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Messages of every kind with card data in every place that has room for them."""
    command = draw(COMMAND_IDS)
    forest = draw(FORESTS)
    match draw(st.integers(0, 4)):
        case 0:
            return encode(Request(1, command, payload_of(command, forest)))
        case 1:
            payload = payload_of(command, forest)
            return encode(Response(1, command, DONE, draw(VALUES), payload))
        case 2:
            id_ = draw(st.sampled_from(NotificationId))
            payload = payload_of(id_, forest)
            return encode(Notification(id_, draw(DETAILS), draw(VALUES), payload))
        case 3:
            return encode(DataFile(1, command, 0x01000000, draw(VALUES)))
        case _:
            sealed = EncryptedData(draw(SECRETS), draw(SECRETS))
            arqc = Arqc(
                draw(SECRETS),
                sealed,
                masked_track_2=draw(TEXTS),
                cardholder_name=draw(SECRETS),
                service_code=draw(SECRETS),
                mac_ksn=draw(SECRETS),
            )
            blob = encode_arqc(arqc)
            return encode(to_notification(CardData(0x10, DataKind.ARQC, blob)))


@given(messages())
def test_no_copy_shows_card_data_wherever_they_stood(message: bytes) -> None:
    copy = harmless(message)

    assert copy is None or not shows_card_data(copy)


@given(st.binary(max_size=200))
def test_noise_is_survived(data: bytes) -> None:
    copy = harmless(b"\xaa\x00\x81\x04" + data)

    assert copy is None or harmless(copy) == copy


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_copy_of_a_copy_is_the_same(frame: bytes) -> None:
    copy = harmless(frame)

    assert copy is None or harmless(copy) == copy
