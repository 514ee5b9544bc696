"""The simulated NEO readers and their cardholder: every way a card can come and go."""

from __future__ import annotations

import pytest
from neo_host import (
    AUTHENTICATE,
    NeoHost,
    activate,
    code_only,
    issuer_said,
    sale,
)

from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import (
    ActivateTransaction,
    CancelTransaction,
    Interface,
    StartContact,
)
from drivers.protocol.idtech_neo.card_answer import Interface as CardInterface
from drivers.protocol.idtech_neo.encrypted_tlv import Form, find_value
from drivers.protocol.idtech_neo.events import DisplayRequested, from_frame
from drivers.protocol.idtech_neo.issuer_data import ksn_of, masked_track_2_of
from drivers.protocol.idtech_neo.status import ErrorCode, ResultCode, StatusCode
from drivers.protocol.tlv import Tlv
from drivers.wires import WireKind
from simulator.cards.card import Entry
from simulator.emv.authorization import Approved, Declined
from simulator.errors import ControlRefused


@pytest.fixture
def host() -> NeoHost:
    return NeoHost()


@pytest.mark.parametrize("kind", list(WireKind))
def test_a_tap_is_told_encrypted_and_approved(kind: WireKind) -> None:
    host = NeoHost(kind=kind)
    host.send(activate())
    assert host.frames == []
    assert host.state == "waiting_for_card"

    host.present("visa_contactless", Entry.CONTACTLESS)

    assert host.told == ["02 0E", "02 23"]
    assert host.card().attribution.interface is CardInterface.CONTACTLESS
    assert host.card().entry_mode == 0x07
    assert isinstance(host.authorize("contactless_emv"), Approved)
    assert host.state == "authorising"


@pytest.mark.parametrize("kind", list(WireKind))
def test_a_swipe_is_told_as_an_encrypted_block(kind: WireKind) -> None:
    host = NeoHost(kind=kind)
    host.send(activate())

    host.present("visa_approved", Entry.SWIPE)

    assert host.told == ["02 00"]
    block = host.card().stripe
    assert block is not None
    assert block.serial_number == b"907T000001"
    assert block.masked_track_2 == ";4242********4242=3412*************?"
    assert host.card().entry_mode == 0x90
    assert isinstance(host.authorize("magnetic_stripe_track2"), Approved)


@pytest.mark.parametrize("kind", list(WireKind))
def test_a_chip_goes_through_all_three_commands(kind: WireKind) -> None:
    host = NeoHost(kind=kind)
    host.send(activate())

    host.present("visa_approved", Entry.CONTACT)
    assert host.told == ["02 0E", "02 00"]
    assert host.card().result_code == ResultCode.STARTED
    assert host.state == "reading"

    host.send(AUTHENTICATE)
    assert host.told[2:] == ["60 63", "61 01", "60 00"]
    assert host.card().result_code == ResultCode.GO_ONLINE
    assert host.state == "authorising"

    answer = host.authorize("contact_emv")
    host.send(issuer_said(answer))

    assert isinstance(answer, Approved)
    assert host.told[5:] == ["60 63", "60 00"]
    assert host.card().result_code == ResultCode.APPROVED
    assert host.state == "idle"


def test_the_chip_tells_nothing_signed_before_it_is_asked(host: NeoHost) -> None:
    host.send(activate())

    host.present("visa_approved", Entry.CONTACT)

    objects = host.card().objects
    assert find_value(objects, emv.APPLICATION_CRYPTOGRAM) is None
    assert find_value(objects, emv.PAN, form=Form.ENCRYPTED) is not None


def test_one_chip_is_under_one_key_and_the_next_card_under_another(
    host: NeoHost,
) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)
    first = ksn_of(host.card())
    host.send(AUTHENTICATE)
    second = ksn_of(host.card())
    host.send(activate(interfaces=Interface.CONTACTLESS))
    host.present("visa_approved", Entry.CONTACTLESS)

    assert first == second != ksn_of(host.card())


