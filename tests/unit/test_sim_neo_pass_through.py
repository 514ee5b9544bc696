"""The simulated NEO readers while their host talks to cards and tags by itself."""

from __future__ import annotations

import pytest
from neo_host import NeoHost, activate
from published_vectors import neo_frames

from drivers.protocol import tlv
from drivers.protocol.idtech_neo.activate import CancelTransaction
from drivers.protocol.idtech_neo.basic import Ping
from drivers.protocol.idtech_neo.pass_through import (
    CardInterface,
    ContactOff,
    ExchangeApdu,
    PollForToken,
    SetPassThrough,
    Token,
    TokenKind,
    token_of,
)
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.protocol.tlv import find_value
from simulator.cards.card import Entry
from simulator.errors import ControlRefused
from simulator.reader.model import Tag

ON, OFF = SetPassThrough(is_on=True), SetPassThrough(is_on=False)
POLL = PollForToken(10_000)
UID = bytes.fromhex("04A1B2C3D4E5F6")
VISA_AID = bytes.fromhex("A0000000031010")


@pytest.fixture
def host() -> NeoHost:
    host = NeoHost()
    host.ask(ON)
    host.frames.clear()
    return host


def select(name: bytes) -> ExchangeApdu:
    apdu = bytes.fromhex("00A40400") + bytes((len(name),)) + name + b"\x00"
    return ExchangeApdu(CardInterface.CONTACTLESS, apdu)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("mifare_ultralight", TokenKind.MIFARE_ULTRALIGHT),
        ("mifare_classic", TokenKind.MIFARE_CLASSIC),
        ("something_else", TokenKind.ISO_14443_A_RAW),
    ],
)
def test_a_tag_is_told_by_kind_and_number(
    host: NeoHost, kind: str, told: TokenKind
) -> None:
    host.send(POLL)
    assert host.state == "waiting_for_customer"

    host.reader.present_tag(Tag(UID, kind))

    assert host.told == ["2C 00"]
    assert token_of(host.last.data) == Token(told, UID)
    assert host.state == "idle"


def test_the_answer_about_a_tag_is_laid_out_as_rebuilt_from_the_guide() -> None:
    expected = neo_frames("answers")["token"][14:-2]

    assert token_of(expected) == Token(0x02, bytes.fromhex("04A1B2C3"))


def test_nobody_holds_a_tag_to_it(host: NeoHost) -> None:
    host.send(POLL)

    host.clock.advance(10)

    assert host.told == ["2C 08"]
    assert host.state == "idle"


def test_a_card_is_told_by_a_number_that_is_new_each_time(host: NeoHost) -> None:
    numbers = set()
    for _ in range(2):
        host.send(POLL)
        host.present("visa_contactless", Entry.CONTACTLESS)
        token = token_of(host.last.data)
        assert token.kind == TokenKind.ISO_14443_A
        numbers.add(token.uid)

    assert len(numbers) == 2
    assert all(each[0] == 0x08 for each in numbers)


def test_an_inserted_card_is_no_token(host: NeoHost) -> None:
    host.send(POLL)

    with pytest.raises(ControlRefused, match="waits for no card"):
        host.present("visa_approved", Entry.CONTACT)


def test_a_card_lets_its_application_be_selected(host: NeoHost) -> None:
    host.send(POLL)
    host.present("visa_contactless", Entry.CONTACTLESS)

    directory = host.ask(select(b"2PAY.SYS.DDF01"))
    application = host.ask(select(VISA_AID))

    assert directory.data[-2:] == application.data[-2:] == b"\x90\x00"
    objects = tlv.decode(directory.data[:-2])
    assert find_value(objects, 0x6F, 0xA5, 0xBF0C, 0x61, 0x4F) == VISA_AID
    assert find_value(tlv.decode(application.data[:-2]), 0x6F, 0x84) == VISA_AID


@pytest.mark.parametrize(
    ("apdu", "answer"),
    [
        (select(b"OTHER").apdu, "6A82"),
        (bytes.fromhex("80A8000002830000"), "6D00"),
        (bytes.fromhex("00A404"), "6D00"),
    ],
)
def test_a_card_knows_nothing_else(host: NeoHost, apdu: bytes, answer: str) -> None:
    host.send(POLL)
    host.present("visa_contactless", Entry.CONTACTLESS)

    told = host.ask(ExchangeApdu(CardInterface.CONTACTLESS, apdu))

    assert told.data.hex().upper() == answer


def test_nothing_is_exchanged_without_a_card(host: NeoHost) -> None:
    assert host.ask(select(VISA_AID)).code == StatusCode.FAILED

    host.send(POLL)
    host.present("visa_contactless", Entry.CONTACTLESS)
    slot = ExchangeApdu(CardInterface.CONTACT, select(VISA_AID).apdu)
    assert host.ask(slot).code == StatusCode.FAILED

    host.ask(OFF)
    host.ask(ON)
    assert host.ask(select(VISA_AID)).code == StatusCode.FAILED


def test_pass_through_has_to_be_on(host: NeoHost) -> None:
    host.ask(OFF)

    for command in (POLL, select(VISA_AID), ContactOff()):
        assert host.ask(command).code == StatusCode.SUB_COMMAND_NOT_ALLOWED
    host.ask(ON)
    assert host.ask(ContactOff()).code == StatusCode.OK


def test_no_transaction_runs_meanwhile(host: NeoHost) -> None:
    assert host.ask(activate()).code == StatusCode.COMMAND_NOT_ALLOWED

    host.ask(OFF)
    host.send(activate())

    assert host.state == "waiting_for_card"


@pytest.mark.parametrize("command", [CancelTransaction(), Ping()])
def test_looking_can_be_ended(host: NeoHost, command: CancelTransaction | Ping) -> None:
    host.send(POLL)

    host.send(command)

    assert "2C 0A" in host.told
    assert host.state == "idle"


def test_an_idle_reader_looks_for_no_tag(host: NeoHost) -> None:
    with pytest.raises(ControlRefused, match="no tag now"):
        host.reader.present_tag(Tag(UID))


def test_a_reader_that_waits_for_a_card_takes_no_tag(host: NeoHost) -> None:
    host.ask(OFF)
    host.send(activate())

    with pytest.raises(ControlRefused, match="no tag now"):
        host.reader.present_tag(Tag(UID))


def test_pass_through_is_off_after_a_power_cut(host: NeoHost) -> None:
    host.reader.unplug()
    host.reader.plug()
    host.open()

    assert host.ask(POLL).code == StatusCode.SUB_COMMAND_NOT_ALLOWED
