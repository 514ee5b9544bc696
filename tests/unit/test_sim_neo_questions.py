"""What simulated NEO readers without display and keypad ask their hosts."""

from __future__ import annotations

import pytest
from neo_host import AUTHENTICATE, NeoHost, activate

from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import CancelTransaction
from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayMode,
    RefusePin,
)
from drivers.protocol.idtech_neo.encrypted_tlv import find_value
from drivers.protocol.idtech_neo.events import (
    DisplayRequested,
    PinRequested,
    from_frame,
)
from drivers.protocol.idtech_neo.status import ErrorCode, ResultCode, StatusCode
from simulator.cards.card import Entry


@pytest.fixture
def host() -> NeoHost:
    host = NeoHost()
    host.reader.set_quirks({"asks_for_application": 1.0, "asks_for_pin": 1.0})
    host.send(activate())
    return host


def test_the_host_chooses_the_application(host: NeoHost) -> None:
    host.present("visa_approved", Entry.CONTACT)
    asked = from_frame(host.last)
    assert isinstance(asked, DisplayRequested)
    assert [line.text for line in asked.text.lines] == ["Visa Credit", "VISA CREDIT"]

    host.send(AnswerDisplay(DisplayMode.MENU, 1))

    assert host.told == ["02 0E", "61 01", "61 00", "02 00"]
    assert host.card().result_code == ResultCode.STARTED


def test_the_host_may_choose_none(host: NeoHost) -> None:
    host.present("visa_approved", Entry.CONTACT)

    host.send(AnswerDisplay(DisplayMode.CANCEL))

    assert host.told[-1] == "02 0A"
    assert host.card().result_code == ResultCode.CANCELED
    assert host.state == "idle"


def test_the_host_may_choose_too_late(host: NeoHost) -> None:
    host.present("visa_approved", Entry.CONTACT)

    host.clock.advance(30)
    assert host.told[-1] == "02 08"

    late = host.ask(AnswerDisplay(DisplayMode.MENU, 1))
    assert late.code == StatusCode.OK
    assert host.state == "idle"


def test_a_question_is_canceled_with_the_transaction(host: NeoHost) -> None:
    host.present("visa_approved", Entry.CONTACT)

    host.send(CancelTransaction())

    assert host.told[-2:] == ["05 00", "02 0A"]


def test_a_pin_that_nobody_can_type_is_done_without(host: NeoHost) -> None:
    host.present("visa_online_pin", Entry.CONTACT)
    host.send(AnswerDisplay(DisplayMode.MENU, 1))
    host.send(AUTHENTICATE)
    assert from_frame(host.last) == PinRequested(0x01)

    host.send(RefusePin())

    assert host.card().result_code == ResultCode.GO_ONLINE
    results = find_value(host.card().objects, emv.CVM_RESULTS)
    assert results == bytes.fromhex("420301")


def test_a_card_pulled_during_the_question_ends_the_chips_command(
    host: NeoHost,
) -> None:
    host.present("visa_online_pin", Entry.CONTACT)
    host.send(AnswerDisplay(DisplayMode.MENU, 1))
    host.send(AUTHENTICATE)

    host.reader.remove_card()

    assert host.told[-1] == "60 0A"
    assert host.card().error_code == ErrorCode.CARD_COMMUNICATION


def test_a_pin_is_waited_for_no_longer_than_half_a_minute(host: NeoHost) -> None:
    host.present("visa_online_pin", Entry.CONTACT)
    host.send(AnswerDisplay(DisplayMode.MENU, 1))
    host.send(AUTHENTICATE)

    host.clock.advance(30)

    assert host.told[-1] == "60 08"
    assert host.state == "idle"


def test_a_card_without_pin_is_asked_for_none(host: NeoHost) -> None:
    host.present("visa_approved", Entry.CONTACT)
    host.send(AnswerDisplay(DisplayMode.MENU, 1))

    host.send(AUTHENTICATE)

    assert "61 02" not in host.told


def test_a_reader_with_a_display_asks_its_host_nothing() -> None:
    host = NeoHost("idtech_vp6800")
    host.reader.set_quirks({"asks_for_application": 1.0, "asks_for_pin": 1.0})
    host.send(activate())

    host.present("visa_online_pin", Entry.CONTACT)
    host.send(AUTHENTICATE)

    assert host.told == ["02 0E", "02 00", "60 63", "60 00"]
