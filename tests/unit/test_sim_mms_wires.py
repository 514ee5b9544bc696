"""Simulated MagTek readers on every kind of wire, sound and with quirks of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mms_host import MmsHost, simulated_reader, start

from drivers.protocol.magtek_mms import message
from drivers.protocol.magtek_mms.commands import to_request
from drivers.protocol.magtek_mms.images import ShowBitmap
from drivers.protocol.magtek_mms.message import Notification, Response
from drivers.protocol.magtek_mms.properties import SERIAL_NUMBER, GetProperty
from drivers.wires import WireKind
from simulator.cards.card import Entry
from simulator.clock import ManualClock
from simulator.errors import ControlInvalid
from simulator.faults import WireFaults
from simulator.reader.wires.pipe import PipeWire

SIZES = [
    (WireKind.STREAM, None),
    (WireKind.HID, 64),
    (WireKind.BLE, 244),
    (WireKind.BLE, 20),
]
MODELS = ["magtek_dynaprox", "magtek_dynaflex", "magtek_dynaflex_ii_go"]
BITMAP = b"BM" + bytes(16) + bytes((64, 0, 0, 0, 64, 0, 0, 0)) + bytes(5000)


def host_on(
    kind: WireKind, packet_bytes: int | None, *, model: str = "magtek_dynaflex"
) -> MmsHost:
    return MmsHost(model, wire=PipeWire(kind=kind, packet_bytes=packet_bytes))


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}-{size[1]}")
def host(request: pytest.FixtureRequest) -> MmsHost:
    kind, packet_bytes = request.param
    return host_on(kind, packet_bytes)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("kind", "packet_bytes"), SIZES)
def test_a_payment_goes_through_on_every_wire(
    *, kind: WireKind, packet_bytes: int | None, model: str
) -> None:
    host = host_on(kind, packet_bytes, model=model)
    host.ask(start())

    host.present("visa_approved", Entry.CONTACT)
    host.resume(*host.authorize("contact_emv"))

    assert "CONTACT end APPROVED" in host.told
    assert host.packets.skipped_bytes == 0


def test_packets_are_no_longer_than_the_wire_carries() -> None:
    for kind, packet_bytes in SIZES[1:]:
        host = host_on(kind, packet_bytes)
        sizes: list[int] = []
        host.wire.close()
        host.wire.open(lambda data: sizes.append(len(data)), closed=lambda: None)  # noqa: B023 - called below

        host.write(message.encode(to_request(start(), 1)))
        host.present("visa_approved", Entry.CONTACT)

        assert max(sizes) <= (packet_bytes or 0)
        assert len(sizes) > 2


def test_a_long_request_arrives_whole(host: MmsHost) -> None:
    assert host.ask(ShowBitmap(BITMAP)).status.is_accepted

    assert host.reader.screen.picture == "bitmap 64 by 64"


def test_a_host_with_another_packet_size_is_understood() -> None:
    class SlowingWire(PipeWire):
        size = 244

        @property
        def packet_bytes(self) -> int | None:
            return self.size

    wire = SlowingWire(kind=WireKind.BLE)
    host = MmsHost("magtek_dynaflex_ii_go", wire=wire)
    host.ask(GetProperty(SERIAL_NUMBER))

    host.wire.close()
    wire.size = 20
    host.open()

    assert host.ask(GetProperty(SERIAL_NUMBER)).status.is_accepted


@given(st.sampled_from(SIZES), st.lists(st.binary(max_size=64), max_size=20))
def test_a_reader_survives_any_noise(
    size: tuple[WireKind, int | None], pieces: list[bytes]
) -> None:
    host = host_on(*size)

    for piece in pieces:
        host.wire.write(piece)
    if size[0] is WireKind.STREAM:
        host.wire.write(b"\xc0")
    host.messages.clear()

    assert host.ask(start()).status.is_accepted


@given(st.sampled_from(SIZES[1:]), st.integers(0, 2**32), st.floats(0.05, 0.6))
def test_lost_and_doubled_packets_never_make_a_wrong_message(
    size: tuple[WireKind, int | None], seed: int, chance: float
) -> None:
    host = host_on(*size)
    faults = WireFaults(drop=chance, duplicate=chance)
    host.reader.set_faults(to_host=faults, to_reader=faults)

    for reference in range(1, 6):
        host.write(message.encode(to_request(ShowBitmap(BITMAP), reference)))

    answers = [each for each in host.messages if isinstance(each, Response)]
    assert all(each.status.is_accepted for each in answers)


def with_quirk(host: MmsHost, quirk: str, chance: float = 1.0) -> MmsHost:
    host.reader.set_quirks({quirk: chance})
    return host


@pytest.mark.parametrize("quirk", ["drop_tail", "wrong_length"])
def test_a_message_cut_short_or_misdeclared_is_lost_and_the_next_one_is_not(
    host: MmsHost, quirk: str
) -> None:
    host.ask(start())
    with_quirk(host, quirk)
    host.present("visa_approved", Entry.CONTACT)
    assert "CONTACT ARQC" not in host.told

    host.reader.set_quirks({})
    host.resume("05")

    assert "CONTACT end DECLINED" in host.told


def test_a_packet_that_comes_twice_does_not_harm_the_message(host: MmsHost) -> None:
    host.ask(start())

    with_quirk(host, "repeated_packet")
    host.present("visa_approved", Entry.CONTACT)

    assert "CONTACT ARQC" in host.told
    assert host.arqc().encrypted.ciphertext


def test_a_notification_may_overtake_the_response(host: MmsHost) -> None:
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)
    before = len(host.messages)

    with_quirk(host, "early_notification")
    response = host.resume("00")

    kinds = [type(each) for each in host.messages[before:]]
    assert kinds[:2] == [Notification, Response]
    assert response.status.is_accepted


def test_a_response_without_a_notification_is_not_held_back(host: MmsHost) -> None:
    with_quirk(host, "early_notification")

    assert host.ask(GetProperty(SERIAL_NUMBER)).status.is_accepted


def test_card_data_may_carry_a_code_of_authentication(host: MmsHost) -> None:
    host.ask(start())

    with_quirk(host, "mac")
    host.present("visa_approved", Entry.CONTACT)
    host.resume("00")

    assert len(host.arqc().mac) == 4
    assert len(host.batch().mac) == 4


def test_an_unknown_quirk_is_refused(host: MmsHost) -> None:
    with pytest.raises(ControlInvalid, match="no quirk 'moody', only drop_tail"):
        host.reader.set_quirks({"moody": 1.0})

    assert host.reader.quirks == {}


def test_quirks_strike_at_random_and_the_same_in_every_run() -> None:
    def lost() -> list[bool]:
        host = with_quirk(host_on(WireKind.HID, 64), "wrong_length", chance=0.5)
        found = []
        for _ in range(20):
            before = len(host.messages)
            host.write(message.encode(to_request(GetProperty(SERIAL_NUMBER), 1)))
            found.append(len(host.messages) == before)
        return found

    first = lost()

    assert first == lost()
    assert True in first
    assert False in first


def test_readers_of_all_models_stand_side_by_side() -> None:
    clock = ManualClock()
    readers = [
        simulated_reader(PipeWire(model), clock, model=model, name=model)
        for model in MODELS
    ]

    for reader in readers:
        reader.plug()

    assert [reader.model.name for reader in readers] == MODELS
