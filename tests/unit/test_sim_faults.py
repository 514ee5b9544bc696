"""Faults of a simulated wire."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mms_host import seeded

from simulator.clock import ManualClock
from simulator.faults import NO_FAULTS, FaultyLine, WireFaults


class Line:
    """A faulty line and what came out of it."""

    def __init__(self, faults: WireFaults = NO_FAULTS, *, seed: int = 1) -> None:
        self.clock = ManualClock()
        self.arrived: list[bytes] = []
        self.cuts = 0
        self.line = FaultyLine(
            self.arrived.append, cut=self.cut, clock=self.clock, random=seeded(seed)
        )
        self.line.set_faults(faults)

    def cut(self) -> None:
        self.cuts += 1


@given(st.lists(st.binary(min_size=1)))
def test_a_sound_line_changes_nothing(writes: list[bytes]) -> None:
    line = Line()

    for data in writes:
        line.line.send(data)

    assert line.arrived == writes


@given(st.lists(st.binary()), st.integers(min_value=1, max_value=9))
def test_pieces_lose_nothing(writes: list[bytes], size: int) -> None:
    line = Line(WireFaults(piece_bytes=size))

    for data in writes:
        line.line.send(data)

    assert b"".join(line.arrived) == b"".join(writes)
    assert all(1 <= len(piece) <= size for piece in line.arrived)


def test_a_delay_keeps_the_order_and_counts_per_piece() -> None:
    line = Line(WireFaults(piece_bytes=1, delay_s=0.5))

    line.line.send(b"ab")
    line.line.send(b"c")
    line.clock.advance(0.5)
    assert line.arrived == [b"a"]
    line.clock.advance(1)

    assert line.arrived == [b"a", b"b", b"c"]


def test_what_waits_goes_before_what_is_sent_after_the_delay_ended() -> None:
    line = Line(WireFaults(delay_s=1))
    line.line.send(b"first")

    line.line.set_faults(NO_FAULTS)
    line.line.send(b"second")
    line.clock.advance(1)

    assert line.arrived == [b"first", b"second"]


def test_a_cut_comes_after_exactly_so_many_bytes() -> None:
    line = Line(WireFaults(cut_after_bytes=5))

    line.line.send(b"abc")
    line.line.send(b"defg")
    line.line.send(b"hij")

    assert b"".join(line.arrived) == b"abcde"
    assert line.cuts == 1


def test_a_pulled_cable_forgets_what_was_under_way_and_its_cut() -> None:
    line = Line(WireFaults(delay_s=1, cut_after_bytes=3))
    line.line.send(b"lost")

    line.line.forget()
    line.line.send(b"whole")
    line.clock.advance(5)

    assert line.arrived == [b"whole"]


def test_everything_can_be_dropped_or_doubled() -> None:
    dropping, doubling = Line(WireFaults(drop=1)), Line(WireFaults(duplicate=1))

    for line in (dropping, doubling):
        line.line.send(b"once")

    assert dropping.arrived == []
    assert doubling.arrived == [b"once", b"once"]


def test_a_corrupt_byte_is_always_another_one() -> None:
    line = Line(WireFaults(corrupt=1))
    sent = bytes(range(256))

    line.line.send(sent)

    (arrived,) = line.arrived
    assert all(a != b for a, b in zip(sent, arrived, strict=True))


def test_chances_repeat_with_the_seed() -> None:
    faults = WireFaults(corrupt=0.2, drop=0.2, duplicate=0.2, piece_bytes=3)
    first, again, other = Line(faults), Line(faults), Line(faults, seed=2)

    for line in (first, again, other):
        line.line.send(bytes(200))

    assert first.arrived == again.arrived != other.arrived
