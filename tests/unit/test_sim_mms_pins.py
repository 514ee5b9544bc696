"""PINs typed at a simulated PIN entry device, during a transaction."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mms_host import CARDS, MmsHost, refusal, start

from drivers.protocol import emv
from drivers.protocol.magtek_mms.control import CancelTransaction
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.tlv import Tlv, find_value
from simulator.cards.card import Entry
from simulator.emv.pin_block import PinBlockFormat
from simulator.emv.pin_keys import open_pin
from simulator.emv.sealing import pin_in, unseal
from simulator.errors import ControlRefused

ONLINE, OFFLINE = "visa_online_pin", "visa_offline_pin"


@pytest.fixture
def host() -> MmsHost:
    return MmsHost("magtek_dynaflex_ii_ped")


def card_objects(host: MmsHost) -> tuple[Tlv, ...]:
    encrypted = host.arqc().encrypted
    return unseal(encrypted.ciphertext, encrypted.ksn)


def verification(host: MmsHost) -> str:
    return (find_value(card_objects(host), emv.CVM_RESULTS) or b"").hex()


@pytest.mark.parametrize("entry", [Entry.CONTACT, Entry.CONTACTLESS])
def test_the_issuer_gets_the_pin_that_was_typed(host: MmsHost, entry: Entry) -> None:
    host.ask(start())
    host.present(ONLINE, entry)
    assert host.shows == "10.00 USD / ENTER PIN / "

    host.type("1234", "enter")

    sealed = pin_in(card_objects(host))
    assert sealed is not None
    assert open_pin(sealed, CARDS.named(ONLINE).account.number) == "1234"
    assert host.authorize(f"{entry}_emv")[0] == "00"


@pytest.mark.parametrize(
    "block_format", [PinBlockFormat.ISO_0, PinBlockFormat.ISO_3, PinBlockFormat.ISO_4]
)
def test_the_block_has_the_format_the_host_asks_for(
    host: MmsHost, block_format: PinBlockFormat
) -> None:
    host.ask(replace(start(), pin_block_format=block_format))
    host.present(ONLINE, Entry.CONTACT)
    host.type("1234", "enter")

    sealed = pin_in(card_objects(host))

    assert sealed is not None
    assert sealed.block_format is block_format
    assert host.authorize("contact_emv")[0] == "00"


@pytest.mark.parametrize("number", [1, 2])
def test_a_format_that_cannot_be_is_refused(host: MmsHost, number: int) -> None:
    response = host.ask(replace(start(), pin_block_format=number))

    assert refusal(response) is StatusDetail.PARAMETER_INVALID


def test_a_wrong_pin_is_declined_by_its_issuer(host: MmsHost) -> None:
    host.ask(start())
    host.present(ONLINE, Entry.CONTACT)
    host.type("4321", "enter")

    code, data = host.authorize("contact_emv")
    host.resume(code, data)

    assert code == "55"
    assert host.told[-1] == "CONTACT end DECLINED"


def test_a_chip_judges_an_offline_pin_by_itself(host: MmsHost) -> None:
    host.ask(start())
    host.present(OFFLINE, Entry.CONTACT)

    host.type("4321", "enter")
    assert host.shows == "10.00 USD / PIN INCORRECT, TRY AGAIN / "
    host.type("1234", "enter")

    assert pin_in(card_objects(host)) is None
    assert verification(host) == "410302"
    assert host.authorize("contact_emv")[0] == "00"


def test_three_wrong_pins_are_told_to_the_issuer_who_declines(host: MmsHost) -> None:
    host.ask(start())
    host.present(OFFLINE, Entry.CONTACT)

    for _ in range(3):
        host.type("4321", "enter")

    assert verification(host) == "410301"
    assert host.authorize("contact_emv")[0] == "75"


@pytest.mark.parametrize("card", [ONLINE, OFFLINE])
def test_a_pin_can_be_left_out_and_the_issuer_wants_it(
    host: MmsHost, card: str
) -> None:
    host.ask(start())
    host.present(card, Entry.CONTACT)

    host.type("enter")

    assert pin_in(card_objects(host)) is None
    assert host.authorize("contact_emv")[0] == "1A"


def test_no_digit_is_ever_on_the_screen(host: MmsHost) -> None:
    host.ask(start())
    host.present(ONLINE, Entry.CONTACT)

    host.type("12")
    assert host.shows == "10.00 USD / ENTER PIN / **"
    host.type("clear")
    assert host.shows == "10.00 USD / ENTER PIN / "
    host.type("1234", "enter")

    pins = [screen.lines[-1] for screen in host.reader.history if len(screen.lines) > 2]
    assert set("".join(pins)) == {"*"}


def test_too_short_a_pin_is_not_taken(host: MmsHost) -> None:
    host.ask(start())
    host.present(ONLINE, Entry.CONTACT)
    host.type("123")

    with pytest.raises(ControlRefused, match="too few digits"):
        host.type("enter")


def test_who_cancels_over_the_pin_ends_the_transaction(host: MmsHost) -> None:
    host.ask(start())
    host.present(ONLINE, Entry.CONTACT)

    host.type("12", "cancel")

    assert host.told[-1] == "NONE end CANCELED_BY_CUSTOMER"


def test_who_forgets_the_pin_is_not_waited_for(host: MmsHost) -> None:
    host.ask(start(timeout_s=30))
    host.present(ONLINE, Entry.CONTACT)

    host.clock.advance(30)

    assert host.told[-1] == "NONE end TIMED_OUT"


def test_the_host_may_cancel_while_the_pin_is_typed(host: MmsHost) -> None:
    host.ask(start())
    host.present(ONLINE, Entry.CONTACT)

    host.ask(CancelTransaction())

    assert host.told[-1] == "NONE end CANCELED_BY_HOST"


def test_a_card_can_be_pulled_while_its_pin_is_typed(host: MmsHost) -> None:
    host.ask(start())
    host.present(ONLINE, Entry.CONTACT)
    host.type("12")

    host.reader.remove_card()

    assert host.told[-2:] == ["CONTACT REMOVED", "CONTACT end TAG_REMOVED"]


def test_a_tapped_card_is_gone_already(host: MmsHost) -> None:
    host.ask(start())
    host.present(ONLINE, Entry.CONTACTLESS)

    with pytest.raises(ControlRefused, match="no card is in the reader"):
        host.reader.remove_card()


@pytest.mark.parametrize("entry", [Entry.SWIPE, Entry.CONTACTLESS])
def test_a_pin_that_only_the_chip_can_judge_is_asked_for_in_the_slot_only(
    host: MmsHost, entry: Entry
) -> None:
    host.ask(start())

    host.present(OFFLINE, entry)

    assert host.state == "authorising"


def test_a_reader_without_keypad_takes_the_pin_as_right() -> None:
    host = MmsHost("magtek_dynaflex")
    host.ask(start())

    host.present(ONLINE, Entry.CONTACT)

    assert host.state == "authorising"
    assert host.authorize("contact_emv")[0] == "00"
