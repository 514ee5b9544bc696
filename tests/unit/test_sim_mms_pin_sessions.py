"""PINs that a host asks for outside a transaction: commands 2001 and 2002."""

from __future__ import annotations

import pytest
from mms_host import CARDS, MmsHost, refusal, start

from drivers.protocol import emv
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.message import Notification, parameters_of
from drivers.protocol.magtek_mms.notifications import CardChange, Technology
from drivers.protocol.magtek_mms.pin import (
    PinBlock,
    PinEntry,
    PinSequence,
    RequestCardPin,
    RequestPin,
)
from drivers.protocol.magtek_mms.pin_notices import (
    PinCardUpdate,
    PinEntered,
    PinFailed,
    PinFailure,
)
from drivers.protocol.magtek_mms.properties import SERIAL_NUMBER, GetProperty
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.tlv import find_value
from simulator.cards.card import Entry
from simulator.emv.pin_block import PinBlockFormat
from simulator.emv.pin_keys import SealedPin, open_pin
from simulator.emv.sealing import unseal
from simulator.errors import ControlRefused

CARD = "visa_online_pin"
CIPHERTEXT, KSN = 0xDFDF59, 0xDFDF56


@pytest.fixture
def host() -> MmsHost:
    return MmsHost("magtek_dynaflex_ii_ped")


def pin(
    sequence: PinSequence = PinSequence.ENTER,
    *,
    timeout_s: int = 30,
    least: int = 4,
    most: int = 12,
) -> RequestPin:
    return RequestPin(timeout_s, PinEntry(sequence, least, most))


def card_pin(
    sequence: PinSequence = PinSequence.PRESENT_CARD_AND_ENTER,
    *,
    block_format: int = PinBlock.ISO_0,
    swipe: bool = True,
) -> RequestCardPin:
    entry = PinEntry(sequence, block_format=block_format)
    return RequestCardPin(30, entry, swipe=swipe)


def typed_pin(host: MmsHost, number: str = "") -> str:
    """What the issuer finds in the block last told."""
    entered = host.notices[-1]
    assert isinstance(entered, PinEntered)
    block = entered.pin
    sealed = SealedPin(block.block, block.ksn, PinBlockFormat(block.block_format))
    return open_pin(sealed, number)


def test_a_pin_without_a_card_is_in_a_block_without_a_number(host: MmsHost) -> None:
    assert host.ask(pin()).status.hex == "01000000"
    assert host.shows == "ENTER PIN / "

    host.type("271828", "enter")

    entered = host.notices[-1]
    assert isinstance(entered, PinEntered)
    assert (entered.pin.block_format, len(entered.pin.block)) == (PinBlock.ISO_1, 8)
    assert typed_pin(host) == "271828"
    assert host.shows == "PLEASE WAIT"


def test_the_host_ends_the_session(host: MmsHost) -> None:
    host.ask(pin())
    host.type("1234", "enter")

    ended = host.ask(pin(PinSequence.SUCCEED))

    assert ended.status.hex == "00000000"
    assert (host.state, host.shows) == ("idle", "PIN OK")
    assert host.ask(start()).status.is_accepted


def test_a_wrong_pin_is_asked_for_again_in_the_same_session(host: MmsHost) -> None:
    host.ask(pin())
    host.type("1234", "enter")

    host.ask(pin(PinSequence.TRY_AGAIN))
    assert host.shows == "PIN INCORRECT, TRY AGAIN / "
    host.type("4321", "enter")

    assert typed_pin(host) == "4321"


def test_a_new_pin_is_typed_twice(host: MmsHost) -> None:
    host.ask(pin(PinSequence.ENTER_TWICE))

    host.type("1234", "enter")
    assert host.shows == "ENTER PIN AGAIN / "
    host.type("1234", "enter")

    assert typed_pin(host) == "1234"


def test_two_different_pins_are_told_and_no_block(host: MmsHost) -> None:
    host.ask(pin(PinSequence.ENTER_TWICE))

    host.type("1234", "enter", "4321", "enter")

    assert host.notices == [PinFailed(PinFailure.NOT_THE_SAME_TWICE)]
    host.ask(pin(PinSequence.ENTER_TWICE))
    host.type("1234", "enter", "1234", "enter")
    assert typed_pin(host) == "1234"


@pytest.mark.parametrize(
    ("deed", "reason"),
    [("cancel", PinFailure.CANCELED), ("wait", PinFailure.TIMED_OUT)],
)
def test_a_cardholder_who_gives_no_pin_ends_the_session(
    host: MmsHost, *, deed: str, reason: PinFailure
) -> None:
    host.ask(pin())

    if deed == "cancel":
        host.type("12", "cancel")
    else:
        host.clock.advance(30)

    assert host.notices == [PinFailed(reason)]
    assert host.state == "idle"


def test_a_host_that_forgets_the_session_finds_it_over(host: MmsHost) -> None:
    host.ask(pin())
    host.type("1234", "enter")

    host.clock.advance(30)

    assert host.shows == "WELCOME"
    assert refusal(host.ask(pin(PinSequence.TRY_AGAIN))) is StatusDetail.NO_PIN_SESSION


