"""Bar codes and NFC tags at simulated MagTek readers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mms_host import MmsHost, refusal, start

from drivers.protocol.magtek_mms.barcode import BarcodeKind
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.control import CancelTransaction
from drivers.protocol.magtek_mms.interface import ReadBarcode, ShowMessage
from drivers.protocol.magtek_mms.interface_notices import (
    BarcodeRead,
    InterfaceEvent,
    InterfaceUpdate,
)
from drivers.protocol.magtek_mms.message import parameters_of
from drivers.protocol.magtek_mms.nfc import (
    PassToTag,
    TagAnswer,
    TagCommandId,
    decode_uid,
)
from drivers.protocol.magtek_mms.notifications import (
    BarcodePresented,
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    Technology,
)
from drivers.protocol.magtek_mms.start import BarcodeMode, Contactless
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from drivers.protocol.tlv import find_value
from simulator.cards.card import Entry
from simulator.emv.sealing import unseal
from simulator.errors import ControlRefused
from simulator.reader.model import Tag

CODE = b"4006381333931"
UID = bytes.fromhex("04A1B2C3D4E5F6")
TAG = Tag(UID)
NFC = start(contactless=Contactless.NFC, swipe=False, insert=False)


@pytest.fixture
def host() -> MmsHost:
    return MmsHost("magtek_dynaflex_ii_ped")


def opened(content: object, tag: int) -> bytes | None:
    assert isinstance(content, EncryptedData)
    return find_value(unseal(content.ciphertext, content.ksn), tag)


def test_a_code_is_read_for_the_host(host: MmsHost) -> None:
    assert host.ask(ReadBarcode(True, 15)).status.hex == "01000000"
    assert host.shows == "SCAN BARCODE"

    host.reader.show_barcode(CODE)

    assert host.notices == [BarcodeRead(BarcodeKind.UNKNOWN, CODE)]
    assert host.shows == "BARCODE READ SUCCESSFULLY"


def test_a_code_may_leave_the_reader_encrypted(host: MmsHost) -> None:
    host.ask(ReadBarcode(True, 15, is_encrypted=True))

    host.reader.show_barcode(CODE)

    (read,) = host.notices
    assert isinstance(read, BarcodeRead)
    assert opened(read.content, 0xDF74) == CODE


def test_a_code_that_nobody_shows_is_not_waited_for(host: MmsHost) -> None:
    host.ask(ReadBarcode(True, 15))
    assert refusal(host.ask(start())) is StatusDetail.BARCODE_IN_PROGRESS

    host.clock.advance(15)

    assert host.notices == [InterfaceUpdate(InterfaceEvent.BARCODE_TIMED_OUT)]
    assert host.shows == "WELCOME"


def test_the_host_switches_the_scanner_off(host: MmsHost) -> None:
    host.ask(ReadBarcode(True, 15))

    assert host.ask(ReadBarcode(False)).status.hex == "00000000"

    assert host.shows == "WELCOME"
    with pytest.raises(ControlRefused):
        host.reader.show_barcode(CODE)
    assert host.ask(ReadBarcode(False)).status.is_accepted


def test_a_scanner_that_stays_on_leaves_the_host_free(host: MmsHost) -> None:
    assert host.ask(ReadBarcode(True)).status.hex == "00000000"

    assert host.ask(ShowMessage(0, StringId.WELCOME)).status.is_accepted
    host.reader.show_barcode(CODE)

    assert host.notices == [BarcodeRead(BarcodeKind.UNKNOWN, CODE)]


def test_a_transaction_takes_the_place_of_a_scanner_that_stays_on(
    host: MmsHost,
) -> None:
    host.ask(ReadBarcode(True))

    host.ask(start())

    with pytest.raises(ControlRefused, match="scans no code"):
        host.reader.show_barcode(CODE)
    assert host.shows.endswith("PRESENT CARD")


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_code_in_place_of_a_card_ends_the_transaction(
    host: MmsHost, *, is_encrypted: bool
) -> None:
    host.ask(replace(start(), barcode=BarcodeMode(is_encrypted)))

    host.reader.show_barcode(CODE)

    presented = host.notices[0]
    assert isinstance(presented, BarcodePresented)
    content = presented.content
    assert (opened(content, 0xDF74) if is_encrypted else content) == CODE
    assert host.told[-1] == "BARCODE end COMPLETED"


def test_a_code_that_was_not_asked_for_is_not_taken(host: MmsHost) -> None:
    host.ask(start())

    with pytest.raises(ControlRefused, match="scans no code"):
        host.reader.show_barcode(CODE)


def test_a_code_is_too_late_once_a_card_was_given(host: MmsHost) -> None:
    host.ask(replace(start(), barcode=BarcodeMode()))
    host.present("visa_approved", Entry.CONTACT)

    with pytest.raises(ControlRefused, match="scans no code"):
        host.reader.show_barcode(CODE)


def test_a_reader_without_scanner_refuses_a_transaction_with_codes() -> None:
    host = MmsHost("magtek_dynaprox")

    response = host.ask(replace(start(), barcode=BarcodeMode()))

    assert refusal(response) is StatusDetail.NO_SCANNER


def passed(
    host: MmsHost,
    data: str,
    *,
    id_: TagCommandId = TagCommandId.TYPE_2,
    is_encrypted: bool = False,
    is_last: bool = False,
) -> TagAnswer:
    command = PassToTag(id_, bytes.fromhex(data), is_encrypted, is_last)
    response = host.ask(command)
    return TagAnswer.from_parameters(parameters_of(response.command, response.payload))


def test_a_tag_tells_its_number(host: MmsHost) -> None:
    host.ask(NFC)
    assert host.shows.endswith("PRESENT CARD")

    host.reader.present_tag(TAG)

    update, data = host.notices
    assert update == CardUpdate(Technology.CONTACTLESS, CardChange.DETECTED, 0x01)
    assert isinstance(data, CardData)
    assert data.kind is DataKind.NFC_UID
    assert decode_uid(data.blob) == UID
    assert host.shows == "NFC TAG DETECTED"


def test_the_host_reads_and_writes_the_tag(host: MmsHost) -> None:
    host.ask(NFC)
    host.reader.present_tag(TAG)

    first = passed(host, "3000")
    written = passed(host, "A2 04 CAFEBABE".replace(" ", ""))
    range_ = passed(host, "3A0405")
    version = passed(host, "60")

    assert first.data == bytes.fromhex("04A1B29FC3D4E5F6 04") + bytes(7)
    assert written.data == b"\x0a"
    assert range_.data == bytes.fromhex("CAFEBABE00000000")
    assert isinstance(version.data, bytes)
    assert len(version.data) == 8
    assert host.state == "reading"


def test_reading_past_the_end_goes_on_at_the_beginning(host: MmsHost) -> None:
    host.ask(NFC)
    host.reader.present_tag(TAG)

    beginning = passed(host, "300001")
    end = passed(host, "300E")

    assert isinstance(beginning.data, bytes)
    assert end.data == bytes(8) + beginning.data


def test_the_last_command_lets_the_tag_go_with_a_beep(host: MmsHost) -> None:
    host.ask(NFC)
    host.reader.present_tag(TAG)

    passed(host, "3004", is_last=True)

    assert host.told[-1] == "CONTACTLESS end TAG_REMOVED"
    assert len(host.reader.heard) == 1
    assert host.state == "idle"


@pytest.mark.parametrize(
    ("data", "id_"),
    [
        ("3010", TagCommandId.TYPE_2),
        ("3A0504", TagCommandId.TYPE_2),
        ("A200CAFEBABE", TagCommandId.TYPE_2),
        ("FF", TagCommandId.TYPE_2),
        ("3000", TagCommandId.CLASSIC),
        ("3000", TagCommandId.DESFIRE),
        ("3000", TagCommandId.PLUS),
    ],
)
def test_what_the_tag_does_not_answer_ends_the_session_with_two_beeps(
    host: MmsHost, *, data: str, id_: TagCommandId
) -> None:
    host.ask(NFC)
    host.reader.present_tag(TAG)

    answer = passed(host, data, id_=id_)

    assert answer == TagAnswer(False)
    assert host.told[-1] == "CONTACTLESS end TAG_REMOVED"
    assert len(host.reader.heard) == 2


def test_what_a_tag_answers_may_leave_the_reader_encrypted(host: MmsHost) -> None:
    host.ask(NFC)
    host.reader.present_tag(TAG)

    answer = passed(host, "3000", is_encrypted=True)

    assert (opened(answer.data, 0xDF7A) or b"").startswith(UID[:3])


def test_a_tag_that_is_taken_away_ends_the_transaction(host: MmsHost) -> None:
    host.ask(NFC)
    host.reader.present_tag(TAG)

    host.reader.remove_card()

    assert host.told[-1] == "CONTACTLESS end TAG_REMOVED"


def test_a_tag_that_nobody_talks_to_is_let_go(host: MmsHost) -> None:
    host.ask(replace(NFC, timeout_s=20))
    host.reader.present_tag(TAG)

    host.clock.advance(20)

    assert host.told[-1] == "CONTACTLESS end TAG_REMOVED"


def test_the_host_may_cancel_while_a_tag_is_there(host: MmsHost) -> None:
    host.ask(NFC)
    host.reader.present_tag(TAG)

    host.ask(CancelTransaction())

    assert host.told[-1] == "NONE end CANCELED_BY_HOST"


def test_a_tag_is_taken_beside_cards_only_where_it_is_asked_for(
    host: MmsHost,
) -> None:
    host.ask(start(contactless=Contactless.EMV_AND_NFC))
    host.reader.present_tag(TAG)
    assert host.state == "reading"
    host.reader.remove_card()

    host.ask(start())
    with pytest.raises(ControlRefused, match="looks for no tag"):
        host.reader.present_tag(TAG)


def test_a_kind_of_tag_that_is_unknown_is_refused(host: MmsHost) -> None:
    host.ask(NFC)

    with pytest.raises(ControlRefused, match="knows no tag 'felica'"):
        host.reader.present_tag(Tag(UID, "felica"))
    assert host.state == "waiting_for_card"


def test_without_a_tag_there_is_nothing_to_talk_to(host: MmsHost) -> None:
    command = PassToTag(TagCommandId.TYPE_2, b"\x30\x00")

    assert refusal(host.ask(command)) is StatusDetail.NO_PASS_THROUGH
    host.ask(start())
    assert refusal(host.ask(command)) is StatusDetail.NO_PASS_THROUGH
