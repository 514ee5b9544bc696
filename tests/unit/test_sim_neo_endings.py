"""The simulated NEO readers: transactions that nobody finishes, and reads that fail."""

from __future__ import annotations

import pytest
from neo_host import (
    AUTHENTICATE,
    NeoHost,
    activate,
    code_only,
    issuer_said,
)

from drivers.errors import ReaderEncryptionOff
from drivers.protocol import emv
from drivers.protocol.idtech_neo.activate import (
    ApplyHostResponse,
    AuthenticateContact,
    CancelTransaction,
    GetTransactionResult,
    Interface,
)
from drivers.protocol.idtech_neo.basic import Ping
from drivers.protocol.idtech_neo.card_answer import Interface as CardInterface
from drivers.protocol.idtech_neo.configuration import SetConfiguration
from drivers.protocol.idtech_neo.status import ErrorCode, ResultCode, StatusCode
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Entry
from simulator.emv.authorization import Approved
from simulator.errors import ControlRefused
from simulator.reader.model import Timing


@pytest.fixture
def host() -> NeoHost:
    return NeoHost()


def test_nobody_comes(host: NeoHost) -> None:
    host.send(activate(timeout_s=30))

    host.clock.advance(29)
    assert host.told == []
    host.clock.advance(1)

    assert host.told == ["02 08"]
    assert host.last.data == b""
    assert host.state == "idle"


def test_a_card_that_vanishes_while_asked_is_told(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_removed_early", Entry.CONTACT)

    host.send(AUTHENTICATE)

    assert host.last.command == 0x60
    assert host.last.code == StatusCode.FAILED
    assert host.card().error_code == ErrorCode.CARD_COMMUNICATION


def test_a_card_that_vanishes_before_the_answer_is_told(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_removed_before_completion", Entry.CONTACT)
    host.send(AUTHENTICATE)

    host.send(issuer_said(host.authorize("contact_emv")))

    assert host.card().error_code == ErrorCode.CARD_COMMUNICATION


@pytest.mark.parametrize("times", [0, 1])
def test_any_inserted_card_can_be_pulled(host: NeoHost, times: int) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)
    for _ in range(times):
        host.send(AUTHENTICATE)
    before = len(host.frames)

    host.reader.remove_card()
    assert len(host.frames) == before
    host.send(code_only("00") if times else AUTHENTICATE)

    assert host.card().error_code == ErrorCode.CARD_COMMUNICATION
    with pytest.raises(ControlRefused, match="no card"):
        host.reader.remove_card()


def test_a_card_pulled_during_a_slow_read_ends_the_transaction() -> None:
    host = NeoHost(timing=Timing(read_s=1.5))
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)
    assert host.state == "reading"

    host.reader.remove_card()
    host.clock.advance(60)

    assert host.told == ["02 0E", "02 0A"]


def test_a_card_pulled_while_it_computes_ends_the_transaction() -> None:
    host = NeoHost(timing=Timing(read_s=1.5))
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)
    host.clock.advance(1.5)
    host.send(AUTHENTICATE)

    host.reader.remove_card()

    assert host.told[-1] == "60 0A"
    assert host.state == "idle"


@pytest.mark.parametrize("entry", [Entry.CONTACTLESS, Entry.SWIPE])
def test_a_card_that_is_not_inserted_cannot_be_pulled(
    host: NeoHost, entry: Entry
) -> None:
    host.send(activate())
    host.present("visa_approved", entry)

    with pytest.raises(ControlRefused, match="no card is in the reader"):
        host.reader.remove_card()


def test_a_second_card_is_not_taken(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)

    with pytest.raises(ControlRefused, match="selected and takes no card"):
        host.present("visa_approved", Entry.CONTACT)


def test_an_idle_reader_takes_no_card(host: NeoHost) -> None:
    with pytest.raises(ControlRefused, match="no transaction"):
        host.present("visa_approved", Entry.CONTACTLESS)


@pytest.mark.parametrize("command", [AUTHENTICATE, code_only("00")])
def test_a_chip_that_is_not_there_is_asked_nothing(
    host: NeoHost, command: AuthenticateContact | ApplyHostResponse
) -> None:
    assert host.ask(command).code == StatusCode.SUB_COMMAND_NOT_ALLOWED


def test_the_commands_of_a_chip_keep_their_order(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)

    assert host.ask(code_only("00")).code == StatusCode.SUB_COMMAND_NOT_ALLOWED
    host.send(AUTHENTICATE)
    assert host.ask(AUTHENTICATE).code == StatusCode.SUB_COMMAND_NOT_ALLOWED


@pytest.mark.parametrize("code", ["", "0", "000", "é0"])
def test_an_answer_without_a_code_is_refused(host: NeoHost, code: str) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)
    host.send(AUTHENTICATE)

    command = ApplyHostResponse(
        (Tlv(emv.AUTHORISATION_RESPONSE_CODE, code.encode("latin-1")),)
    )

    assert host.ask(command).code == StatusCode.INCORRECT_PARAMETER


@pytest.mark.parametrize("step", [0, 1])
def test_a_chip_waits_for_its_next_command_no_longer_than_told(
    host: NeoHost, step: int
) -> None:
    host.send(activate(next_command_s=60))
    host.present("visa_approved", Entry.CONTACT)
    for _ in range(step):
        host.send(AUTHENTICATE)

    host.clock.advance(60)

    assert host.state == "idle"
    late = code_only("00") if step else AUTHENTICATE
    assert host.ask(late).code == StatusCode.SUB_COMMAND_NOT_ALLOWED


