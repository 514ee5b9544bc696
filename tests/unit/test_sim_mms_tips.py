"""Tips and tax at a simulated touch screen, before the card is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mms_host import QUICK_CHIP, MmsHost, start

from drivers.protocol import emv
from drivers.protocol.magtek_mms.control import CancelTransaction
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.magtek_mms.tips import (
    TipButton,
    TipButtonKind,
    TipMode,
    TipOptions,
)
from drivers.protocol.tlv import find_value
from simulator.cards.card import Entry
from simulator.emv.sealing import unseal
from simulator.errors import ControlRefused

PERCENTS = TipOptions(
    TipMode.PERCENT,
    (
        TipButton(TipButtonKind.VALUE, 15),
        TipButton(TipButtonKind.VALUE, 20),
        TipButton(TipButtonKind.CUSTOM),
        TipButton(TipButtonKind.NO_TIP),
    ),
)


def asking(tips: TipOptions, *, amount: int = 1000) -> StartTransaction:
    return replace(start(amount=amount), tips=tips)


@pytest.fixture
def host() -> MmsHost:
    return MmsHost("magtek_dynaflex")


def signed_amount(host: MmsHost) -> int:
    """What the card was asked to authorise."""
    encrypted = host.arqc().encrypted
    objects = unseal(encrypted.ciphertext, encrypted.ksn)
    return emv.decode_numeric(find_value(objects, emv.AMOUNT_AUTHORISED) or b"")


def test_the_buttons_are_those_the_host_offers(host: MmsHost) -> None:
    host.ask(asking(PERCENTS))

    assert host.state == "waiting_for_customer"
    assert host.shows == "10.00 USD / ADD A TIP"
    assert host.reader.screen.choices == ("15%", "20%", "CUSTOM", "NO TIP")


def test_a_percentage_is_told_and_added_to_what_the_card_authorises(
    host: MmsHost,
) -> None:
    host.ask(asking(replace(PERCENTS, tax=83)))

    host.reader.touch("20%")
    assert host.shows == "12.83 USD / PRESENT CARD"
    host.present("visa_approved", Entry.CONTACT)
    host.resume(*host.authorize("contact_emv", amount=1283))

    assert (host.arqc().tip, host.arqc().tax) == (200, 83)
    assert signed_amount(host) == 1283
    assert host.told[-1] == "CONTACT end APPROVED"


def test_fixed_amounts_are_offered_in_the_currency_of_the_sale(host: MmsHost) -> None:
    amounts = TipOptions(TipMode.AMOUNT, (TipButton(TipButtonKind.VALUE, 250),))
    host.ask(asking(amounts))

    host.reader.touch("2.50 USD")
    host.present("visa_approved", Entry.CONTACTLESS)

    assert signed_amount(host) == 1250


def test_no_tip_is_a_tip_of_nothing(host: MmsHost) -> None:
    host.ask(asking(PERCENTS))

    host.reader.touch("NO TIP")
    host.present("visa_approved", Entry.SWIPE)

    assert (host.arqc().tip, host.arqc().tax) == (0, 0)


def test_an_amount_of_ones_own_is_typed(host: MmsHost) -> None:
    host.ask(asking(PERCENTS))

    host.reader.touch("CUSTOM")
    host.type("9", "clear", "325")
    assert host.shows == "TIP AMOUNT / 3.25 USD"
    host.type("enter")

    assert host.shows == "13.25 USD / PRESENT CARD"


def test_only_what_is_on_the_screen_can_be_touched(host: MmsHost) -> None:
    host.ask(asking(PERCENTS))

    with pytest.raises(ControlRefused, match="no button reads '18%'"):
        host.reader.touch("18%")
    host.reader.touch("CUSTOM")
    with pytest.raises(ControlRefused, match="no button reads '15%'"):
        host.reader.touch("15%")
    with pytest.raises(ControlRefused, match="'enter' does nothing"):
        host.type("enter")


def test_no_card_is_taken_before_the_tip_is_chosen(host: MmsHost) -> None:
    host.ask(asking(PERCENTS))

    with pytest.raises(ControlRefused, match="preparing and takes no card"):
        host.present("visa_approved", Entry.CONTACT)
    with pytest.raises(ControlRefused, match="'7' does nothing"):
        host.type("7")


def test_who_takes_too_long_over_the_tip_ends_the_transaction(host: MmsHost) -> None:
    host.ask(replace(asking(PERCENTS), timeout_s=20))

    host.clock.advance(20)

    assert host.told == ["NONE end TIMED_OUT"]


def test_who_cancels_over_the_tip_ends_the_transaction(host: MmsHost) -> None:
    host.ask(asking(PERCENTS))

    host.type("cancel")

    assert host.told == ["NONE end CANCELED_BY_CUSTOMER"]


def test_the_host_may_cancel_while_the_tip_is_chosen(host: MmsHost) -> None:
    host.ask(asking(PERCENTS))

    host.ask(CancelTransaction())

    assert host.told == ["NONE end CANCELED_BY_HOST"]
    assert host.shows == "WELCOME"


def test_a_tip_on_request_stands_beside_the_prompt_for_a_card(host: MmsHost) -> None:
    host.ask(asking(replace(PERCENTS, mode=TipMode.PERCENT_ON_REQUEST)))

    assert host.shows == "10.00 USD / PRESENT CARD"
    assert "+TIP" in host.reader.screen.choices
    host.reader.touch("+TIP")
    host.reader.touch("15%")
    assert host.shows == "11.50 USD / PRESENT CARD"
    assert "+TIP" not in host.reader.screen.choices
    with pytest.raises(ControlRefused, match="nothing to touch"):
        host.reader.touch("+TIP")


def test_who_wants_to_give_nothing_may_just_present_a_card(host: MmsHost) -> None:
    host.ask(asking(replace(PERCENTS, mode=TipMode.AMOUNT_ON_REQUEST, tax=50)))

    host.present("visa_approved", Entry.CONTACT)

    assert (host.arqc().tip, host.arqc().tax) == (0, 50)
    assert signed_amount(host) == 1050


def test_tax_alone_is_added_without_a_question(host: MmsHost) -> None:
    host.ask(asking(TipOptions(TipMode.OFF, (), tax=70)))

    assert host.shows == "10.70 USD / PRESENT CARD"
    assert host.reader.screen.choices == ()


def test_quick_chip_has_tips_too(host: MmsHost) -> None:
    host.ask(replace(asking(PERCENTS), options=QUICK_CHIP))

    host.reader.touch("15%")
    host.present("visa_approved", Entry.CONTACT)

    assert host.told[-1] == "CONTACT end DEFERRED"
    assert signed_amount(host) == 1150


def test_without_tips_none_are_told(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_approved", Entry.CONTACT)

    assert (host.arqc().tip, host.arqc().tax) == (None, None)
