"""The simulated NEO readers on their wires: damage, silence, and what they do wrong by themselves."""

from __future__ import annotations

import pytest
from neo_host import NeoHost, activate
from published_vectors import neo_frames

from drivers.protocol.idtech_neo.basic import (
    GetFirmwareVersion,
    GetSerialNumber,
    Ping,
)
from drivers.protocol.idtech_neo.events import Booted, WokeUp, from_frame
from drivers.protocol.idtech_neo.hid import ReportId
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.wires import WireKind
from simulator.errors import ControlInvalid


@pytest.fixture
def host() -> NeoHost:
    return NeoHost()


def test_a_damaged_command_is_answered_or_dropped(host: NeoHost) -> None:
    damaged = neo_frames("commands")["ping"][:-1] + b"\x00"

    host.write(damaged)
    assert host.told == ["18 04"]
    host.reader.set_quirks({"silent_on_crc_error": 1.0})
    host.write(damaged)

    assert host.told == ["18 04"]


def test_half_a_command_is_given_up_after_a_while(host: NeoHost) -> None:
    ping = neo_frames("commands")["ping"]

    host.wire.write(ping[:12] + b"\x0f\xff")
    host.wire.write(ping)
    assert host.told == []
    host.clock.advance(0.2)

    assert host.told == ["18 00"]


def test_a_command_may_come_in_pieces(host: NeoHost) -> None:
    for byte in neo_frames("commands")["ping"]:
        host.wire.write(bytes((byte,)))

    assert host.told == ["18 00"]


def test_a_sleeping_reader_says_that_it_woke(host: NeoHost) -> None:
    host.send_raw(0xF0, 0x00)

    host.send(Ping())

    assert from_frame(host.frames[-2]) == WokeUp()
    assert host.told[-1] == "18 00"


def test_a_reader_says_that_it_has_started(host: NeoHost) -> None:
    host.reader.model.power_on()

    assert from_frame(host.last) == Booted("VP3300")


def test_a_tampered_reader_says_so_to_everything_but_two() -> None:
    host = NeoHost()
    host.reader.set_quirks({"tampered": 1.0})

    assert host.ask(Ping()).code == StatusCode.OK
    assert host.ask(GetFirmwareVersion()).code == StatusCode.OK
    assert host.ask(GetSerialNumber()).code == StatusCode.TAMPERED
    assert host.ask(activate()).code == StatusCode.TAMPERED


def test_an_answer_can_have_a_wrong_crc(host: NeoHost) -> None:
    good = neo_frames("answers")["pong"]
    host.reader.set_quirks({"wrong_crc": 1.0})
    damaged: list[bytes] = []
    host.wire.close()
    host.wire.open(damaged.append, closed=lambda: None)

    host.send(Ping())

    assert damaged[0][:-1] == good[:-1]
    assert damaged[0][-1] != good[-1]


def test_a_stray_report_may_come_before_a_frame() -> None:
    host = NeoHost(kind=WireKind.HID)
    host.reader.set_quirks({"stray_report": 1.0})

    host.send(Ping())

    assert [packet[0] for packet in host.packets[-2:]] == [
        ReportId.MIDDLE,
        ReportId.WHOLE,
    ]
    assert host.told == ["18 00"]


def test_a_stray_report_needs_reports(host: NeoHost) -> None:
    host.reader.set_quirks({"stray_report": 1.0})

    assert host.ask(Ping()).code == StatusCode.OK


def test_a_text_may_come_unasked(host: NeoHost) -> None:
    host.reader.set_quirks({"stray_text": 1.0})

    host.send(Ping())

    assert host.told == ["61 01", "18 00"]


def test_a_quirk_strikes_with_its_chance(host: NeoHost) -> None:
    host.reader.set_quirks({"stray_text": 0.5})

    for _ in range(100):
        host.send(Ping())

    assert 20 < host.told.count("61 01") < 80


def test_an_unknown_quirk_is_refused(host: NeoHost) -> None:
    with pytest.raises(ControlInvalid, match="no quirk 'error_00'"):
        host.reader.set_quirks({"error_00": 1.0})

    assert {"tampered", "error_21"} <= host.reader.model.quirks
