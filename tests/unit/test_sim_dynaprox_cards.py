"""The simulated DynaProx and its cardholder: every way a card can come and go."""

from __future__ import annotations

import pytest
from mms_host import QUICK_CHIP, SERIAL_NUMBER, MmsHost, refusal, start

from drivers.protocol import emv
from drivers.protocol.magtek_mms.control import CancelTransaction
from drivers.protocol.magtek_mms.notifications import (
    Outcome,
    OutcomeExtension,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.properties import SetProperty
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.tlv import find_value
from simulator.cards.card import Entry
from simulator.emv.sealing import unseal
from simulator.errors import ControlRefused
from simulator.reader.model import Timing
from simulator.reader.models.magtek_mms.property_table import (
    ARPC_REPEATS,
    ARPC_TIMEOUT,
)

STARTED, DONE = "01000000", "00000000"


@pytest.fixture
def host() -> MmsHost:
    return MmsHost()


def test_an_approved_chip_card_goes_through_both_halves(host: MmsHost) -> None:
    assert host.ask(start(amount=1234)).status.hex == STARTED
    assert host.shows == "12.34 USD / PRESENT CARD"

    host.present("visa_approved", Entry.CONTACT)
    assert host.state == "authorising"
    response = host.resume(*host.authorize("contact_emv", amount=1234))

    assert response.status.hex == DONE
    assert host.told == [
        "CONTACT INSERTED",
        "CONTACT ARQC",
        "CONTACT BATCH",
        "CONTACT end APPROVED",
    ]
    assert host.shows == "APPROVED"
    assert host.state == "idle"


def test_a_tap_is_answered_without_a_second_look_at_the_card(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_contactless", Entry.CONTACTLESS)
    host.resume(*host.authorize("contactless_emv"))

    assert host.told == [
        "CONTACTLESS DETECTED",
        "CONTACTLESS ARQC",
        "CONTACTLESS BATCH",
        "CONTACTLESS end APPROVED",
    ]


def test_a_swipe_asks_the_issuer_too(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_approved", Entry.SWIPE)
    code, _ = host.authorize("magnetic_stripe_track2")
    host.resume(code)

    assert host.arqc().fallback == 0
    assert host.told == [
        "SWIPE SWIPED",
        "SWIPE ARQC",
        "SWIPE BATCH",
        "SWIPE end APPROVED",
    ]


@pytest.mark.parametrize("entry", list(Entry))
def test_a_decline_ends_declined_however_the_card_came(
    host: MmsHost, entry: Entry
) -> None:
    host.ask(start())

    host.present("visa_insufficient_funds", entry)
    host.resume("51")

    assert host.told[-1] == f"{entry.name} end DECLINED"
    assert host.shows == "DECLINED"


def test_quick_chip_leaves_the_decision_to_the_host(host: MmsHost) -> None:
    host.ask(start(options=QUICK_CHIP))

    host.present("visa_approved", Entry.CONTACT)

    assert host.told == [
        "CONTACT INSERTED",
        "CONTACT ARQC",
        "CONTACT BATCH",
        "CONTACT end DEFERRED",
    ]
    assert host.shows == "CARD READ OK - REMOVE CARD"


def test_a_chip_that_refuses_after_approval_ends_declined(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_refuses_after_approval", Entry.CONTACT)
    code, data = host.authorize("contact_emv")
    host.resume(code, data)

    assert code == "00"
    assert host.told[-1] == "CONTACT end DECLINED"


def test_a_card_pulled_while_read_ends_the_transaction(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_removed_early", Entry.CONTACT)

    assert host.told == [
        "CONTACT INSERTED",
        "CONTACT REMOVED",
        "CONTACT end TAG_REMOVED",
    ]


def test_a_card_pulled_before_the_answer_is_told_after_it(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_removed_before_completion", Entry.CONTACT)
    response = host.resume(*host.authorize("contact_emv"))

    assert response.status.hex == DONE
    assert host.told[-2:] == ["CONTACT REMOVED", "CONTACT end TAG_REMOVED"]


def test_any_inserted_card_can_be_pulled(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    host.reader.remove_card()

    assert host.told[-1] == "CONTACT end TAG_REMOVED"
    assert host.resume("00").status.detail == StatusDetail.NO_TRANSACTION


def test_a_tapped_card_cannot_be_pulled(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACTLESS)

    with pytest.raises(ControlRefused, match="no card is in the reader"):
        host.reader.remove_card()


def test_a_dead_chip_falls_back_to_the_stripe(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_chip_fallback", Entry.CONTACT)
    assert host.shows.endswith("USE MAGSTRIPE")
    host.present("visa_chip_fallback", Entry.SWIPE)

    assert host.told == [
        "CONTACT INSERTED",
        "CONTACT REMOVED",
        "SWIPE SWIPED",
        "SWIPE ARQC",
    ]
    assert host.arqc().fallback == 1


def test_after_a_dead_chip_only_the_stripe_is_taken(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_chip_fallback", Entry.CONTACT)

    with pytest.raises(ControlRefused, match="takes no contactless now, only swipe"):
        host.present("visa_approved", Entry.CONTACTLESS)


def test_a_dead_chip_without_stripe_fails(host: MmsHost) -> None:
    host.ask(start(swipe=False))

    host.present("visa_chip_fallback", Entry.CONTACT)

    assert host.notices[-1] == TransactionComplete(
        Technology.CONTACT,
        Outcome.UNDECIDED,
        OutcomeExtension.TECHNICAL_FALLBACK,
    )


def test_two_cards_in_the_field_are_refused_and_one_is_taken(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_two_cards", Entry.CONTACTLESS)
    assert host.shows.endswith("PRESENT ONE CARD ONLY")
    host.present("visa_contactless", Entry.CONTACTLESS)

    assert host.told == [
        "CONTACTLESS COLLISION",
        "CONTACTLESS DETECTED",
        "CONTACTLESS ARQC",
    ]


def test_no_card_in_time_ends_timed_out(host: MmsHost) -> None:
    host.ask(start(timeout_s=30))

    host.clock.advance(29)
    assert host.told == []
    host.clock.advance(1)

    assert host.told == ["NONE end TIMED_OUT"]
    assert host.shows == "WELCOME"


def test_without_timeout_the_reader_waits_for_ever(host: MmsHost) -> None:
    host.ask(start(timeout_s=0))

    host.clock.advance(86_400)

    assert host.told == []


def test_the_issuer_has_as_long_as_the_cardholder(host: MmsHost) -> None:
    host.ask(start(timeout_s=30))
    host.clock.advance(20)
    host.present("visa_approved", Entry.CONTACT)

    host.clock.advance(29)
    assert host.told[-1] == "CONTACT ARQC"
    host.clock.advance(1)

    assert host.told[-1] == "CONTACT end DECLINED"


def test_a_chip_whose_issuer_is_silent_declines(host: MmsHost) -> None:
    host.ask(start(timeout_s=60))
    host.present("visa_approved", Entry.CONTACT)

    host.clock.advance(60)

    assert host.told[-1] == "CONTACT end DECLINED"
    batch = host.batch_objects()
    assert find_value(batch, emv.AUTHORISATION_RESPONSE_CODE) == b"Z3"


def test_an_issuer_is_waited_for_as_the_properties_say(host: MmsHost) -> None:
    host.ask(SetProperty(ARPC_TIMEOUT, b"\x05"))
    host.ask(SetProperty(ARPC_REPEATS, b"\x02"))
    host.ask(start(timeout_s=60))
    host.present("visa_approved", Entry.CONTACT)

    host.clock.advance(14)
    assert host.told == ["CONTACT INSERTED", *["CONTACT ARQC"] * 3]
    host.clock.advance(1)

    assert host.told[-1] == "CONTACT end DECLINED"


def test_a_repeated_card_read_is_the_same_one(host: MmsHost) -> None:
    host.ask(SetProperty(ARPC_REPEATS, b"\x01"))
    host.ask(start(timeout_s=10))
    host.present("visa_approved", Entry.CONTACT)
    first = host.arqc()

    host.clock.advance(10)
    host.resume(*host.authorize("contact_emv"))

    assert host.arqc() == first
    assert host.told[-1] == "CONTACT end APPROVED"


def test_an_issuer_may_be_waited_for_without_end(host: MmsHost) -> None:
    host.ask(SetProperty(ARPC_TIMEOUT, b"\x00"))
    host.ask(start(timeout_s=10))
    host.present("visa_approved", Entry.CONTACT)

    host.clock.advance(86_400)

    assert host.told[-1] == "CONTACT ARQC"


def test_the_host_may_cancel_while_the_reader_waits(host: MmsHost) -> None:
    host.ask(start())

    assert host.ask(CancelTransaction()).status.hex == DONE

    assert host.told == ["NONE end CANCELED_BY_HOST"]


def test_the_host_may_not_cancel_while_the_issuer_is_asked(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    response = host.ask(CancelTransaction())

    assert refusal(response) is StatusDetail.CANNOT_CANCEL
    assert host.told[-1] == "CONTACT ARQC"


def test_the_cardholder_may_cancel(host: MmsHost) -> None:
    host.ask(start())

    host.reader.press_key("cancel")

    assert host.told == ["NONE end CANCELED_BY_CUSTOMER"]


def test_the_cardholder_cannot_cancel_after_giving_a_card(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    with pytest.raises(ControlRefused, match="too late"):
        host.reader.press_key("cancel")


def test_another_key_does_not_exist(host: MmsHost) -> None:
    with pytest.raises(ControlRefused, match="no key 'enter'"):
        host.reader.press_key("enter")


def test_an_idle_reader_takes_no_card(host: MmsHost) -> None:
    with pytest.raises(ControlRefused, match="no transaction"):
        host.present("visa_approved", Entry.CONTACT)


def test_a_second_card_is_not_taken(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    with pytest.raises(ControlRefused, match="authorising and takes no card"):
        host.present("visa_approved", Entry.CONTACT)


def test_the_card_data_stay_encrypted_and_open_with_the_test_key(
    host: MmsHost,
) -> None:
    host.ask(start())

    host.present("visa_approved", Entry.CONTACT)

    arqc = host.arqc()
    assert arqc.serial_number == SERIAL_NUMBER.encode()
    assert arqc.masked_track_2 == ";4242420000004242=34122010000000000?"
    objects = unseal(arqc.encrypted.ciphertext, arqc.encrypted.ksn)
    assert find_value(objects, emv.PAN) == bytes.fromhex("4242424242424242")
    assert bytes.fromhex("4242424242424242") not in arqc.encrypted.ciphertext


def test_every_read_uses_a_new_key_and_its_batch_the_same(host: MmsHost) -> None:
    serial_numbers = []
    for _ in range(2):
        host.ask(start())
        host.present("visa_approved", Entry.CONTACT)
        host.resume("00")
        serial_numbers.append(host.arqc().encrypted.ksn)

    batch = host.batch()
    assert serial_numbers[0] != serial_numbers[1]
    assert batch.status == 0
    assert batch.encrypted is not None
    assert batch.encrypted.ksn == serial_numbers[1]


def test_reading_can_take_its_time() -> None:
    host = MmsHost(timing=Timing(read_s=1.5))
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    assert host.state == "reading"
    host.clock.advance(1.5)

    assert host.state == "authorising"


def test_a_card_can_be_pulled_during_a_slow_read() -> None:
    host = MmsHost(timing=Timing(read_s=1.5))
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    host.reader.remove_card()
    host.clock.advance(60)

    assert host.told[-1] == "CONTACT end TAG_REMOVED"
