"""What a host puts on a simulated MagTek reader's screen, and has it play."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mms_host import MmsHost, refusal, start

from drivers.features import Tone
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.files import (
    STORED_IMAGE_FILES,
    DeleteFile,
    FileDescription,
    FileInfo,
    GetFile,
    GetFileInfo,
    SendFile,
    SendSecuredFile,
)
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.magtek_mms.images import ShowBitmap, ShowImage, ShowQrCode
from drivers.protocol.magtek_mms.interface import PlayTones, ShowMessage
from drivers.protocol.magtek_mms.interface_notices import (
    DisplayRequest,
    InterfaceEvent,
    InterfaceUpdate,
)
from drivers.protocol.magtek_mms.message import (
    DataFile,
    Response,
    Sender,
    encode,
    parameters_of,
)
from drivers.protocol.magtek_mms.start import FinalScreen
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from simulator.cards.card import Entry

BMP = b"BM" + bytes(16) + (320).to_bytes(4, "little") + (240).to_bytes(4, "little")
CODE = ShowQrCode(b"https://example.com", prompt=b"Please scan")
IMAGE_1, IMAGE_2 = STORED_IMAGE_FILES[:2]


@pytest.fixture
def host() -> MmsHost:
    return MmsHost("magtek_dynaflex")


@pytest.mark.parametrize(
    ("command", "picture", "lines"),
    [
        (ShowImage(3), "stored image 3", ()),
        (CODE, "QR code of https://example.com", ("Please scan",)),
        (ShowQrCode(b"1"), "QR code of 1", ()),
        (ShowBitmap(BMP), "bitmap 320 by 240", ()),
    ],
)
def test_a_picture_stays_until_something_else_is_shown(
    host: MmsHost, *, command: Command, picture: str, lines: tuple[str, ...]
) -> None:
    assert host.ask(command).status.hex == "00000000"

    host.clock.advance(3600)

    assert host.reader.screen.picture == picture
    assert host.reader.screen.lines == lines
    assert host.state == "idle"


@pytest.mark.parametrize(
    "command", [ShowImage(1, 2), replace(CODE, seconds=2), ShowBitmap(BMP, 2)]
)
def test_a_picture_for_a_time_keeps_the_reader_busy_until_then(
    host: MmsHost, command: Command
) -> None:
    assert host.ask(command).status.hex == "01000000"
    assert refusal(host.ask(start())) is StatusDetail.DISPLAY_BUSY

    host.clock.advance(2)

    assert host.notices == [InterfaceUpdate(InterfaceEvent.MESSAGE_TIMED_OUT)]
    assert host.shows == "WELCOME"


@pytest.mark.parametrize(
    "command",
    [
        ShowImage(0),
        ShowImage(5),
        ShowBitmap(b"GIF89a"),
        ShowBitmap(b"BM"),
        ShowQrCode(b""),
        replace(CODE, error_correction=4),
        replace(CODE, least_version=3, most_version=2),
        replace(CODE, most_version=41),
        replace(CODE, block_color=b"\x00"),
        ShowMessage(0, 0x09F),
    ],
)
def test_what_cannot_be_shown_is_refused(host: MmsHost, command: Command) -> None:
    assert refusal(host.ask(command)) is StatusDetail.PARAMETER_INVALID


def test_tones_are_heard_and_keep_the_reader_busy(host: MmsHost) -> None:
    tones = (Tone(200, 500), Tone(400, 500))
    assert host.ask(PlayTones(tones)).status.hex == "01000000"
    assert refusal(host.ask(start())) is StatusDetail.BUZZER_BUSY

    host.clock.advance(1)

    assert host.reader.heard == tones
    assert host.notices == [InterfaceUpdate(InterfaceEvent.SOUND_DONE)]
    assert host.shows == "WELCOME"
    assert host.ask(start()).status.is_accepted


@pytest.mark.parametrize(
    "tones", [(Tone(4001, 10),), (Tone(100, 0),), (Tone(100, 10),) * 11]
)
def test_what_cannot_be_played_is_refused(
    host: MmsHost, tones: tuple[Tone, ...]
) -> None:
    assert refusal(host.ask(PlayTones(tones))) is StatusDetail.PARAMETER_INVALID
    assert host.reader.heard == ()


def test_the_host_may_choose_what_stays_on_the_screen(host: MmsHost) -> None:
    final = FinalScreen(string_id=StringId.SEE_PHONE)
    host.ask(replace(start(), final_screen=final))
    host.present("visa_approved", Entry.CONTACT)
    host.resume("00")

    assert host.shows == "APPROVED"
    host.clock.advance(3)

    assert host.shows == "SEE PHONE"


def test_a_final_text_that_is_not_stored_is_refused(host: MmsHost) -> None:
    response = host.ask(replace(start(), final_screen=FinalScreen(string_id=0x7F)))

    assert refusal(response) is StatusDetail.PARAMETER_INVALID


def test_a_reader_without_display_has_the_host_show_its_texts() -> None:
    host = MmsHost("magtek_dynaflex_ii")
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)
    host.resume("00")
    host.clock.advance(3)

    asked = [each for each in host.notices if isinstance(each, DisplayRequest)]

    assert [each.lines[-1] for each in asked] == [
        "PRESENT CARD",
        "PROCESSING",
        "AUTHORIZING PLEASE WAIT",
        "APPROVED",
        "WELCOME",
    ]
    assert [each.may_cancel for each in asked] == [True, *[False] * 4]


def sent(host: MmsHost, file_type: int, content: bytes) -> Response:
    """What the reader says to a file that was announced and then sent."""
    host.ask(SendFile(file_type, FileDescription.of(content)))
    host.write(
        encode(DataFile(77, CommandId.SEND_FILE, file_type, content, Sender.HOST))
    )
    last = host.messages[-1]
    assert isinstance(last, Response)
    assert last.reference == 77
    return last


def test_a_picture_can_be_stored_read_and_deleted(host: MmsHost) -> None:
    assert sent(host, IMAGE_2, BMP).status.is_accepted

    told = host.ask(GetFileInfo(IMAGE_2))
    info = FileInfo.from_parameters(parameters_of(told.command, told.payload))
    host.ask(GetFile(IMAGE_2))
    file = host.messages[-1]

    assert info.description == FileDescription.of(BMP)
    assert isinstance(file, DataFile)
    assert file.payload == BMP
    assert host.ask(DeleteFile(IMAGE_2)).status.is_accepted
    assert refusal(host.ask(GetFile(IMAGE_2))) is StatusDetail.PARAMETER_INVALID


def test_a_stored_picture_survives_the_power(host: MmsHost) -> None:
    sent(host, IMAGE_1, BMP)

    host.reader.unplug()
    host.reader.plug()
    host.open()

    assert host.ask(GetFileInfo(IMAGE_1)).status.is_accepted


def test_a_file_that_is_not_the_announced_one_is_refused(host: MmsHost) -> None:
    host.ask(SendFile(IMAGE_1, FileDescription.of(BMP)))

    host.write(encode(DataFile(7, CommandId.SEND_FILE, IMAGE_1, BMP + b"x")))

    last = host.messages[-1]
    assert isinstance(last, Response)
    assert refusal(last) is StatusDetail.IMAGE_FAILURE


def test_a_file_that_nobody_announced_is_ignored(host: MmsHost) -> None:
    before = len(host.messages)

    host.write(encode(DataFile(7, CommandId.SEND_FILE, IMAGE_1, BMP)))

    assert len(host.messages) == before


@pytest.mark.parametrize(
    ("command", "detail"),
    [
        (SendFile(0x03000000, FileDescription.of(b"")), StatusDetail.PARAMETER_INVALID),
        (SendSecuredFile(IMAGE_1, FileDescription.of(b"")), StatusDetail.NOT_SECURED),
        (DeleteFile(IMAGE_1), StatusDetail.PARAMETER_INVALID),
    ],
)
def test_a_file_that_cannot_be_is_refused(
    host: MmsHost, *, command: Command, detail: StatusDetail
) -> None:
    assert refusal(host.ask(command)) is detail