def test_a_cancel_is_answered_before_the_transaction(host: NeoHost) -> None:
    host.send(activate())

    host.send(CancelTransaction())

    assert host.told == ["05 00", "02 0A"]
    assert host.card().result_code == ResultCode.CANCELED
    assert host.state == "idle"


def test_firmware_may_answer_the_transaction_first(host: NeoHost) -> None:
    host.reader.set_quirks({"late_answer_first": 1.0})
    host.send(activate())

    host.send(CancelTransaction())

    assert host.told == ["02 0A", "05 00"]


def test_firmware_may_forget_a_canceled_transaction(host: NeoHost) -> None:
    host.reader.set_quirks({"no_late_answer": 1.0})
    host.send(activate())

    host.send(CancelTransaction())
    host.clock.advance(60)

    assert host.told == ["05 00"]
    assert host.state == "idle"


def test_any_other_command_cancels_too(host: NeoHost) -> None:
    host.send(activate())

    host.send(Ping())

    assert host.told == ["02 0A", "18 00"]


def test_a_chip_that_waits_bears_other_commands_and_a_cancel(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)

    host.send(Ping())
    host.send(AUTHENTICATE)
    assert host.told[-1] == "60 00"
    host.send(CancelTransaction())

    assert host.told[-1] == "05 00"
    assert host.state == "idle"


def test_a_new_transaction_forgets_the_chip_of_the_old_one(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)

    host.send(activate(interfaces=Interface.CONTACTLESS))

    assert host.state == "waiting_for_card"


def test_an_idle_reader_is_canceled_without_effect(host: NeoHost) -> None:
    assert host.ask(CancelTransaction()).code == StatusCode.OK


def test_in_auto_poll_a_tap_is_kept_until_asked_for() -> None:
    host = NeoHost(polls_on_demand=False)
    nothing = host.ask(GetTransactionResult())

    host.present("visa_contactless", Entry.CONTACTLESS)
    assert len(host.frames) == 1
    host.ask(GetTransactionResult())

    assert nothing.code == StatusCode.FAILED
    assert host.told[-1] == "03 23"
    assert host.card().attribution.interface is CardInterface.CONTACTLESS
    assert host.ask(GetTransactionResult()).code == StatusCode.FAILED


def test_in_auto_poll_a_tap_needs_an_amount() -> None:
    polling = NeoHost(polls_on_demand=False)
    polling.ask(SetConfiguration(bytes.fromhex("9F0201FF")))

    with pytest.raises(ControlRefused, match="no transaction"):
        polling.present("visa_contactless", Entry.CONTACTLESS)


def test_in_auto_poll_nothing_else_is_read(host: NeoHost) -> None:
    polling = NeoHost(polls_on_demand=False)

    assert polling.ask(activate()).code == StatusCode.COMMAND_NOT_ALLOWED
    with pytest.raises(ControlRefused, match="no transaction"):
        polling.present("visa_approved", Entry.SWIPE)
    assert host.ask(GetTransactionResult()).code == StatusCode.COMMAND_NOT_ALLOWED


@pytest.mark.parametrize("entry", list(Entry))
def test_card_data_in_the_clear_are_told_and_refused(
    host: NeoHost, entry: Entry
) -> None:
    host.reader.set_quirks({"encryption_off": 1.0})
    host.send(activate())

    host.present("visa_approved", entry)

    with pytest.raises(ReaderEncryptionOff):
        host.card()


def test_a_secure_reader_never_tells_card_data_in_the_clear() -> None:
    host = NeoHost("idtech_vp5300")
    host.reader.set_quirks({"encryption_off": 1.0})
    host.send(activate())

    host.present("visa_approved", Entry.SWIPE)

    assert isinstance(host.authorize("magnetic_stripe_track2"), Approved)


@pytest.mark.parametrize("code", [0x20, 0x22, 0x25, 0x30, 0x62, 0x88])
def test_a_tap_can_be_made_to_fail(host: NeoHost, code: int) -> None:
    host.reader.set_quirks({f"error_{code:02x}": 1.0})
    host.send(activate())

    host.present("visa_approved", Entry.CONTACTLESS)

    assert host.last.code == StatusCode.FAILED
    assert host.card().error_code == code


@pytest.mark.parametrize("entry", list(Entry))
def test_a_reader_without_keys_reads_no_card(host: NeoHost, entry: Entry) -> None:
    host.reader.set_quirks({"key_exhausted": 1.0})
    host.send(activate())

    host.present("visa_approved", entry)

    assert host.card().error_code == ErrorCode.GENERIC


def test_a_good_read_is_heard(host: NeoHost) -> None:
    host.send(activate())

    host.present("visa_approved", Entry.CONTACTLESS)

    assert [tone.duration_ms for tone in host.reader.heard] == [200]


def test_a_read_card_waits_for_its_bank_no_longer_than_a_minute(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACTLESS)
    assert host.state == "authorising"

    host.clock.advance(60)

    assert host.state == "idle"


def test_a_pulled_cable_forgets_the_card(host: NeoHost) -> None:
    host.send(activate())
    host.present("visa_approved", Entry.CONTACT)

    host.reader.unplug()
    host.clock.advance(120)
    host.reader.plug()

    with pytest.raises(ControlRefused, match="no card"):
        host.reader.remove_card()
