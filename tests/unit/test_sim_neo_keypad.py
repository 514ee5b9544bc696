"""The simulated NEO readers with a keypad: what a customer types, and who hears of it."""

from __future__ import annotations

import pytest
from neo_host import NeoHost, activate

from drivers.protocol.idtech_neo.activate import CancelTransaction
from drivers.protocol.idtech_neo.basic import Ping
from drivers.protocol.idtech_neo.card_answer import Interface, decode_card_answer
from drivers.protocol.idtech_neo.issuer_data import masked_track_2_of
from drivers.protocol.idtech_neo.keypad import (
    CancelKeypad,
    CardFields,
    GetAmount,
    GetCard,
    GetFunctionKey,
    GetNumber,
    GetPin,
    Typed,
    digits_of,
    pin_of,
    typed_of,
)
from drivers.protocol.idtech_neo.msr_fields import TYPED_CARD
from drivers.protocol.idtech_neo.status import KeypadState, StatusCode
from simulator.cards.card import Entry
from simulator.emv.authorization import Approved
from simulator.emv.pin_block import PinBlockFormat
from simulator.emv.pin_keys import SealedPin, open_pin
from simulator.errors import ControlRefused

VISA = "4242424242424242"
NUMBER = GetNumber(most_digits=6, least_digits=2, message="TABLE?")
AMOUNT = GetAmount(most_digits=6, least_digits=1, message="TIP AMOUNT")
PIN = GetPin(most_digits=12, least_digits=4)
CARD = GetCard(60, CardFields.PAN | CardFields.EXPIRY)


@pytest.fixture
def host() -> NeoHost:
    return NeoHost("idtech_vp6800")


def typed(host: NeoHost) -> Typed:
    """The second answer."""
    assert host.told == ["62 00", "62 00"]
    return typed_of(host.last.data)


def test_a_number_is_shown_while_typed_and_told_at_the_end(host: NeoHost) -> None:
    host.send(NUMBER)
    assert host.told == ["62 00"]
    assert host.last.data == b""
    assert host.state == "waiting_for_customer"

    host.press("1", "9", "clear", "4", "2")
    assert host.shows == "TABLE? / 42"
    host.press("enter")

    answer = typed(host)
    assert answer.state == KeypadState.OK
    assert answer.value == b"42FFFFFFFFFFFFFF"
    assert digits_of(answer.value) == "42"
    assert host.shows == "WELCOME"


def test_a_number_may_be_hidden(host: NeoHost) -> None:
    host.send(GetNumber(6, 2, "CODE?", is_hidden=True))

    host.press("1", "2", "3")

    assert host.shows == "CODE? / ***"


def test_an_amount_is_shown_with_two_decimals(host: NeoHost) -> None:
    host.send(AMOUNT)
    assert host.shows == "TIP AMOUNT / 0.00"

    host.press("1", "5", "0")
    assert host.shows == "TIP AMOUNT / 1.50"
    host.press("enter")

    assert digits_of(typed(host).value) == "150"


def test_too_few_and_too_many_digits_do_nothing(host: NeoHost) -> None:
    host.send(NUMBER)
    host.press("1")

    with pytest.raises(ControlRefused, match="does nothing now"):
        host.press("enter")
    with pytest.raises(ControlRefused, match="no more than 6"):
        host.press(*"234567")

    assert host.told == ["62 00"]


@pytest.mark.parametrize(
    ("key", "letter"),
    [("f1", b"F1"), ("*", b"*"), ("clear", b"B"), ("cancel", b"C"), ("enter", b"E")],
)
def test_a_key_is_told_by_its_letter(host: NeoHost, key: str, letter: bytes) -> None:
    host.send(GetFunctionKey())

    host.press(key)

    assert typed(host) == Typed(KeypadState.OK, letter)


def test_a_pin_is_told_for_the_card_read_last_and_opens_for_it(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACTLESS)
    host.frames.clear()

    host.send(PIN)
    assert host.shows == "ENTER PIN / "
    host.press(*"1234")
    assert host.shows == "ENTER PIN / ****"
    host.press("enter")

    answer = typed(host)
    assert answer.state == KeypadState.OK
    pin = pin_of(answer.value)
    sealed = SealedPin(pin.block, pin.ksn, PinBlockFormat.ISO_0)
    assert open_pin(sealed, VISA) == "1234"
    assert b"1234" not in host.last.data


def test_a_pin_under_aes_is_a_longer_block(host: NeoHost) -> None:
    host.reader.set_quirks({"aes_keys": 1.0})
    host.send(activate())
    host.present("visa_approved", Entry.CONTACTLESS)
    host.frames.clear()

    host.send(PIN)
    host.press(*"1234", "enter")

    pin = pin_of(typed(host).value)
    sealed = SealedPin(pin.block, pin.ksn, PinBlockFormat.ISO_4)
    assert (len(pin.block), len(pin.ksn)) == (16, 12)
    assert open_pin(sealed, VISA) == "1234"


