"""The simulated MagTek DynaProx, as its host and its cardholder meet it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mms_host import QUICK_CHIP, SERIAL_NUMBER, MmsHost, start

from drivers.protocol import emv, slip
from drivers.protocol.magtek_mms import message, properties
from drivers.protocol.magtek_mms.card_data import decode_batch
from drivers.protocol.magtek_mms.commands import (
    CancelTransaction,
    Command,
    OtherCommand,
    ResetDevice,
    ShowMessage,
    StringId,
)
from drivers.protocol.magtek_mms.message import Request, Response
from drivers.protocol.magtek_mms.notifications import (
    CardData,
    CardUpdate,
    DataKind,
    DeviceState,
    DeviceUpdate,
    InterfaceEvent,
    InterfaceUpdate,
    Notice,
    Outcome,
    Technology,
    TransactionComplete,
)
from drivers.protocol.magtek_mms.properties import GetProperty
from drivers.protocol.magtek_mms.start import Contactless, StartTransaction
from drivers.protocol.magtek_mms.status import DONE as OK
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.tlv import Tlv, find_value
from simulator.cards.card import Entry
from simulator.emv.sealing import unseal
from simulator.errors import ControlRefused
from simulator.reader.model import Timing
from simulator.reader.models.mms_transaction import TECHNICAL_FALLBACK

STARTED, DONE = "01000000", "00000000"


@pytest.fixture
def host() -> MmsHost:
    host = MmsHost()
    host.messages.clear()
    return host


def told(host: MmsHost) -> list[str]:
    """What the reader told, in words."""
    return [word(notice) for notice in host.notices]


def word(notice: Notice) -> str:
    match notice:
        case CardUpdate(technology, change):
            return f"{Technology(technology).name} {change.name}"
        case CardData(technology, kind):
            return f"{Technology(technology).name} {kind.name}"
        case TransactionComplete(technology, outcome):
            return f"{Technology(technology).name} end {Outcome(outcome).name}"
        case _:
            return repr(notice)


def refusal(response: Response) -> StatusDetail:
    assert not response.status.is_accepted
    return StatusDetail(response.status.detail)


def test_an_approved_chip_card_goes_through_both_halves(host: MmsHost) -> None:
    assert host.ask(start(amount=1234)).status.hex == STARTED
    assert host.shows == "12.34 USD / PRESENT CARD"

    host.present("visa_approved", Entry.CONTACT)
    assert host.state == "authorising"
    response = host.resume(*host.authorize("contact_emv", amount=1234))

    assert response.status.hex == DONE
    assert told(host) == [
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

    assert told(host) == [
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
    assert told(host) == [
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

    assert told(host)[-1] == f"{entry.name} end DECLINED"
    assert host.shows == "DECLINED"


def test_quick_chip_leaves_the_decision_to_the_host(host: MmsHost) -> None:
    host.ask(start(options=QUICK_CHIP))

    host.present("visa_approved", Entry.CONTACT)

    assert told(host) == [
        "CONTACT INSERTED",
        "CONTACT ARQC",
        "CONTACT BATCH",
        "CONTACT end DEFERRED",
    ]
    assert host.shows == "CARD READ OK, REMOVE CARD"


def test_a_chip_that_refuses_after_approval_ends_declined(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_refuses_after_approval", Entry.CONTACT)
    code, data = host.authorize("contact_emv")
    host.resume(code, data)

    assert code == "00"
    assert told(host)[-1] == "CONTACT end DECLINED"


def test_a_card_pulled_while_read_ends_the_transaction(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_removed_early", Entry.CONTACT)

    assert told(host) == [
        "CONTACT INSERTED",
        "CONTACT REMOVED",
        "CONTACT end TAG_REMOVED",
    ]


def test_a_card_pulled_before_the_answer_is_told_after_it(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_removed_before_completion", Entry.CONTACT)
    response = host.resume(*host.authorize("contact_emv"))

    assert response.status.hex == DONE
    assert told(host)[-2:] == ["CONTACT REMOVED", "CONTACT end TAG_REMOVED"]


def test_any_inserted_card_can_be_pulled(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    host.reader.remove_card()

    assert told(host)[-1] == "CONTACT end TAG_REMOVED"
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

    assert told(host) == [
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
        Technology.CONTACT, TECHNICAL_FALLBACK
    )


def test_two_cards_in_the_field_are_refused_and_one_is_taken(host: MmsHost) -> None:
    host.ask(start())

    host.present("visa_two_cards", Entry.CONTACTLESS)
    assert host.shows.endswith("PRESENT ONE CARD ONLY")
    host.present("visa_contactless", Entry.CONTACTLESS)

    assert told(host) == [
        "CONTACTLESS COLLISION",
        "CONTACTLESS DETECTED",
        "CONTACTLESS ARQC",
    ]


def test_no_card_in_time_ends_timed_out(host: MmsHost) -> None:
    host.ask(start(timeout_s=30))

    host.clock.advance(29)
    assert told(host) == []
    host.clock.advance(1)

    assert told(host) == ["NONE end TIMED_OUT"]
    assert host.shows == "WELCOME"


def test_without_timeout_the_reader_waits_for_ever(host: MmsHost) -> None:
    host.ask(start(timeout_s=0))

    host.clock.advance(86_400)

    assert told(host) == []


def test_the_timeout_is_the_cardholders_not_the_issuers(host: MmsHost) -> None:
    host.ask(start(timeout_s=30))
    host.present("visa_approved", Entry.CONTACT)

    host.clock.advance(59)

    assert told(host)[-1] == "CONTACT ARQC"


def test_a_chip_whose_issuer_is_silent_declines(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    host.clock.advance(60)

    assert told(host)[-1] == "CONTACT end DECLINED"
    batch = batch_objects(host)
    assert find_value(batch, emv.AUTHORISATION_RESPONSE_CODE) == b"Z3"


def test_the_host_may_cancel_while_the_reader_waits(host: MmsHost) -> None:
    host.ask(start())

    assert host.ask(CancelTransaction()).status.hex == DONE

    assert told(host) == ["NONE end CANCELED_BY_HOST"]


def test_the_host_may_not_cancel_while_the_issuer_is_asked(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    response = host.ask(CancelTransaction())

    assert refusal(response) is StatusDetail.CANNOT_CANCEL
    assert told(host)[-1] == "CONTACT ARQC"


def test_the_cardholder_may_cancel(host: MmsHost) -> None:
    host.ask(start())

    host.reader.press_key("cancel")

    assert told(host) == ["NONE end CANCELED_BY_CUSTOMER"]


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


@pytest.mark.parametrize(
    ("ways", "prompt"),
    [
        ({}, "PRESENT CARD"),
        ({"contactless": Contactless.OFF}, "INSERT OR SWIPE CARD"),
        ({"contactless": Contactless.NFC, "swipe": False}, "INSERT CARD"),
        ({"contactless": Contactless.OFF, "insert": False}, "USE MAGSTRIPE"),
        ({"contactless": Contactless.EMV_AND_NFC, "swipe": False}, "PRESENT CARD"),
    ],
)
def test_the_prompt_says_how_a_card_may_come(
    host: MmsHost, *, ways: dict[str, bool | Contactless], prompt: str
) -> None:
    host.ask(start(**ways))  # type: ignore[arg-type]

    assert host.shows == f"10.00 USD / {prompt}"


def without(command: StartTransaction, tag: int) -> StartTransaction:
    return with_data(command, *(x for x in command.emv_data if x.tag != tag))


def with_data(command: StartTransaction, *emv_data: Tlv) -> StartTransaction:
    return StartTransaction(
        command.timeout_s,
        swipe=command.swipe,
        insert=command.insert,
        contactless=command.contactless,
        options=command.options,
        emv_data=emv_data,
    )


@pytest.mark.parametrize(
    "command",
    [
        start(swipe=False, insert=False, contactless=Contactless.OFF),
        start(amount=0, options=QUICK_CHIP),
        without(start(), emv.AMOUNT_AUTHORISED),
        without(start(), emv.TRANSACTION_CURRENCY_CODE),
        with_data(
            start(),
            Tlv(emv.AMOUNT_AUTHORISED, b"\xaa"),
            Tlv(emv.TRANSACTION_CURRENCY_CODE, b"\x08\x40"),
        ),
        with_data(
            start(),
            Tlv(emv.AMOUNT_AUTHORISED, bytes(7)),
            Tlv(emv.TRANSACTION_CURRENCY_CODE, b"\x08\x40"),
        ),
    ],
)
def test_an_order_that_makes_no_transaction_is_refused(
    host: MmsHost, command: StartTransaction
) -> None:
    assert refusal(host.ask(command)) is StatusDetail.PARAMETER_INVALID


@pytest.mark.parametrize(
    "command",
    [
        start(),
        ShowMessage(0, StringId.APPROVED),
        GetProperty(properties.SERIAL_NUMBER),
        OtherCommand(0x1805, None),
    ],
)
def test_a_running_transaction_refuses_all_else(
    host: MmsHost, command: Command
) -> None:
    host.ask(start())

    assert refusal(host.ask(command)) is StatusDetail.TRANSACTION_IN_PROGRESS


def test_an_idle_reader_has_nothing_to_cancel_or_resume(host: MmsHost) -> None:
    assert refusal(host.ask(CancelTransaction())) is StatusDetail.NO_TRANSACTION
    assert refusal(host.resume("00")) is StatusDetail.NO_TRANSACTION


def test_an_answer_before_the_question_is_refused(host: MmsHost) -> None:
    host.ask(start())

    assert refusal(host.resume("00")) is StatusDetail.WRONG_TRANSACTION_STATE


@pytest.mark.parametrize(
    ("code", "serial_number"),
    [("00", "OTHER"), ("000", SERIAL_NUMBER), ("\r\n", SERIAL_NUMBER)],
)
def test_an_answer_for_another_reader_or_none_at_all_is_refused(
    host: MmsHost, *, code: str, serial_number: str
) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    response = host.resume(code, serial_number=serial_number)

    assert refusal(response) is StatusDetail.PARAMETER_INVALID


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

    batch = decode_batch(batch_blob(host))
    assert serial_numbers[0] != serial_numbers[1]
    assert batch.status == 0
    assert batch.encrypted is not None
    assert batch.encrypted.ksn == serial_numbers[1]


def test_the_reader_tells_its_serial_number_and_firmware(host: MmsHost) -> None:
    def ask(oid: tuple[int, ...]) -> str:
        answer = host.ask(GetProperty(oid))
        parameters = message.parameters_of(answer.command, answer.payload)
        return properties.property_text(properties.property_value(parameters))

    assert ask(properties.SERIAL_NUMBER) == SERIAL_NUMBER
    assert ask(properties.FIRMWARE_ID).endswith("SIMULATED")


def test_an_unknown_property_is_refused(host: MmsHost) -> None:
    response = host.ask(GetProperty((1, 2, 3)))

    assert refusal(response) is StatusDetail.PARAMETER_INVALID


def test_an_unknown_command_is_refused(host: MmsHost) -> None:
    response = host.ask(OtherCommand(0x2001, None))

    assert refusal(response) is StatusDetail.FEATURE_UNAVAILABLE


def test_a_message_stays_until_the_next_one(host: MmsHost) -> None:
    assert host.ask(ShowMessage(0, StringId.CALL_YOUR_BANK)).status.hex == DONE

    host.clock.advance(3600)

    assert host.shows == "CALL YOUR BANK"


def test_a_message_for_a_time_keeps_the_reader_busy_until_then(
    host: MmsHost,
) -> None:
    assert host.ask(ShowMessage(2, StringId.APPROVED)).status.hex == STARTED
    assert host.ask(start()).status.hex == "80020314"

    host.clock.advance(2)

    assert host.notices == [InterfaceUpdate(InterfaceEvent.MESSAGE_TIMED_OUT)]
    assert host.shows == "WELCOME"
    assert host.ask(start()).status.hex == STARTED


def test_a_message_the_reader_has_not_stored_is_refused(host: MmsHost) -> None:
    assert refusal(host.ask(ShowMessage(0, 0x7F))) is StatusDetail.PARAMETER_INVALID


def test_the_outcome_gives_way_to_a_welcome(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)
    host.resume("05")

    host.clock.advance(3)

    assert host.shows == "WELCOME"


def test_a_new_prompt_is_not_wiped_by_the_last_outcome(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)
    host.resume("05")

    host.ask(start())
    host.clock.advance(3)

    assert host.shows.endswith("PRESENT CARD")


@pytest.mark.parametrize("command", [start(), ShowMessage(9, StringId.APPROVED)])
def test_a_reset_ends_whatever_runs(host: MmsHost, command: Command) -> None:
    host.ask(command)

    assert host.ask(ResetDevice()).status.hex == DONE

    host.clock.advance(120)
    assert host.notices == [DeviceUpdate(DeviceState.RESTARTED)]
    assert host.ask(start()).status.hex == STARTED


def test_a_battery_running_low_is_told_and_an_empty_one_refuses(
    host: MmsHost,
) -> None:
    host.reader.set_battery(15)
    host.reader.set_battery(5)

    assert host.notices == [
        DeviceUpdate(DeviceState.BATTERY_LOW),
        DeviceUpdate(DeviceState.BATTERY_CRITICAL),
    ]
    assert refusal(host.ask(start())) is StatusDetail.LOW_BATTERY


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

    assert told(host)[-1] == "CONTACT end TAG_REMOVED"


@pytest.mark.parametrize(
    "request_",
    [
        Request(7, 0x1004, message.payload_of(0x1004)),
        Request(7, 0x1004, b"\x10\x04\x84\x01\x00"),
        Request(7, 0x1803, b"\x18\x03\x81\x00"),
        Request(7, 0x1001, None),
        Request(7, 0xD101, b"\xd1\x01"),
    ],
)
def test_a_malformed_request_is_refused_with_its_reference(
    host: MmsHost, request_: Request
) -> None:
    if request_.command == 0x1004:
        host.ask(start())

    host.write(message.encode(request_))

    answer = host.messages[-1]
    assert isinstance(answer, Response)
    assert answer.reference == 7
    assert refusal(answer) is StatusDetail.REQUEST_MALFORMED


@pytest.mark.parametrize(
    "packet",
    [
        b"\xc0\x00\x00\x00\x00\x03\xaa\x00\x81\xc0",
        slip.encode(slip.CapacityExceeded(100)),
        slip.encode(
            slip.MessagePacket(
                slip.Direction.TO_DEVICE, message.encode(Response(1, 0x1001, OK))
            )
        ),
    ],
)
def test_what_is_no_request_is_ignored(host: MmsHost, packet: bytes) -> None:
    host.wire.write(packet)

    assert host.messages == []
    assert host.ask(start()).status.hex == STARTED


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_the_reader_survives_any_noise(pieces: list[bytes]) -> None:
    host = MmsHost()

    for piece in pieces:
        host.wire.write(piece)
    host.wire.write(b"\xc0")
    host.messages.clear()

    assert host.ask(start()).status.hex == STARTED


def batch_blob(host: MmsHost) -> bytes:
    return [
        notice.blob
        for notice in host.notices
        if isinstance(notice, CardData) and notice.kind is DataKind.BATCH
    ][-1]


def batch_objects(host: MmsHost) -> tuple[Tlv, ...]:
    encrypted = decode_batch(batch_blob(host)).encrypted
    assert encrypted is not None
    return unseal(encrypted.ciphertext, encrypted.ksn)
