"""MMS notifications against published frames, and each against its own decoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import mms_frames

from drivers.errors import FrameError, RemoteError
from drivers.protocol.magtek_mms.barcode import BarcodeKind
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.device_notices import (
    DeviceState,
    DeviceUpdate,
    IdleBarcode,
    IdleTag,
    IdleTouch,
)
from drivers.protocol.magtek_mms.firmware_notices import (
    FirmwareOutcome,
    FirmwareStep,
    FirmwareUpdate,
)
from drivers.protocol.magtek_mms.ids import NotificationId
from drivers.protocol.magtek_mms.interface_notices import (
    BarcodeRead,
    ButtonTouched,
    ClearDisplayRequest,
    DisplayRequest,
    InterfaceEvent,
    InterfaceUpdate,
    SelectionRequest,
    SignatureReady,
)
from drivers.protocol.magtek_mms.message import Notification, decode, encode, payload_of
from drivers.protocol.magtek_mms.nfc import TAG_KINDS
from drivers.protocol.magtek_mms.notifications import (
    BarcodePresented,
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    DeviceDriven,
    Notice,
    Outcome,
    PinTrouble,
    Technology,
    TransactionComplete,
    TransactionNews,
    Unrecognised,
    from_notification,
    to_notification,
)
from drivers.protocol.magtek_mms.pin import EncryptedPinBlock, PinBlock
from drivers.protocol.magtek_mms.pin_notices import (
    PinCardUpdate,
    PinEntered,
    PinFailed,
    PinFailure,
)
from drivers.protocol.tlv import Tlv

FRAMES = mms_frames()
OCTETS = st.integers(0, 0xFF)
WORDS = st.integers(0, 0xFFFF)
BYTES = st.binary(max_size=40)
CARDS = st.sampled_from([each for each in Technology if each is not Technology.BARCODE])
CODES = BYTES | st.builds(EncryptedData, BYTES, BYTES, OCTETS)
TEXTS = st.text("ABC 123.", min_size=1, max_size=20)
LINES = st.lists(TEXTS, min_size=1, max_size=4).map(tuple)
TAGS = st.sampled_from(sorted(TAG_KINDS))
NEWS = st.sampled_from([*PinTrouble, *DeviceDriven])
PINS = st.builds(EncryptedPinBlock, BYTES, BYTES, st.sampled_from(PinBlock), OCTETS)
NOTICES = st.one_of(
    st.builds(CardUpdate, CARDS, st.sampled_from(CardChange), OCTETS),
    st.builds(CardData, CARDS, st.sampled_from(DataKind), BYTES),
    st.builds(BarcodePresented, st.sampled_from(BarcodeKind), CODES),
    st.builds(TransactionNews, CARDS, NEWS),
    st.builds(TransactionComplete, OCTETS, WORDS, OCTETS),
    st.builds(PinCardUpdate, OCTETS, WORDS, OCTETS),
    st.builds(PinEntered, PINS),
    st.builds(PinFailed, st.sampled_from(PinFailure)),
    st.builds(
        FirmwareUpdate, st.sampled_from(FirmwareStep), st.sampled_from(FirmwareOutcome)
    ),
    st.builds(DeviceUpdate, st.sampled_from(DeviceState), OCTETS, st.none() | BYTES),
    st.builds(IdleTag, TAGS, st.none() | st.binary(min_size=4, max_size=10)),
    st.builds(IdleTouch, st.booleans(), WORDS, WORDS),
    st.builds(IdleBarcode, st.sampled_from(BarcodeKind), CODES),
    st.builds(InterfaceUpdate, st.sampled_from(InterfaceEvent)),
    st.builds(SignatureReady, st.integers(0, 0xFFFFFFFF)),
    st.builds(BarcodeRead, st.sampled_from(BarcodeKind), CODES),
    st.builds(DisplayRequest, LINES, st.booleans(), st.booleans()),
    st.just(ClearDisplayRequest()),
    st.builds(SelectionRequest, OCTETS, LINES, st.booleans()),
    st.builds(ButtonTouched, st.integers(2, 5), OCTETS),
)


def notice_in(frame: bytes) -> Notice:
    message = decode(frame)
    assert isinstance(message, Notification)
    return from_notification(message)


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
            FirmwareUpdate(FirmwareStep.LOAD, FirmwareOutcome.DONE),
        ),
        (
            "firmware committed",
            FirmwareUpdate(FirmwareStep.COMMIT, FirmwareOutcome.DONE),
        ),
        ("picture timed out", InterfaceUpdate(InterfaceEvent.MESSAGE_TIMED_OUT)),
        ("tag at the idle reader", IdleTag(0x01, bytes.fromhex("04371F71BF6180"))),
        (
            "restarted",
            DeviceUpdate(
                DeviceState.RESTARTED, payload=bytes.fromhex("1001 810102 820100")
            ),
        ),
    ],
)
def test_published_notification_is_understood_and_made(
    name: str, notice: Notice
) -> None:
    assert notice_in(FRAMES[name]) == notice
    assert encode(to_notification(notice)) == FRAMES[name]


@pytest.mark.parametrize(
    "notification",
    [
        Notification(0x0101, 0x00100177),
        Notification(0x0101, 0x10080201),
        Notification(0x0101, 0x20011002, payload=b"\x01\x01"),
        Notification(0x0103, 0x00010100),
        Notification(0x0205, 0x01020304, payload=b"\x01"),
        Notification(0x0205, 0x01020207),
        Notification(0x0905, 0x08010904),
        Notification(0x0906, 0x08020904),
        Notification(0x1001, 0x07000000),
        Notification(0x1001, 0x01050000),
        Notification(0x1001, 0x01050000, payload=payload_of(0x1001)),
        Notification(0x1801, 0x01010000),
        Notification(0x1803, 0x03000000),
        Notification(0x1803, 0x02010100),
        Notification(0x1803, 0x02010100, payload=payload_of(0x1803)),
        Notification(0x1805, 0x04030100),
        Notification(0x1805, 0x09090909),
    ],
)
def test_unknown_notification_is_kept_whole(notification: Notification) -> None:
    notice = from_notification(notification)

    assert notice == Unrecognised(notification)
    assert to_notification(notice) == notification


def test_unknown_outcome_keeps_its_bytes() -> None:
    notice = from_notification(Notification(0x0105, 0x10027F03))

    assert notice == TransactionComplete(Technology.CONTACT, 0x027F, extension=3)


@pytest.mark.parametrize(
    "notification",
    [
        Notification(0x0101, 0x10080202),
        Notification(0x0101, 0x10080202, payload=payload_of(0x0101)),
        Notification(0x0101, 0x30080002, payload=payload_of(0x0101, [Tlv(0x84)])),
        Notification(0x0205, 0x01020101, payload=payload_of(0x0205)),
        Notification(0x1001, 0x01000100, payload=payload_of(0x1001)),
        Notification(0x1805, 0x04030100, payload=payload_of(0x1805)),
    ],
)
def test_announced_but_absent_data_are_refused(notification: Notification) -> None:
    with pytest.raises(FrameError):
        from_notification(notification)


def test_lines_to_show_may_end_in_any_way_the_manual_allows() -> None:
    for text in (b"REMOVE\nCARD", b"REMOVE\x00CARD\x00", b"REMOVE\nCARD\n"):
        payload = payload_of(0x1803, [Tlv(0x82, b"\x01"), Tlv(0x83, text)])

        notice = from_notification(Notification(0x1803, 0x02010100, payload=payload))

        assert notice == DisplayRequest(("REMOVE", "CARD"))


def test_signature_without_a_file_number_is_in_the_usual_file() -> None:
    notice = from_notification(Notification(0x1805, 0x01010101))

    assert notice == SignatureReady(0x01000000)


def test_repr_of_a_notice_hides_pins_and_codes() -> None:
    pin = EncryptedPinBlock(b"secret", b"ksn", PinBlock.ISO_0, 0x81)

    for notice in (PinEntered(pin), BarcodeRead(0, b"secret")):
        assert "secret" not in repr(notice)


@given(NOTICES)
def test_notices_survive_the_wire(notice: Notice) -> None:
    assert notice_in(encode(to_notification(notice))) == notice


@given(st.sampled_from(NotificationId), st.integers(0, 0xFFFFFFFF), BYTES)
def test_noise_for_a_notification_is_refused_and_nothing_worse(
    id_: NotificationId, detail: int, noise: bytes
) -> None:
    payload = id_.to_bytes(2, "big") + noise
    try:
        from_notification(Notification(id_, detail, payload=payload))
    except RemoteError:
        return