@pytest.mark.parametrize(
    ("command", "quirks", "state"),
    [
        (PIN, {}, KeypadState.PAN_ERROR),
        (PIN, {"key_exhausted": 1.0}, KeypadState.KEY_EXHAUSTED),
        (GetPin(13, 4), {}, KeypadState.BAD_PARAMETER),
        (GetPin(4, 6), {}, KeypadState.BAD_PARAMETER),
    ],
)
def test_a_pin_that_cannot_be_asked_for_is_refused_in_the_second_answer(
    host: NeoHost, command: GetPin, quirks: dict[str, float], state: KeypadState
) -> None:
    host.reader.set_quirks(quirks)

    host.send(command)

    assert typed(host).state == state
    assert host.state == "idle"


def test_the_card_whose_pin_it_was_is_forgotten_without_power(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACTLESS)
    host.reader.unplug()
    host.reader.plug()
    host.open()
    host.frames.clear()

    host.send(PIN)

    assert typed(host).state == KeypadState.PAN_ERROR


@pytest.mark.parametrize("command", [NUMBER, AMOUNT, GetFunctionKey()])
def test_nobody_types_for_three_minutes(
    host: NeoHost, command: GetNumber | GetAmount | GetFunctionKey
) -> None:
    host.send(command)

    host.clock.advance(179)
    assert len(host.frames) == 1
    host.clock.advance(1)

    assert host.told == ["62 00", "62 08"]
    assert host.state == "idle"


def test_the_customer_may_cancel(host: NeoHost) -> None:
    host.send(NUMBER)

    host.press("1", "cancel")

    assert typed(host).state == KeypadState.CANCELED_BY_CUSTOMER


def test_the_host_may_cancel_and_hears_both_answers(host: NeoHost) -> None:
    host.send(NUMBER)
    host.frames.clear()

    host.send(CancelKeypad())

    assert typed(host).state == KeypadState.CANCELED_BY_HOST


def test_nothing_but_a_cancel_is_taken_while_a_customer_types(host: NeoHost) -> None:
    host.send(NUMBER)

    assert host.ask(Ping()).code == StatusCode.COMMAND_NOT_ALLOWED
    assert host.ask(CancelTransaction()).code == StatusCode.COMMAND_NOT_ALLOWED
    assert host.ask(AMOUNT).code == StatusCode.COMMAND_NOT_ALLOWED

    assert host.shows == "TABLE? / "


def test_nothing_is_canceled_where_nobody_types(host: NeoHost) -> None:
    assert host.ask(CancelKeypad()).code == StatusCode.SUB_COMMAND_NOT_ALLOWED


def test_asking_for_digits_ends_a_transaction(host: NeoHost) -> None:
    host.send(activate())

    host.send(NUMBER)

    assert host.told == ["02 0A", "62 00"]


def test_a_typed_card_is_told_like_a_swipe(host: NeoHost) -> None:
    host.send(CARD)
    assert host.told == []
    assert host.shows == "ENTER CARD NUMBER / "

    host.press(*VISA)
    assert host.shows == f"ENTER CARD NUMBER / {'*' * 16}"
    host.press("enter", *"1234")
    assert host.shows == "ENTER EXPIRY MMYY / ****"
    host.press("enter")

    assert host.told == ["83 00"]
    answer = decode_card_answer(host.last.data)
    assert answer.attribution.interface is Interface.SWIPE
    assert answer.entry_mode == 0x01
    assert answer.stripe is not None
    assert answer.stripe.encode_type == TYPED_CARD
    assert masked_track_2_of(answer) == ";4242********4242=3412***?"
    assert isinstance(host.authorize("magnetic_stripe_track2"), Approved)


def test_a_typed_card_without_expiry_is_told_at_once(host: NeoHost) -> None:
    host.send(GetCard(60, CardFields.PAN))

    host.press(*VISA, "enter")

    assert host.told == ["83 00"]


def test_only_numbers_of_virtual_cards_are_taken(host: NeoHost) -> None:
    host.send(CARD)
    host.press(*"4000000000000")

    with pytest.raises(ControlRefused, match="no virtual card"):
        host.press("enter")

    assert host.told == []


@pytest.mark.parametrize(
    ("ending", "status", "data"),
    [
        ("customer", StatusCode.FAILED, b"\x01"),
        ("host", StatusCode.FAILED, b"\x02"),
        ("nobody", StatusCode.TIMED_OUT, b""),
    ],
)
def test_a_card_number_may_not_be_typed_to_its_end(
    host: NeoHost, ending: str, status: StatusCode, data: bytes
) -> None:
    host.send(CARD)

    match ending:
        case "customer":
            host.press("4", "cancel")
        case "host":
            host.send(CancelTransaction())
        case _:
            host.clock.advance(60)

    assert host.last.command == 0x83
    assert (host.last.code, host.last.data) == (status, data)
    assert host.state == "idle"
