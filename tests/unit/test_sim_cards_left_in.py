"""Simulated readers of both families while a card stays in their slot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mms_host import CARDS, QUICK_CHIP, MmsHost, start
from neo_host import AUTHENTICATE, NeoHost, activate

from drivers.protocol.idtech_neo.activate import CancelTransaction, Interface
from drivers.protocol.idtech_neo.basic import Ping
from drivers.protocol.idtech_neo.pass_through import (
    CardInterface,
    ContactOff,
    GetAtr,
    SetPassThrough,
)
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.protocol.magtek_mms import properties
from drivers.protocol.magtek_mms.control import ResetDevice
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.interface import ReadBarcode
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardUpdate,
    Technology,
)
from drivers.protocol.magtek_mms.properties import SetProperty
from drivers.protocol.magtek_mms.start import Contactless
from simulator.cards.card import Entry
from simulator.errors import ControlRefused
from simulator.reader.device import SimulatedReader

VISA = CARDS.named("visa_approved")
REMOVED = DeviceUpdate(DeviceState.IDLE_REMOVE)
INSERTED = CardUpdate(Technology.CONTACT, CardChange.INSERTED)
ON, OFF = SetPassThrough(is_on=True), SetPassThrough(is_on=False)


@pytest.fixture
def mms() -> MmsHost:
    host = MmsHost("magtek_dynaflex")
    host.ask(SetProperty(properties.USER_EVENTS, bytes.fromhex("08000000")))
    host.ask(ResetDevice())
    host.messages.clear()
    return host


@pytest.fixture
def neo() -> NeoHost:
    return NeoHost()


def pay_at_mms(host: MmsHost, *, stays_s: float | None = None) -> None:
    host.ask(start(options=QUICK_CHIP))
    host.reader.present_card(VISA, Entry.CONTACT, stays_s=stays_s)


def pay_at_neo(host: NeoHost, *, stays_s: float | None = None) -> None:
    host.send(activate())
    host.reader.present_card(VISA, Entry.CONTACT, stays_s=stays_s)
    host.ask(CancelTransaction())


def has_chip(host: NeoHost) -> bool:
    """Whether a chip says what it is."""
    host.ask(ON)
    answer = host.ask(GetAtr())
    host.ask(OFF)
    assert answer.code in (StatusCode.OK, StatusCode.FAILED)
    assert bool(answer.data) is (answer.code == StatusCode.OK)
    return bool(answer.data)


def test_a_card_is_taken_at_once_unless_it_is_forgotten(
    mms: MmsHost, neo: NeoHost
) -> None:
    pay_at_mms(mms, stays_s=0.0)
    pay_at_neo(neo, stays_s=0.0)

    assert not mms.reader.has_card_left_in
    assert mms.notices[-1] == REMOVED
    assert not neo.reader.has_card_left_in
    assert not has_chip(neo)


def test_a_forgotten_card_is_there_until_it_is_pulled(
    mms: MmsHost, neo: NeoHost
) -> None:
    pay_at_mms(mms)
    pay_at_neo(neo)
    mms.clock.advance(3600)
    neo.clock.advance(3600)
    assert REMOVED not in mms.notices
    assert has_chip(neo)

    mms.reader.remove_card()
    neo.reader.remove_card()

    assert mms.notices[-1] == REMOVED
    assert not has_chip(neo)


def test_a_cardholder_may_take_a_while(mms: MmsHost, neo: NeoHost) -> None:
    pay_at_mms(mms, stays_s=5.0)
    pay_at_neo(neo, stays_s=5.0)

    mms.clock.advance(4.9)
    neo.clock.advance(4.9)
    assert mms.reader.has_card_left_in
    assert neo.reader.has_card_left_in
    mms.clock.advance(0.1)
    neo.clock.advance(0.1)

    assert mms.notices[-1] == REMOVED
    assert not has_chip(neo)


@pytest.mark.parametrize("reader", [lambda: MmsHost().reader, lambda: NeoHost().reader])
def test_there_is_nothing_to_pull_out_of_an_empty_slot(
    reader: Callable[[], SimulatedReader],
) -> None:
    with pytest.raises(ControlRefused):
        reader().remove_card()


def test_a_reader_that_was_not_told_to_tell_keeps_the_removal_to_itself() -> None:
    host = MmsHost()
    pay_at_mms(host)
    told = len(host.messages)

    host.reader.remove_card()

    assert len(host.messages) == told


def test_a_reader_that_is_busy_does_not_tell_of_its_slot(mms: MmsHost) -> None:
    pay_at_mms(mms)
    mms.ask(ReadBarcode(is_enabled=True, timeout_s=30))

    mms.reader.remove_card()

    assert not mms.reader.has_card_left_in
    assert REMOVED not in mms.notices


def test_the_next_transaction_takes_the_card_that_is_there(
    mms: MmsHost, neo: NeoHost
) -> None:
    pay_at_mms(mms)
    pay_at_neo(neo)

    mms.ask(start())
    neo.send(activate())

    assert mms.notices.count(INSERTED) == 2
    assert mms.state == "authorising"
    assert neo.state == "reading"
    neo.send(AUTHENTICATE)
    assert neo.state == "authorising"
    assert not mms.reader.has_card_left_in
    assert not neo.reader.has_card_left_in


def test_a_transaction_without_chips_leaves_the_card_where_it_is(
    mms: MmsHost, neo: NeoHost
) -> None:
    pay_at_mms(mms)
    pay_at_neo(neo)

    mms.ask(start(insert=False, contactless=Contactless.EMV))
    neo.send(activate(interfaces=Interface.CONTACTLESS))
    mms.reader.remove_card()
    neo.reader.remove_card()

    assert (mms.state, neo.state) == ("waiting_for_card", "waiting_for_card")
    neo.send(CancelTransaction())
    assert not has_chip(neo)


def test_a_card_stays_while_the_reader_does_something_else(neo: NeoHost) -> None:
    pay_at_neo(neo)
    neo.send(activate(interfaces=Interface.CONTACTLESS))
    neo.send(CancelTransaction())

    assert neo.ask(Ping()).code == StatusCode.OK
    assert has_chip(neo)


def test_without_power_a_card_is_taken_out(mms: MmsHost, neo: NeoHost) -> None:
    pay_at_mms(mms)
    pay_at_neo(neo)

    for host in (mms, neo):
        host.reader.unplug()
        host.reader.plug()
        assert not host.reader.has_card_left_in


def test_a_chip_is_asked_in_pass_through_alone(neo: NeoHost) -> None:
    pay_at_neo(neo)

    assert neo.ask(GetAtr()).code == StatusCode.SUB_COMMAND_NOT_ALLOWED
    neo.ask(ON)
    assert neo.ask(GetAtr(CardInterface.CONTACTLESS)).code == StatusCode.FAILED
    assert neo.ask(GetAtr()).code == StatusCode.OK
    assert neo.ask(ContactOff()).code == StatusCode.OK


def test_a_reader_without_slot_knows_no_such_question() -> None:
    host = NeoHost("idtech_kiosk_v")

    assert host.ask(GetAtr()).code == StatusCode.UNKNOWN_SUB_COMMAND
