"""The simulated DynaProx and its host: what it answers, refuses and survives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mms_host import QUICK_CHIP, SERIAL_NUMBER, MmsHost, refusal, start

from drivers.protocol import emv, slip
from drivers.protocol.magtek_mms import message, properties
from drivers.protocol.magtek_mms.commands import Command, OtherCommand, to_request
from drivers.protocol.magtek_mms.control import CancelTransaction, ResetDevice
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.protocol.magtek_mms.interface import ShowMessage
from drivers.protocol.magtek_mms.interface_notices import (
    InterfaceEvent,
    InterfaceUpdate,
)
from drivers.protocol.magtek_mms.message import Request, Response
from drivers.protocol.magtek_mms.properties import GetProperty
from drivers.protocol.magtek_mms.start import Contactless, StartTransaction
from drivers.protocol.magtek_mms.status import DONE as OK
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Entry
from simulator.faults import WireFaults

STARTED, DONE = "01000000", "00000000"


@pytest.fixture
def host() -> MmsHost:
    return MmsHost()


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
        OtherCommand(0x1F7E, None),
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


def test_the_reader_tells_its_serial_number_and_firmware(host: MmsHost) -> None:
    def ask(oid: tuple[int, ...]) -> str:
        answer = host.ask(GetProperty(oid))
        parameters = message.parameters_of(answer.command, answer.payload)
        return properties.property_text(properties.property_value(parameters))

    assert ask(properties.SERIAL_NUMBER) == SERIAL_NUMBER
    assert ask(properties.FIRMWARE_ID).endswith("SIMULATED")


def test_an_amount_without_minor_units_is_shown_whole(host: MmsHost) -> None:
    yen = with_data(
        start(),
        Tlv(emv.AMOUNT_AUTHORISED, emv.encode_amount(500)),
        Tlv(emv.TRANSACTION_CURRENCY_CODE, bytes.fromhex("0392")),
    )

    host.ask(yen)

    assert host.shows == "500 JPY / PRESENT CARD"


def test_bytes_still_on_the_line_are_lost_with_the_cable(host: MmsHost) -> None:
    host.reader.set_faults(to_reader=WireFaults(delay_s=1))
    host.write(message.encode(to_request(start(), 1)))

    host.reader.unplug()
    host.clock.advance(2)

    assert host.messages == []


def test_an_unknown_property_is_refused(host: MmsHost) -> None:
    response = host.ask(GetProperty((1, 2, 3)))

    assert refusal(response) is StatusDetail.PARAMETER_INVALID


def test_an_unknown_command_is_refused(host: MmsHost) -> None:
    response = host.ask(OtherCommand(0x2F7E, None))

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
    assert host.notices == [
        DeviceUpdate(DeviceState.RESTARTED_BY_HOST),
        DeviceUpdate(DeviceState.RESTARTED),
    ]
    assert host.ask(start()).status.hex == STARTED


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
        host.present("visa_approved", Entry.CONTACT)

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
