"""A chip that judges a PIN, at simulated NEO readers on which one can be typed."""

from __future__ import annotations

import pytest
from neo_host import AUTHENTICATE, NeoHost, activate

from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import CancelTransaction
from drivers.protocol.idtech_neo.encrypted_tlv import find_value
from drivers.protocol.idtech_neo.events import DisplayRequested, from_frame
from drivers.protocol.idtech_neo.status import ErrorCode, ResultCode, StatusCode
from simulator.cards.card import Entry
from simulator.errors import ControlRefused
from simulator.reader.models.idtech_neo.chip_pin import TRIES, TYPING_S

RIGHT, WRONG = ("1", "2", "3", "4", "enter"), ("9", "9", "9", "9", "enter")
WITH_KEYS = ["idtech_vp6800", "idtech_vp8800"]
PASSED, FAILED_PIN = "02", "01"
"""The last byte of 9F34 (EMV Book 4, A4)."""


@pytest.fixture(params=WITH_KEYS)
def host(request: pytest.FixtureRequest) -> NeoHost:
    return asked(NeoHost(request.param))


def asked(host: NeoHost, card: str = "visa_offline_pin") -> NeoHost:
    """The chip of this card was asked for its cryptogram."""
    host.send(activate())
    host.present(card, Entry.CONTACT)
    host.send(AUTHENTICATE)
    return host


def verification(host: NeoHost) -> str:
    """How the cardholder was verified, and what came of it."""
    assert host.card().result_code == ResultCode.GO_ONLINE
    return (find_value(host.card().objects, emv.CVM_RESULTS) or b"").hex()[-2:]


def test_the_right_pin_is_typed_unseen(host: NeoHost) -> None:
    assert host.shows == "ENTER PIN / "
    assert host.state == "waiting_for_customer"

    host.press("1", "2", "3", "4")
    assert host.shows == "ENTER PIN / ****"
    host.press("enter")

    assert host.state == "authorising"
    assert verification(host) == PASSED


def test_a_wrong_pin_may_be_tried_again(host: NeoHost) -> None:
    host.press(*WRONG)
    assert host.shows == "INCORRECT PIN / "

    host.press("9", "clear", *RIGHT)

    assert verification(host) == PASSED


def test_a_pin_that_is_wrong_for_good_is_for_the_issuer_to_judge(
    host: NeoHost,
) -> None:
    for _ in range(TRIES):
        host.press(*WRONG)

    assert verification(host) == FAILED_PIN


def test_a_pin_may_be_left_out(host: NeoHost) -> None:
    host.press("enter")

    assert verification(host) == FAILED_PIN


def test_a_few_digits_are_no_pin(host: NeoHost) -> None:
    with pytest.raises(ControlRefused):
        host.press("1", "enter")

    assert host.state == "waiting_for_customer"


def test_a_cardholder_may_give_up_at_the_pin(host: NeoHost) -> None:
    host.press("cancel")

    assert host.told[-1] == "60 0A"
    assert host.card().result_code == ResultCode.CANCELED
    assert host.state == "idle"


def test_a_host_may_give_up_at_the_pin(host: NeoHost) -> None:
    host.send(CancelTransaction())

    assert host.told[-2:] == ["05 00", "60 0A"]
    host.clock.advance(TYPING_S)
    assert host.told[-1] == "60 0A"


def test_nobody_waits_for_a_pin_for_ever(host: NeoHost) -> None:
    host.clock.advance(TYPING_S)

    assert host.last.code == StatusCode.TIMED_OUT
    assert host.state == "idle"


def test_a_card_may_be_pulled_at_the_pin(host: NeoHost) -> None:
    host.reader.remove_card()

    assert host.card().error_code == ErrorCode.CARD_COMMUNICATION
    with pytest.raises(ControlRefused):
        host.press("1")


def test_without_power_nothing_more_is_typed(host: NeoHost) -> None:
    host.reader.unplug()
    host.reader.plug()

    with pytest.raises(ControlRefused):
        host.press("1")


@pytest.mark.parametrize("card", ["visa_online_pin", "visa_approved"])
def test_a_pin_that_the_chip_does_not_judge_is_not_asked_for(card: str) -> None:
    host = asked(NeoHost("idtech_vp6800"), card)

    assert host.state == "authorising"


def test_a_pin_pad_beside_a_reader_has_its_host_show_what_is_asked() -> None:
    host = NeoHost("idtech_vp5300")
    with pytest.raises(ControlRefused):
        host.press("1")
    host.reader.set_quirks({"pin_pad": 1.0})
    asked(host)
    event = from_frame(host.last)
    assert isinstance(event, DisplayRequested)
    assert [line.text for line in event.text.lines] == ["ENTER PIN"]

    host.press(*RIGHT)

    assert verification(host) == PASSED
