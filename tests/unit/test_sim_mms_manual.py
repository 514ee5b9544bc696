"""Card numbers typed at a simulated touch screen: virtual cards only, shown nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mms_host import MmsHost, refusal, start

from drivers.protocol.magtek_mms.start import Contactless, ManualEntry, StartTransaction
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.tips import (
    TipButton,
    TipButtonKind,
    TipMode,
    TipOptions,
)
from drivers.protocol.tlv import find_value
from simulator.emv.authorization import Approved, AuthorizationRequest
from simulator.emv.sealing import STRIPE_TEMPLATE, TRACK_1, TRACK_2, unseal
from simulator.errors import ControlRefused

NUMBER = "4242424242424242"


def typed(*, has_key_sounds: bool = False, timeout_s: int = 60) -> StartTransaction:
    order = start(
        swipe=False, insert=False, contactless=Contactless.OFF, timeout_s=timeout_s
    )
    return replace(order, manual=ManualEntry(has_key_sounds=has_key_sounds))


@pytest.fixture
def host() -> MmsHost:
    return MmsHost("magtek_dynaflex")


def tracks(host: MmsHost) -> tuple[bytes | None, bytes | None]:
    encrypted = host.arqc().encrypted
    objects = unseal(encrypted.ciphertext, encrypted.ksn)
    return (
        find_value(objects, STRIPE_TEMPLATE, TRACK_1),
        find_value(objects, STRIPE_TEMPLATE, TRACK_2),
    )


def test_a_typed_card_is_told_recorded_and_over(host: MmsHost) -> None:
    host.ask(typed())

    host.type(NUMBER, "enter", "1234", "enter", "987", "enter")

    assert host.told == [
        "MANUAL SWIPED",
        "MANUAL ARQC",
        "MANUAL BATCH",
        "MANUAL end COMPLETED",
    ]
    assert host.arqc().card_type == 0x03
    assert tracks(host) == (
        b"%M4242424242424242^MANUAL ENTRY/^3412000000987000000?",
        b";4242424242424242=3412000000987000?",
    )


def test_the_bank_takes_a_typed_card(host: MmsHost) -> None:
    host.ask(typed())
    host.type(NUMBER, "enter", "1234", "enter", "enter")
    encrypted = host.arqc().encrypted

    answer = host.issuer.authorize(
        AuthorizationRequest(
            encrypted.ciphertext, encrypted.ksn, "magnetic_stripe_track2", 1000, "usd"
        )
    )

    assert isinstance(answer, Approved)


def test_what_is_typed_is_shown_as_stars_and_nowhere_else(host: MmsHost) -> None:
    host.ask(typed())

    host.type(NUMBER)
    assert host.shows == f"10.00 USD / CARD NUMBER / {'*' * 16}"
    host.type("enter", "1234", "enter", "987", "enter")

    shown = str([screen.lines for screen in host.reader.history])
    assert NUMBER not in shown
    assert "1234" not in shown
    assert host.arqc().masked_track_2 == ";4242420000004242=3412000?"
    assert NUMBER not in repr(host.reader.model)


@pytest.mark.parametrize("number", ["4242424242424241", "12345678"])
def test_a_number_of_no_virtual_card_is_refused_and_typed_anew(
    host: MmsHost, number: str
) -> None:
    host.ask(typed())
    host.type(number)

    with pytest.raises(ControlRefused) as refused:
        host.type("enter")

    assert number not in str(refused.value)
    assert host.shows.endswith("CARD NUMBER / ")
    host.type(NUMBER, "enter")
    assert host.shows.endswith("EXPIRY MMYY / ")


def test_a_month_that_is_none_is_typed_anew(host: MmsHost) -> None:
    host.ask(typed())
    host.type(NUMBER, "enter", "1334")

    with pytest.raises(ControlRefused, match="no month"):
        host.type("enter")

    host.type("1234", "enter")
    assert host.shows.endswith("SECURITY CODE / ")


def test_too_few_digits_are_not_taken(host: MmsHost) -> None:
    host.ask(typed())
    host.type("4242")

    with pytest.raises(ControlRefused, match="too few digits"):
        host.type("enter")


def test_who_cancels_while_typing_ends_the_transaction(host: MmsHost) -> None:
    host.ask(typed())
    host.type("4242", "cancel")

    assert host.told == ["NONE end CANCELED_BY_CUSTOMER"]


def test_every_digit_gives_the_cardholder_time_again(host: MmsHost) -> None:
    host.ask(typed(timeout_s=20))

    host.clock.advance(19)
    host.type("4")
    host.clock.advance(19)
    assert host.told == []
    host.clock.advance(1)

    assert host.told == ["NONE end TIMED_OUT"]


def test_keys_sound_where_the_host_wants_it(host: MmsHost) -> None:
    host.ask(typed(has_key_sounds=True))

    host.type("42", "clear")

    assert len(host.reader.heard) == 3


def test_a_tip_comes_before_the_number(host: MmsHost) -> None:
    tips = TipOptions(TipMode.PERCENT, (TipButton(TipButtonKind.VALUE, 10),))
    host.ask(replace(typed(), tips=tips))

    host.reader.touch("10%")
    assert host.shows.startswith("11.00 USD / CARD NUMBER")
    host.type(NUMBER, "enter", "1234", "enter", "enter")

    assert host.arqc().tip == 100


def test_typing_goes_with_no_other_way_to_present_a_card(host: MmsHost) -> None:
    response = host.ask(replace(start(), manual=ManualEntry()))

    assert refusal(response) is StatusDetail.PARAMETER_INVALID
