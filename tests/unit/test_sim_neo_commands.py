"""The simulated NEO readers outside of a transaction: commands and refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from neo_host import SERIAL_NUMBER, NeoHost, activate
from published_vectors import neo_frames

from drivers.features import Tone
from drivers.protocol.idtech_neo.basic import (
    BeepLong,
    BeepShort,
    Encryption,
    GetBluetoothInfo,
    GetBluetoothName,
    GetEncryption,
    GetFirmwareVersion,
    GetSerialNumber,
    Glow,
    Ping,
    SetEncryption,
    SetLight,
    encryption_of,
    text_of,
)
from drivers.protocol.idtech_neo.configuration import (
    GetConfiguration,
    GetTerminalData,
    RemoveTerminalData,
    SetConfiguration,
    SetKernelConfiguration,
    SetTerminalData,
)
from drivers.protocol.idtech_neo.display import AnswerDisplay, DisplayMode, RefusePin
from drivers.protocol.idtech_neo.keys import (
    GetKeys,
    GetKsn,
    KeyIndex,
    KeySlot,
    SlotState,
    counter_of,
    keys_of,
)
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.wires import WireKind
from simulator.cards.card import Entry
from simulator.errors import ControlRefused
from simulator.reader.model import Tag, UpdateEnd, UpdatePlan
from simulator.reader.models.idtech_neo.description import DESCRIPTIONS

WITH_DISPLAY = "idtech_vp6800"


@pytest.fixture
def host() -> NeoHost:
    return NeoHost()


@pytest.mark.parametrize("kind", list(WireKind))
@pytest.mark.parametrize("model", [each.name for each in DESCRIPTIONS])
def test_every_model_says_who_it_is_on_every_wire(model: str, kind: WireKind) -> None:
    host = NeoHost(model, kind=kind)

    assert host.ask(Ping()).code == StatusCode.OK
    version = text_of(host.ask(GetFirmwareVersion()).data)
    assert text_of(host.ask(GetSerialNumber()).data) == SERIAL_NUMBER
    product = model.removeprefix("idtech_").replace("_", " ").casefold()
    assert version.casefold().startswith(product)
    assert host.reader.model.name == model


@pytest.mark.parametrize("name", ["ping", "get serial number", "cancel"])
def test_published_commands_get_published_answers(host: NeoHost, name: str) -> None:
    answers = {"ping": "pong", "cancel": "canceled"}
    expected = neo_frames("answers")[answers.get(name, "serial number")]

    host.write(neo_frames("commands")[name])

    assert host.packets[-1] == expected


@pytest.mark.parametrize("sub_command", [0x04, 0x06, 0x17])
def test_a_reader_tells_its_other_versions(host: NeoHost, sub_command: int) -> None:
    answer = host.send_raw(0x29, sub_command)

    assert answer.code == StatusCode.OK
    assert answer.data


def test_an_unknown_command_is_no_unknown_sub_command(host: NeoHost) -> None:
    assert host.send_raw(0x99, 0x01).code == StatusCode.UNKNOWN_COMMAND
    assert host.send_raw(0x02, 0x77).code == StatusCode.UNKNOWN_SUB_COMMAND


@pytest.mark.parametrize(
    ("command", "sub_command", "data"),
    [
        (0x18, 0x01, "00"),
        (0x01, 0x01, ""),
        (0x01, 0x01, "02"),
        (0x0A, 0x03, "0100"),
        (0x0B, 0x02, "04"),
        (0x02, 0x40, ""),
        (0x60, 0x16, "05"),
        (0x2C, 0x02, "0000"),
        (0x81, 0x0B, "0200"),
    ],
)
def test_wrong_parameters_are_refused(
    host: NeoHost, *, command: int, sub_command: int, data: str
) -> None:
    answer = host.send_raw(command, sub_command, data)

    assert answer.code == StatusCode.INCORRECT_PARAMETER


def test_broken_tlv_is_malformed(host: NeoHost) -> None:
    assert host.send_raw(0x02, 0x40, "1E9F02").code == StatusCode.MALFORMED_DATA
    assert host.ask(SetConfiguration(b"\x9f")).code == StatusCode.MALFORMED_DATA


@pytest.mark.parametrize(
    ("model", "command", "sub_command"),
    [
        ("idtech_kiosk_iii", 0x60, 0x10),
        ("idtech_kiosk_v", 0x62, 0x02),
        ("idtech_kiosk_v", 0x77, 0x82),
        ("idtech_vp5300", 0xC7, 0x37),
    ],
)
def test_a_model_lacks_the_commands_of_what_it_lacks(
    model: str, command: int, sub_command: int
) -> None:
    answer = NeoHost(model).send_raw(command, sub_command)

    assert answer.code == StatusCode.UNKNOWN_COMMAND


def test_the_older_platform_cannot_list_its_keys(host: NeoHost) -> None:
    assert host.ask(GetKeys()).code == StatusCode.UNKNOWN_SUB_COMMAND


def test_the_light_is_seen_until_the_power_goes(host: NeoHost) -> None:
    host.ask(SetLight(red=Glow.OFF, green=Glow.BLINKING))
    assert list(host.reader.screen.lights) == ["green blinking"]
    host.ask(SetLight(red=Glow.ON, green=Glow.ON))
    host.send(activate())
    assert list(host.reader.screen.lights) == ["red on", "green on"]

    host.reader.unplug()

    assert list(host.reader.screen.lights) == []


def test_beeps_are_heard(host: NeoHost) -> None:
    host.ask(BeepShort(2))
    host.ask(BeepLong(3))

    assert host.reader.heard == (
        Tone(2700, 100),
        Tone(2700, 100),
        Tone(2700, 800),
    )


def test_encryption_is_told_and_cannot_be_taken_back(host: NeoHost) -> None:
    assert host.ask(SetEncryption(Encryption.MSR)).code == StatusCode.OK
    both = Encryption.MSR | Encryption.EMV
    assert encryption_of(host.ask(GetEncryption()).data) == both

    host.reader.set_quirks({"encryption_off": 1.0})

    assert encryption_of(host.ask(GetEncryption()).data) == Encryption.OFF


def test_the_poll_mode_outlives_the_power(host: NeoHost) -> None:
    host.reader.unplug()
    host.reader.plug()
    host.open()

    host.send(activate())

    assert host.state == "waiting_for_card"


def test_a_bluetooth_reader_has_a_name(host: NeoHost) -> None:
    assert text_of(host.ask(GetBluetoothName()).data) == "IDTECH-VP3300-00001"
    assert host.ask(GetBluetoothInfo()).data == b"\x01"

    host.send_raw(0x77, 0x81, b"TILL 7".hex())

    assert text_of(host.ask(GetBluetoothName()).data) == "TILL 7"
    assert host.send_raw(0x77, 0x81).code == StatusCode.INCORRECT_PARAMETER


def test_the_configuration_is_kept(host: NeoHost) -> None:
    host.ask(SetConfiguration(bytes.fromhex("9F020600000000123400")))

    told = host.ask(GetConfiguration()).data

    assert bytes.fromhex("9F0206000000001234") in told
    assert bytes.fromhex("5F2A020840") in told


def test_templates_are_no_configuration(host: NeoHost) -> None:
    refused = host.ask(SetConfiguration(bytes.fromhex("E1039C0100")))

    assert refused.code == StatusCode.INCORRECT_PARAMETER


def test_the_contact_terminals_data_are_kept_and_removed(host: NeoHost) -> None:
    data = SetTerminalData(1, bytes.fromhex("5F360102"))
    assert host.ask(GetTerminalData()).code == StatusCode.NO_SUCH_DATA

    host.ask(data)
    assert SetTerminalData.from_data(host.ask(GetTerminalData()).data) == data
    host.ask(RemoveTerminalData())

    assert host.ask(GetTerminalData()).code == StatusCode.NO_SUCH_DATA
    assert host.ask(SetKernelConfiguration(3)).code == StatusCode.OK


def test_keys_are_told_by_their_counters() -> None:
    host = NeoHost(WITH_DISPLAY)
    slots = keys_of(host.ask(GetKeys()).data)

    counters = [counter_of(host.ask(GetKsn(slot)).data) for slot in slots]

    assert [slot.index for slot in slots] == [KeyIndex.PIN, KeyIndex.DATA]
    assert [counter.state for counter in counters] == [SlotState.VALID] * 2
    assert all(len(counter.ksn) == 10 for counter in counters)


def test_a_key_counter_counts_the_cards(host: NeoHost) -> None:
    def count() -> int:
        ksn = counter_of(host.ask(GetKsn(KeySlot(KeyIndex.DATA))).data).ksn
        return int.from_bytes(ksn[-3:], "big")

    before = count()
    host.send(activate())
    host.present("visa_approved", Entry.SWIPE)

    assert count() == before + 1


def test_an_aes_key_is_told_by_a_longer_counter(host: NeoHost) -> None:
    host.reader.set_quirks({"aes_keys": 1.0})

    counter = counter_of(host.ask(GetKsn(KeySlot(KeyIndex.DATA))).data)

    assert len(counter.ksn) == 12


@pytest.mark.parametrize(
    ("slot", "quirks", "state"),
    [
        (KeySlot(KeyIndex.PIN), {}, SlotState.EMPTY),
        (KeySlot(KeyIndex.DATA, 1), {}, SlotState.EMPTY),
        (KeySlot(KeyIndex.DATA), {"key_exhausted": 1.0}, SlotState.EXHAUSTED),
    ],
)
def test_a_slot_may_be_empty_or_used_up(
    host: NeoHost, slot: KeySlot, quirks: dict[str, float], state: SlotState
) -> None:
    host.reader.set_quirks(quirks)

    assert counter_of(host.ask(GetKsn(slot)).data).state == state


def test_what_the_reader_asked_is_answered_without_effect(host: NeoHost) -> None:
    host.send(activate())

    assert host.ask(AnswerDisplay(DisplayMode.MENU, 1)).code == StatusCode.OK
    assert host.ask(RefusePin()).code == StatusCode.OK

    assert host.state == "waiting_for_card"


def test_an_empty_battery_starts_no_transaction(host: NeoHost) -> None:
    host.reader.set_battery(5)

    assert host.ask(activate()).code == StatusCode.COMMAND_NOT_ALLOWED

    host.reader.set_battery(50)
    host.send(activate())
    assert host.state == "waiting_for_card"


def test_what_a_reader_does_not_have_is_refused_to_hands() -> None:
    host = NeoHost("idtech_kiosk_v")
    reader = host.reader

    deeds: list[tuple[Callable[[], None], str]] = [
        (lambda: reader.set_battery(5), "no battery"),
        (lambda: reader.sign([]), "no signature"),
        (lambda: reader.show_barcode(b"1"), "no barcode"),
        (lambda: reader.press_key("1"), "no key '1'"),
        (lambda: reader.touch("1"), "nothing to touch"),
        (reader.remove_card, "no card"),
        (lambda: reader.present_tag(Tag(b"1234")), "no tag"),
        (lambda: reader.plan_update(UpdatePlan(UpdateEnd.DONE)), "no firmware"),
    ]
    for deed, reason in deeds:
        with pytest.raises(ControlRefused, match=reason):
            deed()
    assert reader.model.product_id is None
    assert reader.model.texts == reader.model.keys == frozenset()
