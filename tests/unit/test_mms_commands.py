"""MMS commands against published frames, and each against its own decoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import mms_frames

from drivers.errors import FrameError, LocalError, RemoteError
from drivers.features import Tone
from drivers.protocol import emv
from drivers.protocol.magtek_mms import images, properties, tips
from drivers.protocol.magtek_mms.commands import (
    Command,
    OtherCommand,
    from_request,
    to_request,
)
from drivers.protocol.magtek_mms.control import (
    CancelTransaction,
    ReportSelection,
    ResetDevice,
    ResumeTransaction,
    SelectionEnd,
)
from drivers.protocol.magtek_mms.files import (
    STORED_IMAGE_FILES,
    DeleteFile,
    FileDescription,
    GetFile,
    GetFileInfo,
    SendFile,
    SendSecuredFile,
)
from drivers.protocol.magtek_mms.firmware import CommitFirmware, ImageType, LoadFirmware
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.magtek_mms.images import ShowBitmap, ShowImage, ShowQrCode
from drivers.protocol.magtek_mms.interface import (
    PlayTones,
    ReadBarcode,
    RequestSignature,
    ShowMessage,
)
from drivers.protocol.magtek_mms.message import Request, decode, encode
from drivers.protocol.magtek_mms.nfc import PassToTag, TagCommandId
from drivers.protocol.magtek_mms.pin import (
    PinBlock,
    PinEntry,
    PinSequence,
    RequestCardPin,
    RequestPin,
)
from drivers.protocol.magtek_mms.properties import GetProperty, SetProperty
from drivers.protocol.magtek_mms.start import (
    BarcodeMode,
    Contactless,
    FinalScreen,
    ManualEntry,
    Options,
    StartTransaction,
)
from drivers.protocol.magtek_mms.strings import StringId
from drivers.protocol.magtek_mms.tips import (
    TipButton,
    TipButtonKind,
    TipMode,
    TipOptions,
)
from drivers.protocol.tlv import Tlv

FRAMES = mms_frames()
EMV_DATA = (
    Tlv(emv.TRANSACTION_TYPE, b"\x00"),
    Tlv(emv.AMOUNT_AUTHORISED, emv.encode_amount(1234)),
    Tlv(emv.AMOUNT_OTHER, emv.encode_amount(0)),
    Tlv(emv.TRANSACTION_CURRENCY_CODE, bytes.fromhex("0840")),
)
SALE_OF_12_34 = StartTransaction(
    timeout_s=60,
    swipe=True,
    insert=True,
    contactless=Contactless.EMV,
    options=Options.QUICK_CHIP | Options.DYNAPRO_FORMAT,
    emv_data=EMV_DATA,
)
IMAGE = bytes(range(16))
BOOLS = st.booleans()
OCTETS = st.integers(0, 0xFF)
WORDS = st.integers(0, 0xFFFF)
FILE_TYPES = st.integers(0, 0xFFFFFFFF)
BYTES = st.binary(max_size=40)
NAMES = st.binary(max_size=16)
OIDS = st.lists(st.integers(1, 0x1E), min_size=2, max_size=7).map(tuple)
AMOUNTS = st.integers(0, 10**12 - 1)
BUTTONS = st.builds(
    TipButton, st.sampled_from(TipButtonKind), st.integers(0, tips.MOST_PRESET_AMOUNT)
)
TIPS = st.builds(
    TipOptions,
    st.sampled_from(TipMode),
    st.tuples(*[BUTTONS] * tips.TIP_BUTTONS),
    st.none() | AMOUNTS,
)
TONES = st.builds(Tone, st.integers(0, 4000), st.integers(1, 0xFFFF))
ENTRIES = st.builds(
    PinEntry, st.sampled_from(PinSequence), OCTETS, OCTETS, st.sampled_from(PinBlock)
)
DESCRIPTIONS = st.builds(
    FileDescription,
    FILE_TYPES,
    st.binary(min_size=32, max_size=32),
    name=NAMES,
    label=NAMES,
    version=NAMES,
)
COLORS = st.binary(min_size=3, max_size=3)
STARTS = st.builds(
    StartTransaction,
    timeout_s=OCTETS,
    swipe=BOOLS,
    insert=BOOLS,
    contactless=st.sampled_from(Contactless),
    options=WORDS.map(Options),
    emv_data=st.just(EMV_DATA),
    manual=st.none() | st.builds(ManualEntry, BOOLS),
    barcode=st.none() | st.builds(BarcodeMode, BOOLS),
    pin_block_format=st.none() | st.sampled_from(PinBlock),
    tips=st.none() | TIPS,
    final_screen=st.none() | st.builds(FinalScreen, BOOLS, st.none() | OCTETS),
)
PICTURES = st.one_of(
    st.builds(ShowImage, OCTETS, OCTETS),
    st.builds(
        ShowQrCode,
        content=BYTES,
        seconds=OCTETS,
        prompt=NAMES,
        error_correction=OCTETS,
        mask_pattern=OCTETS,
        least_version=OCTETS,
        most_version=OCTETS,
        block_color=COLORS,
        background_color=COLORS,
    ),
    st.builds(
        ShowBitmap, BYTES, OCTETS, st.none() | COLORS, st.none() | WORDS, st.none()
    ),
)
COMMANDS = st.one_of(
    STARTS,
    PICTURES,
    st.builds(ResumeTransaction, BYTES, st.none() | OCTETS),
    st.just(CancelTransaction()),
    st.builds(ReportSelection, st.sampled_from(SelectionEnd), st.none() | OCTETS),
    st.just(ResetDevice()),
    st.builds(PassToTag, st.sampled_from(TagCommandId), BYTES, BOOLS, BOOLS),
    st.builds(RequestSignature, OCTETS),
    st.builds(ShowMessage, OCTETS, OCTETS),
    st.builds(ReadBarcode, BOOLS, OCTETS, BOOLS),
    st.builds(PlayTones, st.lists(TONES, min_size=1, max_size=10).map(tuple)),
    st.builds(RequestPin, OCTETS, ENTRIES),
    st.builds(RequestCardPin, OCTETS, ENTRIES, BOOLS, BOOLS, BOOLS),
    st.builds(GetProperty, OIDS),
    st.builds(SetProperty, OIDS, BYTES),
    st.builds(LoadFirmware, WORDS, BYTES, BYTES, st.none() | BOOLS),
    st.builds(CommitFirmware, WORDS, BYTES),
    st.builds(SendFile, FILE_TYPES, DESCRIPTIONS),
    st.builds(SendSecuredFile, FILE_TYPES, DESCRIPTIONS),
    st.builds(GetFile, FILE_TYPES),
    st.builds(GetFileInfo, FILE_TYPES),
    st.builds(DeleteFile, FILE_TYPES),
    st.just(OtherCommand(0x1F7E, bytes.fromhex("1F7E810101"))),
)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("start 12.34 USD, rebuilt", SALE_OF_12_34),
        ("cancel", CancelTransaction()),
        (
            "resume with an approval",
            ResumeTransaction(
                bytes.fromhex("FF7414DFDF250899 2690E116120710FA0670048A023030"), 0x78
            ),
        ),
        ("get the version of a tag", PassToTag(TagCommandId.TYPE_2, b"\x60")),
        ("request signature for 30 s", RequestSignature(30)),
        ("report the first choice", ReportSelection(SelectionEnd.CHOSEN, 0)),
        ("show approved for 2 s", ShowMessage(2, StringId.APPROVED)),
        ("read a barcode for 15 s", ReadBarcode(True, 15, is_encrypted=True)),
        (
            "play 5 tones",
            PlayTones(tuple(Tone(hz, 500) for hz in (200, 400, 600, 400, 200))),
        ),
        ("show image 3", ShowImage(3)),
        (
            "show a QR code for 60 s",
            ShowQrCode(b"This is a test!", 60, prompt=b"Please scan QR code"),
        ),
        (
            "ask for a card and its PIN",
            RequestCardPin(60, PinEntry(PinSequence.PRESENT_CARD_AND_ENTER, 4, 8)),
        ),
        ("get serial number", GetProperty(properties.SERIAL_NUMBER)),
        ("get firmware id", GetProperty(properties.FIRMWARE_ID)),
        ("set the terminal's number", SetProperty((1, 1, 1, 1, 1, 1), b"1" * 8)),
        ("load firmware, rebuilt", LoadFirmware.of(IMAGE, ImageType.MAIN)),
        ("commit firmware, rebuilt", CommitFirmware.of(IMAGE, ImageType.MAIN)),
        ("get a file", GetFile(1)),
        ("delete image 1", DeleteFile(STORED_IMAGE_FILES[0])),
    ],
)
def test_published_command_is_understood_and_made(name: str, command: Command) -> None:
    request = decode(FRAMES[name])
    assert isinstance(request, Request)

    assert from_request(request) == command
    assert encode(to_request(command, request.reference)) == FRAMES[name]


def test_published_announcement_of_a_file_is_understood_and_made() -> None:
    request = decode(FRAMES["announce image 1"])
    assert isinstance(request, Request)

    command = from_request(request)

    assert isinstance(command, SendFile)
    assert command.file_type == STORED_IMAGE_FILES[0]
    assert command.description.length == 0x25838
    assert command.description.name == b"02000000"
    assert encode(to_request(command, 7)) == FRAMES["announce image 1"]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("set a property by its prefix", SetProperty((1, 1, 1, 1, 1, 5), b"\xff")),
        ("get a property by its prefix", GetProperty(properties.BATTERY_PERCENT)),
    ],
)
def test_property_may_be_named_by_a_prefix(name: str, command: Command) -> None:
    request = decode(FRAMES[name])
    assert isinstance(request, Request)

    assert from_request(request) == command


def test_account_number_of_a_pin_request_is_not_kept() -> None:
    published = (
        "2001 81013C 820100 83020804 850100 A10B 81010C 8206 123456789012".replace(
            " ", ""
        )
    )
    request = Request(9, CommandId.REQUEST_PIN, bytes.fromhex(published))

    command = from_request(request)

    assert command == RequestPin(60, PinEntry(PinSequence.ENTER, 4, 8))
    assert b"\x12\x34" not in encode(to_request(command, 9))


def test_firmware_as_large_as_published_fits_one_message() -> None:
    command = LoadFirmware.of(bytes(0x0C7628), ImageType.MAIN)

    frame = encode(to_request(command, 1))

    assert frame[8:14] == bytes.fromhex("84830C7658D8")
    request = decode(frame)
    assert isinstance(request, Request)
    assert from_request(request) == command


def test_tip_buttons_look_as_in_the_manual() -> None:
    options = TipOptions(
        TipMode.PERCENT,
        (
            *(TipButton(TipButtonKind.VALUE, percent) for percent in (15, 20, 25)),
            TipButton(TipButtonKind.NO_TIP),
            TipButton(TipButtonKind.CUSTOM),
        ),
        tax=75,
    )

    encoded = tips.encode_tips(options)

    screen, tax = (item.value.hex() for item in encoded.children)
    assert screen == (
        "01 0000000015 0000000020 0000000025 0200000000 0100000000 0300000000"
    ).replace(" ", "")
    assert tax == "000000000075"


def test_more_tips_than_buttons_are_our_own_fault() -> None:
    with pytest.raises(LocalError):
        tips.encode_tips(TipOptions(TipMode.AMOUNT, (tips.DISABLED,) * 7))


@pytest.mark.parametrize(
    "command",
    [
        ShowMessage(256, 1),
        ShowImage(256),
        PlayTones((Tone(-1, 1),)),
        RequestSignature(256),
        RequestCardPin(60, PinEntry(PinSequence.ENTER, most_digits=256)),
        GetProperty((2,)),
        GetProperty((2, 0x1F)),
    ],
)
def test_command_out_of_range_is_our_own_fault(command: Command) -> None:
    with pytest.raises(LocalError):
        to_request(command, 1)


@pytest.mark.parametrize(
    ("command", "payload"),
    [
        (CommandId.RESUME_TRANSACTION, ""),
        (CommandId.RESUME_TRANSACTION, "1003"),
        (CommandId.RESUME_TRANSACTION, "1004 810100"),
        (CommandId.GET_PROPERTY, "D101"),
        (CommandId.GET_PROPERTY, "D101 850102 8900"),
        (CommandId.GET_PROPERTY, "D101 850102 8903FF7400"),
        (CommandId.DISPLAY_MESSAGE, "1803 810102 82020101"),
        (CommandId.BUZZER, "1805 8103000101"),
        (CommandId.BUZZER, "1805 8100"),
        (CommandId.REPORT_SELECTION, "1802 810103"),
        (CommandId.REQUEST_PIN, "2001 81013C 820177 83020804 850100"),
        (CommandId.REQUEST_CARD_PIN, "2002 81013C"),
        (CommandId.LOAD_FIRMWARE, "D801 85020001"),
        (CommandId.GET_FILE, "D821 810100"),
        (CommandId.PASS_TO_TYPE_2_TAG, "1100 820100"),
        (CommandId.START_TRANSACTION, "1001 A303830109"),
        (CommandId.START_TRANSACTION, "1001 A303840100"),
        (CommandId.START_TRANSACTION, "1001 A403810101"),
        (CommandId.START_TRANSACTION, "1001 A421811F77" + "00" * 30),
        (CommandId.START_TRANSACTION, "1001 A421811F01" + "0900000000" * 6),
    ],
)
def test_command_with_broken_parameters_is_refused(
    command: CommandId, payload: str
) -> None:
    with pytest.raises(FrameError):
        from_request(Request(1, command, bytes.fromhex(payload)))


def test_command_without_payload_is_refused() -> None:
    with pytest.raises(FrameError):
        from_request(Request(1, CommandId.CANCEL_TRANSACTION))


def test_repr_of_commands_hides_what_may_be_secret() -> None:
    assert "PIN" not in repr(OtherCommand(0xEEEE, b"PIN"))
    assert "firmware" not in repr(LoadFirmware.of(b"firmware", ImageType.MAIN))


def test_stored_images_have_a_file_each() -> None:
    assert len(images.STORED_IMAGES) == len(STORED_IMAGE_FILES)


@given(COMMANDS, OCTETS)
def test_commands_survive_the_wire(command: Command, reference: int) -> None:
    request = decode(encode(to_request(command, reference)))
    assert isinstance(request, Request)

    assert from_request(request) == command


@given(st.sampled_from(CommandId), st.binary(max_size=80))
def test_noise_for_parameters_is_refused_and_nothing_worse(
    command: CommandId, noise: bytes
) -> None:
    payload = command.to_bytes(2, "big") + noise
    try:
        from_request(Request(1, command, payload))
    except RemoteError:
        return
