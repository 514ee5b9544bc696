"""An idle simulated MagTek reader: its properties, its battery, and early customers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from mms_host import MmsHost, refusal, start

from drivers.protocol.magtek_mms import properties
from drivers.protocol.magtek_mms.barcode import BarcodeKind
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.control import ResetDevice
from drivers.protocol.magtek_mms.device_notices import (
    DeviceState,
    DeviceUpdate,
    IdleBarcode,
    IdleTag,
)
from drivers.protocol.magtek_mms.message import parameters_of
from drivers.protocol.magtek_mms.properties import (
    GetProperty,
    SetProperty,
    property_value,
)
from drivers.protocol.magtek_mms.start import Contactless
from drivers.protocol.magtek_mms.status import StatusDetail
from simulator.cards.card import Entry
from simulator.errors import ControlRefused
from simulator.reader.model import Tag

UID = bytes.fromhex("04A1B2C3D4E5F6")
VISA = "visa_approved"


@pytest.fixture
def host() -> MmsHost:
    return MmsHost("magtek_dynaflex")


def value(host: MmsHost, oid: tuple[int, ...]) -> bytes:
    answer = host.ask(GetProperty(oid))
    return property_value(parameters_of(answer.command, answer.payload))


def tell_user_events(host: MmsHost, events: str = "FF000000") -> None:
    """Have the reader tell of everyone who comes, from its next start on."""
    host.ask(SetProperty(properties.USER_EVENTS, bytes.fromhex(events)))
    host.ask(ResetDevice())
    host.messages.clear()


def test_a_property_keeps_what_was_set_without_power(host: MmsHost) -> None:
    assert value(host, properties.SIGNATURE_CONTROL) == b"\x00"

    answer = host.ask(SetProperty(properties.SIGNATURE_CONTROL, b"\x01"))
    host.reader.unplug()
    host.reader.plug()
    host.open()

    told = property_value(parameters_of(answer.command, answer.payload))
    assert told == value(host, properties.SIGNATURE_CONTROL) == b"\x01"


@pytest.mark.parametrize(
    "command",
    [
        SetProperty(properties.SERIAL_NUMBER, b"other"),
        SetProperty(properties.SIGNATURE_CONTROL, b"\x00\x01"),
        SetProperty((1, 2, 3), b"\x00"),
    ],
)
def test_what_cannot_be_set_is_refused(host: MmsHost, command: SetProperty) -> None:
    assert refusal(host.ask(command)) is StatusDetail.PARAMETER_INVALID


def test_the_battery_is_told_in_percent(host: MmsHost) -> None:
    host.reader.set_battery(42)

    assert value(host, properties.BATTERY_PERCENT) == bytes((42,))


def test_a_reader_without_battery_has_no_percentage() -> None:
    host = MmsHost("magtek_dynaflex_ii")

    response = host.ask(GetProperty(properties.BATTERY_PERCENT))

    assert refusal(response) is StatusDetail.PARAMETER_INVALID


def test_keys_are_told_by_their_slots_only(host: MmsHost) -> None:
    slots = int.from_bytes(value(host, properties.TRANSACTION_KEYS), "big")
    data = value(host, properties.KEY_SLOTS["data"])

    number = int.from_bytes(data[:2], "big") - properties.FIRST_KEY_SLOT
    assert slots >> number & 1


def test_only_a_reader_that_takes_pins_has_keys_for_them(host: MmsHost) -> None:
    pin = GetProperty(properties.KEY_SLOTS["pin"])

    assert refusal(host.ask(pin)) is StatusDetail.PARAMETER_INVALID
    assert MmsHost("magtek_dynaflex_ii_ped").ask(pin).status.is_accepted


def test_a_battery_that_gets_low_is_told_with_what_is_left(host: MmsHost) -> None:
    host.reader.set_battery(16)
    host.reader.set_battery(14)
    host.reader.set_battery(9)

    assert host.notices == [DeviceUpdate(DeviceState.BATTERY_LOW, 14)]


def test_a_low_battery_is_told_again_at_the_next_start(host: MmsHost) -> None:
    host.reader.set_battery(10)
    host.messages.clear()

    host.ask(ResetDevice())

    assert host.notices[-1] == DeviceUpdate(DeviceState.BATTERY_LOW, 10)


@pytest.mark.parametrize(("percent", "starts"), [(6, True), (5, False), (1, False)])
def test_an_almost_empty_battery_starts_no_payment(
    host: MmsHost, *, percent: int, starts: bool
) -> None:
    host.reader.set_battery(percent)

    response = host.ask(start())

    assert response.status.is_accepted is starts
    if not starts:
        assert refusal(response) is StatusDetail.LOW_BATTERY


def test_an_empty_battery_switches_the_reader_off_within_a_minute(
    host: MmsHost,
) -> None:
    host.reader.set_battery(0)
    assert host.notices[-1] == DeviceUpdate(DeviceState.BATTERY_CRITICAL)

    host.clock.advance(60)

    assert host.is_cut_off
    assert host.state == "off"
    with pytest.raises(ControlRefused, match="switched off"):
        host.reader.press_key("cancel")


def test_a_battery_that_is_full_again_is_told(host: MmsHost) -> None:
    host.reader.set_battery(50)
    host.reader.set_battery(100)

    assert host.notices == [DeviceUpdate(DeviceState.BATTERY_CHARGED)]


def test_nobody_is_noticed_unless_the_host_wants_it(host: MmsHost) -> None:
    deeds: list[Callable[[], None]] = [
        partial(host.present, VISA, Entry.CONTACT),
        host.reader.remove_card,
        partial(host.reader.present_tag, Tag(UID)),
        partial(host.reader.show_barcode, b"1"),
        partial(host.reader.touch, "15%"),
        partial(host.type, "cancel"),
    ]

    for deed in deeds:
        with pytest.raises(ControlRefused, match="no transaction is running"):
            deed()
    assert host.messages == []


def test_user_events_are_told_from_the_next_start_on(host: MmsHost) -> None:
    host.ask(SetProperty(properties.USER_EVENTS, bytes.fromhex("FF000000")))

    with pytest.raises(ControlRefused):
        host.present(VISA, Entry.CONTACT)
    host.ask(ResetDevice())
    host.present(VISA, Entry.CONTACT)

    assert host.notices[-1] == DeviceUpdate(DeviceState.IDLE_INSERT)


@pytest.mark.parametrize(
    ("entry", "states"),
    [
        (Entry.CONTACT, [DeviceState.IDLE_INSERT]),
        (Entry.SWIPE, [DeviceState.IDLE_SWIPE]),
        (Entry.CONTACTLESS, [DeviceState.IDLE_TAP, DeviceState.IDLE_TAP_REMOVED]),
    ],
)
def test_an_early_card_is_told(
    host: MmsHost, *, entry: Entry, states: list[DeviceState]
) -> None:
    tell_user_events(host)

    host.present(VISA, entry)

    assert host.notices == [DeviceUpdate(state) for state in states]


@pytest.mark.parametrize("entry", [Entry.CONTACT, Entry.SWIPE])
def test_an_early_card_is_read_as_soon_as_the_transaction_begins(
    host: MmsHost, entry: Entry
) -> None:
    tell_user_events(host)
    host.present(VISA, entry)

    host.ask(start())

    assert host.told[-1] == f"{entry.name} ARQC"


def test_an_early_card_that_is_not_wanted_stays_where_it_is(host: MmsHost) -> None:
    tell_user_events(host)
    host.present(VISA, Entry.CONTACT)

    host.ask(start(insert=False))

    assert host.state == "waiting_for_card"


def test_an_early_swipe_is_forgotten_after_a_while(host: MmsHost) -> None:
    tell_user_events(host)
    host.present(VISA, Entry.SWIPE)
    host.clock.advance(10)

    host.ask(start())

    assert host.state == "waiting_for_card"


def test_an_early_card_can_be_pulled_out_again(host: MmsHost) -> None:
    tell_user_events(host)
    host.present(VISA, Entry.CONTACT)
    with pytest.raises(ControlRefused, match="in the reader already"):
        host.present(VISA, Entry.CONTACT)

    host.reader.remove_card()
    host.ask(start())

    assert DeviceUpdate(DeviceState.IDLE_REMOVE) in host.notices
    assert host.state == "waiting_for_card"


def test_only_the_events_asked_for_are_told(host: MmsHost) -> None:
    tell_user_events(host, "05000000")

    host.present(VISA, Entry.CONTACTLESS)
    host.present(VISA, Entry.CONTACT)
    host.reader.remove_card()

    assert host.notices == [
        DeviceUpdate(DeviceState.IDLE_TAP),
        DeviceUpdate(DeviceState.IDLE_INSERT),
    ]
    with pytest.raises(ControlRefused):
        host.present(VISA, Entry.SWIPE)


def test_a_tag_and_a_code_at_an_idle_reader_are_told(host: MmsHost) -> None:
    tell_user_events(host)

    host.reader.present_tag(Tag(UID, "mifare_classic_1k"))
    host.reader.show_barcode(b"4006381333931")

    assert host.notices == [
        IdleTag(0x02, UID),
        IdleTag(0x02, None),
        IdleBarcode(BarcodeKind.UNKNOWN, b"4006381333931"),
    ]


def test_a_code_at_an_idle_reader_may_be_encrypted(host: MmsHost) -> None:
    tell_user_events(host, "81010000")

    host.reader.present_tag(Tag(UID))
    host.reader.show_barcode(b"1")

    tag, code = host.notices
    assert tag == IdleTag(0x01, UID)
    assert isinstance(code, IdleBarcode)
    assert isinstance(code.content, EncryptedData)


def test_contactless_off_leaves_an_early_tag_alone(host: MmsHost) -> None:
    tell_user_events(host)
    host.ask(start(contactless=Contactless.OFF))

    with pytest.raises(ControlRefused, match="looks for no tag"):
        host.reader.present_tag(Tag(UID))
