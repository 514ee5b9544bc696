"""The rules by which a reader's connection is kept: waits, budget, quarantine, reasons."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.readers.reconnect import (
    REPLUG_S,
    TRANSITIONS,
    Connection,
    DisconnectReason,
    Happening,
    Phase,
    failed,
    happened,
    lost,
    plugged,
    reason_of_loss,
    wait_s,
)
from agent.settings import ReaderSettings
from drivers.reader import DeviceNotice

POLICY = ReaderSettings()
UNPLUGGED = DisconnectReason.USB_DISCONNECTED


def longest(length: int) -> bytes:
    """Randomness that shortens no wait."""
    return b"\xff" * length


def shortest(length: int) -> bytes:
    """Randomness that shortens every wait as far as it may."""
    return bytes(length)


def connected(at_s: float = 0.0) -> Connection:
    return happened(Connection(at_s), Happening.OPENED, at_s=at_s)


def flapped(times: int, *, every_s: float) -> Connection:
    """A connection that was lost so often, and came back each time at once."""
    connection = connected()
    for number in range(times):
        if connection.phase is Phase.QUARANTINED:
            break
        at_s = number * every_s
        if connection.phase is Phase.RECONNECTING:
            connection = happened(connection, Happening.OPENED, at_s=at_s)
        connection = lost(connection, UNPLUGGED, at_s=at_s, policy=POLICY)
    return connection


def wait(connection: Connection, *, at_s: float = 0.0) -> float | None:
    return wait_s(connection, at_s=at_s, policy=POLICY, random=longest)


def test_a_lost_reader_is_tried_at_once() -> None:
    connection = lost(connected(), UNPLUGGED, at_s=5.0, policy=POLICY)

    assert connection.phase is Phase.RECONNECTING
    assert wait(connection) == 0.0


def test_waits_double_up_to_the_longest() -> None:
    connection, waits = Connection(0.0), []
    for _ in range(8):
        connection = failed(connection, at_s=1.0, policy=POLICY)
        waits.append(wait(connection))

    assert waits == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0])


@given(failures=st.integers(1, 10_000), random=st.binary(min_size=4, max_size=4))
def test_a_wait_is_shortened_by_half_at_most(failures: int, random: bytes) -> None:
    connection = Connection(0.0, failures=failures)
    full = wait(connection)

    drawn = wait_s(connection, at_s=0.0, policy=POLICY, random=lambda _: random)

    assert full is not None
    assert drawn is not None
    assert full / 2 - 1e-6 <= drawn <= full <= POLICY.reconnect_max_s


def test_readers_lost_together_come_back_out_of_step() -> None:
    connection = failed(Connection(0.0), at_s=0.0, policy=POLICY)

    drawn = {
        wait_s(connection, at_s=0.0, policy=POLICY, random=random)
        for random in (longest, shortest)
    }

    assert len(drawn) == 2


def test_beyond_its_budget_a_reader_is_unreachable_and_tried_on() -> None:
    connection = lost(connected(), UNPLUGGED, at_s=0.0, policy=POLICY)
    within = failed(connection, at_s=59.9, policy=POLICY)
    beyond = failed(within, at_s=60.0, policy=POLICY)
    later = failed(beyond, at_s=500.0, policy=POLICY)

    assert within.phase is Phase.RECONNECTING
    assert beyond.phase is later.phase is Phase.UNREACHABLE
    assert wait(beyond) == wait(later) == pytest.approx(POLICY.reconnect_max_s)


def test_a_reader_that_flaps_is_left_alone_for_a_while() -> None:
    connection = flapped(POLICY.quarantine_after, every_s=1.0)

    assert connection.phase is Phase.QUARANTINED
    assert wait(connection, at_s=4.0) == POLICY.quarantine_s
    assert wait(connection, at_s=204.0) == POLICY.quarantine_s - 200.0
    assert wait(connection, at_s=9999.0) == 0.0


def test_losses_far_between_are_no_flapping() -> None:
    often = POLICY.quarantine_window_s / (POLICY.quarantine_after - 1)

    assert flapped(50, every_s=often).phase is Phase.RECONNECTING
    assert flapped(50, every_s=often * 0.99).phase is Phase.QUARANTINED


def test_losses_that_were_wanted_are_no_flapping() -> None:
    connection = connected()
    for number in range(50):
        connection = lost(
            connection,
            DisconnectReason.REBOOT_REQUESTED,
            at_s=float(number),
            policy=POLICY,
        )
        connection = happened(connection, Happening.OPENED, at_s=float(number))

    assert connection.phase is Phase.CONNECTED


@pytest.mark.parametrize(
    "leave",
    [
        lambda one: happened(one, Happening.RESTED, at_s=300.0),
        lambda one: happened(one, Happening.CONNECT_ASKED, at_s=5.0),
        lambda one: plugged(one, away_s=REPLUG_S, at_s=5.0, policy=POLICY),
    ],
    ids=["time", "a person's command", "a person's replug"],
)
def test_quarantine_is_left_with_a_clean_slate(
    leave: Callable[[Connection], Connection],
) -> None:
    connection = leave(flapped(POLICY.quarantine_after, every_s=1.0))

    assert connection.phase is Phase.CONNECTING
    assert connection.losses_s == ()
    assert wait(connection) == 0.0


def test_a_loose_contact_does_not_end_its_own_quarantine() -> None:
    connection = flapped(POLICY.quarantine_after, every_s=1.0)

    assert plugged(connection, away_s=0.3, at_s=5.0, policy=POLICY) is connection


@pytest.mark.parametrize(("after_s", "is_released"), [(299.0, False), (301.0, True)])
def test_a_replug_ends_one_quarantine_and_not_the_next(
    after_s: float, is_released: bool
) -> None:
    first = flapped(POLICY.quarantine_after, every_s=1.0)
    connection = plugged(first, away_s=3.0, at_s=10.0, policy=POLICY)
    for _ in range(POLICY.quarantine_after):
        connection = happened(connection, Happening.OPENED, at_s=20.0)
        connection = lost(connection, UNPLUGGED, at_s=20.0, policy=POLICY)
    second = plugged(connection, away_s=3.0, at_s=10.0 + after_s, policy=POLICY)

    assert connection.phase is Phase.QUARANTINED
    assert (second.phase is Phase.CONNECTING) is is_released


@pytest.mark.parametrize("phase", [Phase.CONNECTING, Phase.UNREACHABLE])
def test_a_port_that_comes_is_tried_at_once(phase: Phase) -> None:
    waiting = Connection(0.0, phase, failures=7)

    connection = plugged(waiting, away_s=0.0, at_s=90.0, policy=POLICY)

    assert wait(connection) == 0.0


@pytest.mark.parametrize("phase", [Phase.CONNECTED, Phase.DISCONNECTED])
def test_a_port_that_comes_changes_nothing_where_none_is_wanted(phase: Phase) -> None:
    connection = plugged(Connection(0.0, phase), away_s=60.0, at_s=90.0, policy=POLICY)

    assert connection.phase is phase
    assert wait(connection) is None


def test_an_empty_battery_is_waited_for_patiently() -> None:
    reason = DisconnectReason.CRITICALLY_LOW_BATTERY

    connection = lost(connected(), reason, at_s=0.0, policy=POLICY)

    assert connection.phase is Phase.UNREACHABLE
    assert wait(connection) == pytest.approx(POLICY.reconnect_max_s)


def test_a_reader_sent_away_stays_away_until_it_is_wanted() -> None:
    reason = DisconnectReason.DISCONNECT_REQUESTED

    connection = lost(connected(), reason, at_s=0.0, policy=POLICY)
    wanted = happened(connection, Happening.CONNECT_ASKED, at_s=1.0)

    assert connection.phase is Phase.DISCONNECTED
    assert wait(connection) is None
    assert wanted.phase is Phase.CONNECTING


@given(st.lists(st.sampled_from(Happening), max_size=40))
def test_whatever_happens_a_reader_can_be_sent_away_and_wanted_back(
    happenings: list[Happening],
) -> None:
    connection = Connection(0.0)
    for what in happenings:
        if (connection.phase, what) in TRANSITIONS:
            connection = happened(connection, what, at_s=1.0)

    away = happened(connection, Happening.DISCONNECT_ASKED, at_s=2.0)
    back = happened(away, Happening.CONNECT_ASKED, at_s=3.0)

    assert (away.phase, back.phase) == (Phase.DISCONNECTED, Phase.CONNECTING)


@pytest.mark.parametrize(
    ("spec", "wanted", "notice", "reason"),
    [
        ("usb:0801:2020:B1", None, None, "usb_disconnected"),
        ("serial:/dev/ttyUSB0", None, None, "serial_disconnected"),
        ("ble:00:11:22:33:44:55", None, None, "bluetooth_signal_lost"),
        ("tcp:10.0.0.7:9100", None, None, "network_disconnected"),
        ("pipe:x", None, None, "unknown"),
        ("usb:0801:2020:B1", None, DeviceNotice.POWERING_OFF, "powered_off"),
        ("usb:0801:2020:B1", None, DeviceNotice.RESTARTING_SOON, "security_reboot"),
        ("usb:0801:2020:B1", None, DeviceNotice.BATTERY_LOW, "usb_disconnected"),
        (
            "ble:00:11:22:33:44:55",
            None,
            DeviceNotice.BATTERY_CRITICALLY_LOW,
            "critically_low_battery",
        ),
        (
            "usb:0801:2020:B1",
            DisconnectReason.REBOOT_REQUESTED,
            DeviceNotice.POWERING_OFF,
            "reboot_requested",
        ),
    ],
)
def test_a_loss_has_the_reason_that_says_most(
    spec: str,
    wanted: DisconnectReason | None,
    notice: DeviceNotice | None,
    reason: str,
) -> None:
    assert reason_of_loss(spec, wanted=wanted, notice=notice) == reason