@pytest.mark.parametrize(
    "block_format", [PinBlock.ISO_0, PinBlock.ISO_3, PinBlock.ISO_4]
)
@pytest.mark.parametrize("entry", list(Entry))
def test_the_pin_of_a_card_is_bound_to_its_number(
    host: MmsHost, entry: Entry, block_format: PinBlock
) -> None:
    number = CARDS.named(CARD).account.number
    host.ask(card_pin(block_format=block_format))
    assert host.shows == "PRESENT CARD"

    host.present(CARD, entry)
    host.type("1234", "enter")

    assert isinstance(host.notices[0], PinCardUpdate)
    assert typed_pin(host, number) == "1234"


def test_the_account_comes_with_the_pin_of_a_card_encrypted(host: MmsHost) -> None:
    host.ask(card_pin())
    host.present(CARD, Entry.CONTACT)
    host.type("1234", "enter")

    told = host.messages[-1]
    assert isinstance(told, Notification)
    parameters = parameters_of(told.id, told.payload)
    ciphertext = find_value(parameters, CIPHERTEXT) or b""
    account = unseal(ciphertext, find_value(parameters, KSN) or b"")
    number = CARDS.named(CARD).account.number
    assert find_value(account, emv.PAN) == bytes.fromhex(number)
    assert bytes.fromhex(number) not in (told.payload or b"")


def test_a_card_that_cannot_be_read_ends_the_session(host: MmsHost) -> None:
    host.ask(card_pin())

    host.present("visa_chip_fallback", Entry.CONTACT)

    assert host.notices == [
        PinCardUpdate(Technology.CONTACT, CardChange.INSERTED),
        PinFailed(PinFailure.CARD_NOT_READ),
    ]


def test_only_the_ways_asked_for_are_taken_and_only_one_card(host: MmsHost) -> None:
    host.ask(card_pin(swipe=False))

    with pytest.raises(ControlRefused, match="takes no swipe"):
        host.present(CARD, Entry.SWIPE)
    host.present(CARD, Entry.CONTACT)
    with pytest.raises(ControlRefused, match="waits for no card"):
        host.present(CARD, Entry.CONTACT)


def test_nobody_who_presents_a_card_in_time_is_told(host: MmsHost) -> None:
    host.ask(card_pin())

    host.clock.advance(30)

    assert host.notices == [PinFailed(PinFailure.TIMED_OUT)]


def test_keys_do_nothing_while_the_card_is_awaited(host: MmsHost) -> None:
    host.ask(card_pin())

    with pytest.raises(ControlRefused, match="'1' does nothing"):
        host.type("1")


@pytest.mark.parametrize(
    "command",
    [
        pin(least=3),
        pin(most=13),
        pin(least=6, most=5),
        pin(timeout_s=0),
        card_pin(block_format=PinBlock.ISO_1),
        card_pin(block_format=2),
        RequestCardPin(
            30,
            PinEntry(PinSequence.PRESENT_CARD_AND_ENTER),
            swipe=False,
            insert=False,
            tap=False,
        ),
    ],
)
def test_a_request_that_makes_no_session_is_refused(
    host: MmsHost, command: Command
) -> None:
    assert refusal(host.ask(command)) is StatusDetail.PARAMETER_INVALID


@pytest.mark.parametrize(
    "command",
    [
        pin(PinSequence.TRY_AGAIN),
        pin(PinSequence.SUCCEED),
        card_pin(PinSequence.CANCEL),
        pin(PinSequence.PRESENT_CARD_AND_ENTER),
    ],
)
def test_a_session_that_does_not_run_cannot_go_on(
    host: MmsHost, command: Command
) -> None:
    assert refusal(host.ask(command)) is StatusDetail.NO_PIN_SESSION


@pytest.mark.parametrize(
    "command", [start(), pin(), card_pin(), GetProperty(SERIAL_NUMBER)]
)
def test_a_session_keeps_the_reader_busy(host: MmsHost, command: Command) -> None:
    host.ask(pin())

    assert refusal(host.ask(command)) is StatusDetail.PIN_IN_PROGRESS


def test_a_session_goes_on_only_as_it_can(host: MmsHost) -> None:
    host.ask(pin())
    host.type("1234", "enter")

    assert refusal(host.ask(pin())) is StatusDetail.PARAMETER_INVALID
    assert refusal(host.ask(card_pin())) is StatusDetail.PIN_IN_PROGRESS


def test_a_transaction_takes_no_pin_request(host: MmsHost) -> None:
    host.ask(start())

    assert refusal(host.ask(pin())) is StatusDetail.TRANSACTION_IN_PROGRESS


def test_the_power_ends_a_session_without_a_word(host: MmsHost) -> None:
    host.ask(pin())
    host.type("12")

    host.reader.unplug()
    host.reader.plug()
    host.open()
    host.messages.clear()
    host.clock.advance(60)

    assert host.messages == []
    assert host.shows == "WELCOME"
