"""What simulated MagTek readers refuse: one thing at a time, and nothing malformed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mms_host import MmsHost, refusal, start

from drivers.features import Tone
from drivers.protocol.magtek_mms import message
from drivers.protocol.magtek_mms.commands import Command, OtherCommand, to_request
from drivers.protocol.magtek_mms.control import CancelTransaction, ResumeTransaction
from drivers.protocol.magtek_mms.files import SIGNATURE_FILE, GetFileInfo
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.magtek_mms.images import ShowImage, ShowQrCode
from drivers.protocol.magtek_mms.interface import (
    PlayTones,
    ReadBarcode,
    RequestSignature,
    ShowMessage,
)
from drivers.protocol.magtek_mms.message import Response
from drivers.protocol.magtek_mms.nfc import PassToTag, TagCommandId
from drivers.protocol.magtek_mms.pin import PinEntry, PinSequence, RequestPin
from drivers.protocol.magtek_mms.properties import SERIAL_NUMBER, GetProperty
from drivers.protocol.magtek_mms.start import Contactless
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from drivers.wires import WireKind
from simulator.cards.card import Entry
from simulator.errors import ControlRefused
from simulator.reader.model import Tag
from simulator.reader.wires.pipe import PipeWire

WIRES = [(WireKind.STREAM, None), (WireKind.HID, 64), (WireKind.BLE, 20)]
TONES = PlayTones((Tone(1000, 300),))
PIN = RequestPin(30, PinEntry(PinSequence.ENTER))
READ_TAG = PassToTag(TagCommandId.TYPE_2, b"\x30\x04")

ACTIVITIES: list[tuple[Command, StatusDetail]] = [
    (start(), StatusDetail.TRANSACTION_IN_PROGRESS),
    (ShowMessage(9, StringId.APPROVED), StatusDetail.DISPLAY_BUSY),
    (ShowImage(1, 9), StatusDetail.DISPLAY_BUSY),
    (ShowQrCode(b"1", seconds=9), StatusDetail.DISPLAY_BUSY),
    (TONES, StatusDetail.BUZZER_BUSY),
    (ReadBarcode(True, 9), StatusDetail.BARCODE_IN_PROGRESS),
    (RequestSignature(9), StatusDetail.DISPLAY_BUSY),
    (PIN, StatusDetail.PIN_IN_PROGRESS),
]
REQUESTS: list[Command] = [
    start(),
    ShowMessage(9, StringId.APPROVED),
    ShowImage(1),
    TONES,
    ReadBarcode(True, 9),
    GetProperty(SERIAL_NUMBER),
    GetFileInfo(SIGNATURE_FILE),
    OtherCommand(0x2F7E, None),
]


def host_on(wire: tuple[WireKind, int | None] = WIRES[0]) -> MmsHost:
    kind, packet_bytes = wire
    reader = PipeWire(kind=kind, packet_bytes=packet_bytes)
    return MmsHost("magtek_dynaflex_ii_ped", wire=reader)


@pytest.fixture
def host() -> MmsHost:
    return host_on()


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("begun", "busy"), ACTIVITIES)
def test_one_thing_goes_on_at_a_time(
    *, wire: tuple[WireKind, int | None], begun: Command, busy: StatusDetail
) -> None:
    host = host_on(wire)
    assert host.ask(begun).status.hex == "01000000"

    refusals = {refusal(host.ask(command)) for command in REQUESTS}

    assert refusals == {busy}


@pytest.mark.parametrize(("begun", "_busy"), ACTIVITIES[1:])
def test_only_a_transaction_can_be_canceled(
    host: MmsHost, *, begun: Command, _busy: StatusDetail
) -> None:
    host.ask(begun)

    assert refusal(host.ask(CancelTransaction())) is StatusDetail.NO_TRANSACTION


@pytest.mark.parametrize("wire", WIRES)
def test_a_host_that_does_not_wait_for_the_answer_is_refused(
    wire: tuple[WireKind, int | None],
) -> None:
    host = host_on(wire)
    bodies = [message.encode(to_request(start(), reference)) for reference in (1, 2)]

    for packet in [each for body in bodies for each in host.packets.split(body)]:
        host.wire.write(packet)

    answers = [each for each in host.messages if isinstance(each, Response)]
    assert [each.status.hex for each in answers] == ["01000000", "80020308"]


KNOWN = [
    CommandId.START_TRANSACTION,
    CommandId.RESUME_TRANSACTION,
    CommandId.DISPLAY_MESSAGE,
    CommandId.GET_PROPERTY,
    CommandId.SET_PROPERTY,
]


@pytest.mark.parametrize("command", KNOWN)
@pytest.mark.parametrize(
    "payload",
    ["", "81", "1001", "FFFF8100", "{id}8102", "{id}8105AA", "{id}81850000000001"],
)
def test_a_malformed_request_is_refused_as_one(
    host: MmsHost, *, command: int, payload: str
) -> None:
    wanted = bytes.fromhex(payload.format(id=f"{command:04X}"))

    response = host.ask(OtherCommand(command, wanted))

    assert refusal(response) in {
        StatusDetail.REQUEST_MALFORMED,
        StatusDetail.PARAMETER_INVALID,
    }
    assert host.ask(start()).status.is_accepted


COMMANDS = st.sampled_from(sorted(set(CommandId) - {CommandId.RESET_DEVICE}))
ANYTHING = COMMANDS.map(int) | st.integers(0, 0x1EFF)
PARAMETER = st.tuples(st.integers(0x81, 0x8F), st.binary(max_size=12))


@given(
    st.sampled_from(WIRES),
    st.lists(st.tuples(ANYTHING, st.lists(PARAMETER, max_size=5)), max_size=12),
)
def test_every_request_gets_one_answer(
    wire: tuple[WireKind, int | None],
    requests: list[tuple[int, list[tuple[int, bytes]]]],
) -> None:
    host = host_on(wire)

    for command, parameters in requests:
        data = b"".join(bytes((tag, len(value))) + value for tag, value in parameters)
        host.ask(OtherCommand(command, command.to_bytes(2) + data))
        host.clock.advance(1)

    assert host.garbled == 0


@given(st.sampled_from(WIRES), st.binary(max_size=40), COMMANDS)
def test_any_payload_gets_one_answer(
    wire: tuple[WireKind, int | None], payload: bytes, command: CommandId
) -> None:
    host = host_on(wire)

    host.ask(OtherCommand(command, payload or None))


def test_the_issuers_answer_must_be_one(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    response = host.ask(ResumeTransaction(b"\x00\x05\xff\xff"))

    assert refusal(response) is StatusDetail.REQUEST_MALFORMED


def test_nothing_but_its_command_concerns_a_tag(host: MmsHost) -> None:
    host.ask(start(contactless=Contactless.NFC, swipe=False, insert=False))
    host.reader.present_tag(Tag(bytes(range(4, 11))))

    busy = refusal(host.ask(ShowMessage(0, StringId.APPROVED)))

    assert busy is StatusDetail.TRANSACTION_IN_PROGRESS
    assert host.ask(READ_TAG).status.is_accepted


@pytest.mark.parametrize("key", ["enter", "1"])
def test_keys_do_nothing_while_a_card_is_awaited_or_authorised(
    host: MmsHost, key: str
) -> None:
    host.ask(start())
    with pytest.raises(ControlRefused, match=f"the key '{key}' does nothing now"):
        host.reader.press_key(key)

    host.present("visa_approved", Entry.CONTACT)

    with pytest.raises(ControlRefused, match=f"the key '{key}' does nothing now"):
        host.reader.press_key(key)


def test_a_step_before_the_card_takes_no_card_away(host: MmsHost) -> None:
    host.ask(start())

    with pytest.raises(ControlRefused, match="no card is in the reader"):
        host.reader.remove_card()