def test_a_chip_is_declined_by_its_issuer(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_declined", Entry.CONTACT)
    host.send(AUTHENTICATE)

    answer = host.authorize("contact_emv")
    host.send(issuer_said(answer))

    assert isinstance(answer, Declined)
    assert host.card().result_code == ResultCode.DECLINED


def test_a_chip_may_refuse_after_approval(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_refuses_after_approval", Entry.CONTACT)
    host.send(AUTHENTICATE)

    host.send(issuer_said(host.authorize("contact_emv")))

    assert host.card().result_code == ResultCode.DECLINED


def test_a_chip_is_started_by_the_contact_command_too(host: NeoHost) -> None:
    host.send(StartContact(True, timeout_s=20, next_command_s=30, objects=sale(500)))
    assert host.told == ["60 63"]

    host.present("visa_approved", Entry.CONTACT)
    host.send(AUTHENTICATE)
    host.send(code_only("00"))

    started, authenticated = ["60 0E", "60 00"], ["60 63", "61 01", "60 00"]
    assert host.told[1:] == [*started, *authenticated, "60 63", "60 00"]
    assert host.card().result_code == ResultCode.APPROVED


def test_the_contact_command_takes_no_taps(host: NeoHost) -> None:
    host.send(StartContact(False, timeout_s=20, next_command_s=30, objects=sale(500)))

    with pytest.raises(ControlRefused, match="only contact"):
        host.present("visa_approved", Entry.CONTACTLESS)


def test_an_old_card_taps_as_a_stripe(host: NeoHost) -> None:
    host.send(activate())

    host.present("visa_stripe_tap", Entry.CONTACTLESS)

    assert host.told == ["02 0E", "02 23"]
    assert host.card().attribution.interface is CardInterface.CONTACTLESS_STRIPE
    assert host.card().entry_mode == 0x91
    assert masked_track_2_of(host.card()) == ";4242********4242=3412*************?"
    masked = find_value(
        host.card().objects, emv.TRACK_1_EQUIVALENT_DATA, form=Form.MASKED
    )
    assert masked == b"*4242********4242^ /^3412*************"
    assert isinstance(host.authorize("contactless_magstripe_mode"), Approved)


def test_a_dead_chip_is_swiped_instead(host: NeoHost) -> None:
    host.send(activate())

    host.present("visa_chip_fallback", Entry.CONTACT)
    assert host.state == "waiting_for_card"
    host.present("visa_chip_fallback", Entry.SWIPE)

    assert host.told == ["02 0E", "02 00"]
    assert host.card().entry_mode == 0x80


def test_after_a_dead_chip_only_the_stripe_is_taken(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_chip_fallback", Entry.CONTACT)

    with pytest.raises(ControlRefused, match="no contactless now, only swipe"):
        host.present("visa_approved", Entry.CONTACTLESS)


@pytest.mark.parametrize(
    "command",
    [
        activate(allows_fallback=False),
        activate(interfaces=Interface.CONTACT),
        ActivateTransaction(30, sale(1000)),
    ],
)
def test_a_dead_chip_without_fallback_is_told(
    host: NeoHost, command: ActivateTransaction
) -> None:
    host.send(command)

    host.present("visa_chip_fallback", Entry.CONTACT)

    assert host.last.code == StatusCode.OK
    assert host.card().result_code == ResultCode.FALLBACK
    assert host.state == "idle"


def test_two_cards_in_the_field_end_the_transaction(host: NeoHost) -> None:
    host.send(activate())

    host.present("visa_two_cards", Entry.CONTACTLESS)

    assert host.last.code == StatusCode.FAILED
    assert host.card().error_code == ErrorCode.COLLISION
    assert host.state == "idle"


def test_a_tap_for_nothing_is_refused(host: NeoHost) -> None:
    host.send(activate(amount=0))

    host.present("visa_approved", Entry.CONTACTLESS)

    assert host.card().error_code == ErrorCode.ZERO_AMOUNT


def test_a_register_is_asked_to_show_what_a_reader_without_display_cannot(
    host: NeoHost,
) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)
    host.send(AUTHENTICATE)

    events = [from_frame(each) for each in host.frames if each.command == 0x61]

    (asked,) = [each for each in events if isinstance(each, DisplayRequested)]
    assert [line.text for line in asked.text.lines] == ["PLEASE WAIT"]


def test_a_reader_with_a_display_shows_what_it_does() -> None:
    host = NeoHost("idtech_vp6800")
    host.send(activate(amount=1234))
    assert host.shows == "12.34 USD / PRESENT CARD"

    host.present("visa_approved", Entry.CONTACT)
    assert host.shows == "12.34 USD / PLEASE WAIT"
    host.send(AUTHENTICATE)
    host.send(code_only("00"))

    assert host.shows == "APPROVED"
    assert "61 01" not in host.told
    host.clock.advance(3)
    assert host.shows == "WELCOME"


@pytest.mark.parametrize(
    ("interfaces", "prompt"),
    [
        (Interface.CONTACT, "INSERT CARD"),
        (Interface.CONTACTLESS, "TAP CARD"),
        (Interface.MSR, "SWIPE CARD"),
        (Interface.MSR | Interface.CONTACT, "PRESENT CARD"),
        (None, "PRESENT CARD"),
    ],
)
def test_the_prompt_says_how_a_card_may_come(
    interfaces: Interface | None, prompt: str
) -> None:
    host = NeoHost("idtech_vp6800")

    host.send(activate(interfaces=interfaces))

    assert host.shows.endswith(prompt)


def test_a_cardholder_may_cancel_on_a_keypad() -> None:
    host = NeoHost("idtech_vp6800")
    host.send(activate())

    host.press("cancel")

    assert host.told == ["02 0A"]
    assert host.card().result_code == ResultCode.CANCELED


def test_a_cardholder_cannot_cancel_after_giving_a_card() -> None:
    host = NeoHost("idtech_vp6800")
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)

    with pytest.raises(ControlRefused, match="does nothing now"):
        host.press("cancel")


def test_a_kiosk_takes_taps_alone() -> None:
    host = NeoHost("idtech_kiosk_v")

    host.send(activate())
    with pytest.raises(ControlRefused, match="only contactless"):
        host.present("visa_approved", Entry.CONTACT)
    host.send(CancelTransaction())

    refused = host.ask(activate(interfaces=Interface.CONTACT))
    assert refused.code == StatusCode.INCORRECT_PARAMETER


@pytest.mark.parametrize(
    "objects",
    [
        (Tlv(emv.AMOUNT_AUTHORISED, bytes(7)),),
        (Tlv(emv.AMOUNT_AUTHORISED, b"\xff"),),
        (Tlv(emv.TRANSACTION_CURRENCY_CODE, b"\x0a\xbc"),),
    ],
)
def test_impossible_amounts_are_refused(
    host: NeoHost, objects: tuple[Tlv, ...]
) -> None:
    refused = host.ask(ActivateTransaction(30, objects))

    assert refused.code == StatusCode.INCORRECT_PARAMETER


def test_what_a_host_leaves_out_comes_from_the_configuration() -> None:
    host = NeoHost("idtech_vp6800")

    host.send(ActivateTransaction(30, ()))

    assert host.shows == "0.01 USD / PRESENT CARD"


@pytest.mark.parametrize(
    ("entry", "read_method"),
    [
        (Entry.CONTACTLESS, "contactless_emv"),
        (Entry.SWIPE, "magnetic_stripe_track2"),
    ],
)
def test_a_reader_may_have_aes_keys(
    host: NeoHost, entry: Entry, read_method: str
) -> None:
    host.reader.set_quirks({"aes_keys": 1.0})
    host.send(activate())

    host.present("visa_approved", entry)

    assert host.card().attribution.uses_aes
    assert len(ksn_of(host.card())) == 12
    assert isinstance(host.authorize(read_method), Approved)
