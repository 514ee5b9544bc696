"""Signatures on a simulated touch screen, within a transaction and for themselves."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from mms_host import QUICK_CHIP, MmsHost, refusal, start

from drivers.features import Point
from drivers.protocol.magtek_mms.files import (
    SIGNATURE_FILE,
    FileInfo,
    GetFile,
    GetFileInfo,
)
from drivers.protocol.magtek_mms.interface import RequestSignature
from drivers.protocol.magtek_mms.interface_notices import (
    InterfaceEvent,
    InterfaceUpdate,
    SignatureReady,
)
from drivers.protocol.magtek_mms.message import DataFile, parameters_of
from drivers.protocol.magtek_mms.notifications import (
    Outcome,
    OutcomeExtension,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.properties import SIGNATURE_CONTROL, SetProperty
from drivers.protocol.magtek_mms.signatures import (
    COMPACT_HEIGHT,
    COMPACT_WIDTH,
    decode_signature,
)
from drivers.protocol.magtek_mms.start import Options
from drivers.protocol.magtek_mms.status import StatusDetail
from simulator.cards.card import Entry
from simulator.errors import ControlRefused

STROKES = [[(20, 120), (160, 60)], [(300, 239)]]
SIGNS = "visa_signature"


@pytest.fixture
def host() -> MmsHost:
    return MmsHost("magtek_dynaflex")


def approved(host: MmsHost, card: str = SIGNS, entry: Entry = Entry.CONTACT) -> None:
    host.ask(start())
    host.present(card, entry)
    host.resume("00")


def ending(host: MmsHost) -> TransactionComplete:
    last = host.notices[-1]
    assert isinstance(last, TransactionComplete)
    return last


def test_a_signature_asked_for_by_the_host_is_a_file_to_fetch(host: MmsHost) -> None:
    assert host.ask(RequestSignature(30)).status.hex == "01000000"
    assert host.shows == "PLEASE SIGN"

    host.reader.sign(STROKES)
    answer = host.ask(GetFile(SIGNATURE_FILE))

    assert host.notices == [SignatureReady()]
    file = host.messages[-1]
    assert isinstance(file, DataFile)
    info = FileInfo.from_parameters(parameters_of(answer.command, answer.payload))
    assert info.description.length == len(file.payload)
    assert info.description.digest == sha256(file.payload).digest()
    signature = decode_signature(file.payload)
    assert (signature.width, signature.height) == (320, 240)
    assert signature.strokes == (
        (Point(20, 120), Point(160, 60)),
        (Point(300, 239),),
    )


def test_a_signature_does_not_survive_the_power(host: MmsHost) -> None:
    host.ask(RequestSignature(30))
    host.reader.sign(STROKES)

    host.reader.unplug()
    host.reader.plug()
    host.open()

    for command in (GetFile(SIGNATURE_FILE), GetFileInfo(SIGNATURE_FILE)):
        assert refusal(host.ask(command)) is StatusDetail.PARAMETER_INVALID


@pytest.mark.parametrize(
    ("deed", "event"),
    [
        ("cancel", InterfaceEvent.SIGNATURE_CANCELED),
        ("wait", InterfaceEvent.SIGNATURE_TIMED_OUT),
    ],
)
def test_a_cardholder_who_does_not_sign_is_told_of(
    host: MmsHost, *, deed: str, event: InterfaceEvent
) -> None:
    host.ask(RequestSignature(30))

    if deed == "cancel":
        host.type("cancel")
    else:
        host.clock.advance(30)

    assert host.notices == [InterfaceUpdate(event)]
    assert host.shows == "WELCOME"


def test_nobody_signs_beside_the_screen(host: MmsHost) -> None:
    host.ask(RequestSignature(30))

    with pytest.raises(ControlRefused, match="320 by 240"):
        host.reader.sign([[(320, 0)]])
    with pytest.raises(ControlRefused, match="'7' does nothing"):
        host.type("7")
    assert host.shows == "PLEASE SIGN"


def test_nobody_signs_where_nobody_asks(host: MmsHost) -> None:
    with pytest.raises(ControlRefused, match="no transaction"):
        host.reader.sign(STROKES)
    host.ask(start())
    with pytest.raises(ControlRefused, match="asks for no signature"):
        host.reader.sign(STROKES)


@pytest.mark.parametrize("entry", list(Entry))
def test_a_card_that_wants_a_signature_gets_it_in_its_record(
    host: MmsHost, entry: Entry
) -> None:
    approved(host, entry=entry)
    assert host.shows == "PLEASE SIGN"

    host.reader.sign(STROKES)

    assert ending(host).outcome == Outcome.APPROVED
    assert ending(host).extension == OutcomeExtension.SIGNATURE_CAPTURED
    signature = host.batch().signature
    assert signature is not None
    assert (signature.width, signature.height) == (COMPACT_WIDTH, COMPACT_HEIGHT)
    assert signature.strokes[0][0] == Point(20 * 253 // 320, 60)


@pytest.mark.parametrize("deed", ["cancel", "wait"])
def test_an_approval_stands_without_the_signature(host: MmsHost, deed: str) -> None:
    approved(host)

    if deed == "cancel":
        host.type("cancel")
    else:
        host.clock.advance(60)

    assert ending(host).outcome == Outcome.APPROVED
    assert ending(host).extension == OutcomeExtension.SIGNATURE_FAILED
    assert host.batch().signature is None


def test_a_declined_card_is_not_signed_for(host: MmsHost) -> None:
    host.ask(start())
    host.present(SIGNS, Entry.CONTACT)

    host.resume("05")

    assert ending(host).outcome == Outcome.DECLINED
    assert ending(host).extension == OutcomeExtension.NONE


def test_quick_chip_is_signed_for_before_its_end(host: MmsHost) -> None:
    host.ask(start(options=QUICK_CHIP))
    host.present(SIGNS, Entry.CONTACT)

    host.reader.sign(STROKES)

    assert ending(host).outcome == Outcome.DEFERRED
    assert ending(host).extension == OutcomeExtension.SIGNATURE_CAPTURED


def test_a_host_may_want_to_ask_for_signatures_itself(host: MmsHost) -> None:
    host.ask(SetProperty(SIGNATURE_CONTROL, b"\x01"))
    approved(host)

    assert ending(host).extension == OutcomeExtension.SIGNATURE_WANTED
    assert host.ask(RequestSignature(30)).status.is_accepted


def test_a_reader_that_cannot_be_signed_on_asks_the_host_to() -> None:
    host = MmsHost("magtek_dynaflex_ii_go")

    approved(host)

    ends = [each for each in host.notices if isinstance(each, TransactionComplete)]
    assert ends[-1].extension == OutcomeExtension.SIGNATURE_WANTED


def test_a_swiped_chip_card_may_be_spared_its_signature(host: MmsHost) -> None:
    spared = Options.DYNAPRO_FORMAT | Options.SIGNATURE_BY_SERVICE_CODE_OFF
    host.ask(replace(start(), options=spared))
    host.present(SIGNS, Entry.SWIPE)

    host.resume("00")

    assert ending(host).extension == OutcomeExtension.NONE


def test_a_card_that_is_signed_for_has_been_answered(host: MmsHost) -> None:
    approved(host)

    assert refusal(host.resume("00")) is StatusDetail.WRONG_TRANSACTION_STATE
    with pytest.raises(ControlRefused, match="no card is in the reader"):
        host.reader.remove_card()


def test_a_transaction_that_waits_for_a_card_is_not_signed_for(host: MmsHost) -> None:
    host.ask(start())

    answer = host.ask(RequestSignature(30))

    assert refusal(answer) is StatusDetail.SIGNATURE_NOT_ALLOWED


def test_the_power_ends_a_signature_without_a_word(host: MmsHost) -> None:
    approved(host)
    host.reader.unplug()
    host.reader.plug()
    host.open()
    host.messages.clear()

    host.clock.advance(120)

    assert host.messages == []
