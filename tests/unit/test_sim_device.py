"""A simulated reader on its cable: power, faults, and many of them side by side."""

from __future__ import annotations

import pytest
from mms_host import MmsHost, simulated_reader, start

from simulator.cards.card import Entry
from simulator.clock import ManualClock
from simulator.errors import (
    ControlInvalid,
    ControlRefused,
    ReaderUnknown,
    WireUnavailable,
)
from simulator.faults import WireFaults
from simulator.reader.device import SimulatedReader
from simulator.reader.readers import Readers
from simulator.reader.screen import ReaderState, Screen
from simulator.reader.wires.pipe import PipeWire


class BrokenWire(PipeWire):
    """A port that cannot be offered."""

    def plug(self, received: object, *, product_id: int | None = None) -> None:
        raise WireUnavailable("no such port")


def reader(name: str, wire: PipeWire | None = None) -> SimulatedReader:
    return simulated_reader(wire or PipeWire(name), ManualClock(), name=name)


def test_a_pulled_cable_is_noticed_and_ends_the_payment() -> None:
    host = MmsHost()
    host.ask(start())

    host.reader.unplug()

    assert host.is_cut_off
    assert host.state == "off"
    with pytest.raises(ControlRefused, match="unplugged"):
        host.present("visa_approved", Entry.CONTACT)


def test_a_reader_put_back_starts_anew() -> None:
    host = MmsHost()
    host.ask(start())
    host.reader.unplug()
    host.messages.clear()

    host.reader.plug()
    host.open()
    host.clock.advance(120)

    assert host.shows == "WELCOME"
    assert host.ask(start()).status.is_accepted


def test_a_cable_is_in_or_out() -> None:
    host = MmsHost()

    with pytest.raises(ControlRefused, match="plugged in already"):
        host.reader.plug()
    host.reader.unplug()
    with pytest.raises(ControlRefused, match="unplugged already"):
        host.reader.unplug()


def test_an_unplugged_port_cannot_be_opened() -> None:
    host = MmsHost()
    host.reader.unplug()

    with pytest.raises(WireUnavailable):
        host.open()


def test_bytes_for_an_unplugged_reader_are_lost() -> None:
    host = MmsHost()
    host.reader.unplug()

    host.wire.write(b"\xc0")
    host.wire.send(b"\xc0")

    assert host.state == "off"


def test_a_host_that_closed_its_end_hears_nothing() -> None:
    host = MmsHost()
    host.ask(start())
    host.messages.clear()
    host.wire.close()

    host.present("visa_approved", Entry.CONTACT)
    host.reader.unplug()

    assert host.messages == []
    assert not host.is_cut_off


def test_a_cut_after_so_many_bytes_pulls_the_cable() -> None:
    host = MmsHost()
    host.ask(start())
    host.reader.set_faults(to_host=WireFaults(cut_after_bytes=40))

    host.present("visa_approved", Entry.CONTACT)

    assert host.is_cut_off
    assert not host.reader.is_plugged


def test_after_a_cut_the_cable_can_be_put_back_and_works() -> None:
    host = MmsHost()
    host.reader.set_faults(to_reader=WireFaults(cut_after_bytes=1))
    host.wire.write(b"\xc0\xc0")

    host.reader.plug()
    host.open()

    assert host.ask(start()).status.is_accepted


def test_a_reader_on_a_bytewise_line_still_talks() -> None:
    host = MmsHost()
    bytewise = WireFaults(piece_bytes=1)
    host.reader.set_faults(to_host=bytewise, to_reader=bytewise)

    assert host.ask(start()).status.is_accepted
    assert host.reader.faults == (bytewise, bytewise)


def test_a_card_is_not_taken_in_a_way_it_does_not_have() -> None:
    host = MmsHost()
    host.ask(start())

    with pytest.raises(ControlRefused, match="cannot be swipe, only contactless"):
        host.present("visa_contactless", Entry.SWIPE)


def test_a_watcher_sees_every_screen_in_order_and_a_settled_reader() -> None:
    host = MmsHost()
    seen: list[tuple[str, str]] = []

    def watch(watched: SimulatedReader, screen: Screen) -> None:
        seen.append((str(screen.state), str(watched.screen.state)))

    host.reader.watch(watch)
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    assert seen == [
        ("waiting_for_card", "waiting_for_card"),
        ("reading", "authorising"),
        ("authorising", "authorising"),
    ]


def test_the_latest_screens_are_remembered() -> None:
    host = MmsHost()
    host.ask(start())
    host.present("visa_approved", Entry.CONTACT)

    states = [str(screen.state) for screen in host.reader.history]

    assert states == ["idle", "waiting_for_card", "reading", "authorising"]


def test_a_host_that_answers_within_its_own_callback_is_heard_in_turn() -> None:
    host = MmsHost()
    host.ask(start())
    answered: list[bytes] = []

    def answer(data: bytes) -> None:
        if not answered:
            answered.append(data)
            host.reader.unplug()

    host.wire.close()
    host.wire.open(answer, closed=lambda: None)
    host.present("visa_approved", Entry.CONTACT)

    assert host.reader.screen.state is ReaderState.OFF


def test_every_reader_has_keys_of_its_own() -> None:
    devices = set()
    for serial_number in ("B0000001", "B0000002"):
        host = MmsHost(serial_number=serial_number)
        host.ask(start())
        host.present("visa_approved", Entry.CONTACT)
        devices.add(host.arqc().encrypted.ksn[:-3])

    assert len(devices) == 2


def test_readers_are_found_by_name() -> None:
    readers = Readers([reader("till1"), reader("till2")])

    assert [each.name for each in readers] == ["till1", "till2"]
    assert readers.named("till2").name == "till2"
    with pytest.raises(ReaderUnknown, match="till3"):
        readers.named("till3")


def test_two_readers_of_one_name_are_refused() -> None:
    with pytest.raises(ControlInvalid, match="till1"):
        Readers([reader("till1"), reader("till1")])


def test_readers_are_plugged_together_or_not_at_all() -> None:
    readers = Readers([reader("till1"), reader("till2", BrokenWire())])

    with pytest.raises(WireUnavailable):
        readers.plug()

    assert not any(each.is_plugged for each in readers)


def test_all_readers_can_be_unplugged_whatever_their_state() -> None:
    readers = Readers([reader("till1"), reader("till2")])
    readers.named("till1").plug()

    readers.unplug()

    assert not any(each.is_plugged for each in readers)
