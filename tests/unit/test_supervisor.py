"""One reader kept connected: it is lost, comes back, flaps, hangs, and moves."""

from __future__ import annotations

import asyncio

import pytest
from fleet_bench import bench, named
from scripted_reader import ScriptedReader
from virtual_time import in_virtual_time

from agent.events import (
    ReaderDisconnected,
    ReaderMoved,
    ReaderNoticed,
    ReaderQuarantined,
    ReaderReconnectFailed,
    ReaderReconnectStarted,
    ReaderReconnectSucceeded,
    ReaderStatusChanged,
)
from agent.ids import ReaderId
from agent.settings import ReaderSettings
from drivers.errors import BluetoothDisabled
from drivers.reader import DeviceNotice

ID = ReaderId("tmr_1")
HOME = "serial:/dev/B50"


@in_virtual_time
async def test_a_lost_reader_comes_back_and_listeners_hear_of_it() -> None:
    async with bench() as one:
        await one.until_online()
        one.told()
        one.ports.latest.unplugged.set()
        await one.until_offline()
        await one.until_online()
        told = one.told()

    assert told == [
        ReaderStatusChanged(ID, "offline", "reader_disconnected"),
        ReaderReconnectStarted(ID, "serial_disconnected"),
        ReaderReconnectSucceeded(ID),
        ReaderStatusChanged(ID, "online", None),
    ]


@in_virtual_time
async def test_a_reader_that_stays_away_is_given_up_aloud_and_tried_on() -> None:
    async with bench() as one:
        await one.until_online()
        del one.ports.holds[HOME]
        one.ports.latest.unplugged.set()
        await one.until_offline()
        one.told()
        await one.clock.sleep(70)
        told = one.told()
        one.ports.holds[HOME] = named("B50")
        lost_at_s = one.clock.monotonic()
        await one.until_online()
        back_after_s = one.clock.monotonic() - lost_at_s

    assert told == [
        ReaderReconnectFailed(ID),
        ReaderDisconnected(ID, "serial_disconnected"),
    ]
    assert back_after_s <= ReaderSettings().reconnect_max_s


@in_virtual_time
async def test_what_an_attempt_learns_of_the_loss_is_told_at_its_end() -> None:
    async with bench() as one:
        await one.until_online()
        one.ports.holds[HOME] = BluetoothDisabled(HOME, "it is off")
        one.ports.latest.unplugged.set()
        await one.until_offline()
        one.told()
        await one.clock.sleep(70)

        assert one.told()[-1] == ReaderDisconnected(ID, "bluetooth_disabled")
        assert one.session.offline_reason == "bluetooth_disabled"


@in_virtual_time
async def test_a_port_that_comes_is_opened_without_waiting() -> None:
    async with bench({}) as one:
        await one.clock.sleep(33.3)
        one.ports.holds[HOME] = named("B50")
        plugged_at_s = one.clock.monotonic()
        one.supervisor.port_added()
        await one.until_online()
        took_s = one.clock.monotonic() - plugged_at_s

    assert took_s == 0.0


@in_virtual_time
async def test_a_port_that_comes_during_a_failing_attempt_is_tried_again() -> None:
    async with bench({HOME: None}) as one:
        await asyncio.sleep(1)
        one.ports.holds[HOME] = named("B50")
        one.supervisor.port_added()
        await one.until_online()
        at_s = one.clock.monotonic()

    assert at_s == ReaderSettings().connect_timeout_s


@in_virtual_time
async def test_a_port_that_is_gone_ends_the_connection_at_once() -> None:
    async with bench() as one:
        await one.until_online()
        del one.ports.holds[HOME]
        one.supervisor.port_removed()
        await one.until_offline()

        assert one.ports.latest.unplugged.is_set()
        assert one.session.offline_reason == "reader_disconnected"


@in_virtual_time
async def test_a_flapping_reader_is_quarantined_and_released_by_time() -> None:
    async with bench() as one:
        for _ in range(ReaderSettings().quarantine_after):
            await one.until_online()
            one.ports.latest.unplugged.set()
            await one.until_offline()
        told, opened = one.told(), len(one.ports.opened)
        reason = one.session.offline_reason
        await one.clock.sleep(ReaderSettings().quarantine_s - 1)
        opened_meanwhile = len(one.ports.opened) - opened
        await one.until_online()

    assert told[-2:] == [
        ReaderDisconnected(ID, "serial_disconnected"),
        ReaderQuarantined(ID, ReaderSettings().quarantine_s),
    ]
    assert reason == "reader_quarantined"
    assert opened_meanwhile == 0


@in_virtual_time
@pytest.mark.parametrize(("away_s", "is_released"), [(0.4, False), (3.0, True)])
async def test_only_a_persons_replug_ends_the_quarantine(
    away_s: float, is_released: bool
) -> None:
    async with bench() as one:
        for _ in range(ReaderSettings().quarantine_after):
            await one.until_online()
            one.ports.latest.unplugged.set()
            await one.until_offline()
        one.supervisor.port_removed()
        await one.clock.sleep(away_s)
        one.supervisor.port_added()
        await one.clock.sleep(1)

        assert (one.session.status == "online") is is_released


@in_virtual_time
async def test_a_persons_command_ends_the_quarantine() -> None:
    async with bench() as one:
        for _ in range(ReaderSettings().quarantine_after):
            await one.until_online()
            one.ports.latest.unplugged.set()
            await one.until_offline()

        await one.supervisor.connect()

        assert one.session.status == "online"


@in_virtual_time
async def test_a_driver_that_hangs_is_tried_again_after_its_time() -> None:
    async with bench({HOME: None}) as one:
        await one.session.first_attempt()
        at_s, reason = one.clock.monotonic(), one.session.offline_reason
        one.ports.holds[HOME] = named("B50")
        await one.until_online()

    assert at_s == ReaderSettings().connect_timeout_s
    assert reason == "reader_port_hangs"


@in_virtual_time
@pytest.mark.parametrize(
    "defect", [RuntimeError("a defect"), asyncio.CancelledError("a defect")]
)
async def test_a_driver_with_a_defect_is_tried_again(defect: BaseException) -> None:
    async with bench({HOME: defect}) as one:
        await one.session.first_attempt()
        reason = one.session.offline_reason
        one.ports.holds[HOME] = named("B50")
        await one.until_online()

    assert reason == "internal_error"


@in_virtual_time
async def test_a_reader_that_does_not_close_is_left_to_itself() -> None:
    class Stuck(ScriptedReader):
        async def aclose(self) -> None:
            await super().aclose()
            await asyncio.Event().wait()

    async with bench({HOME: Stuck}) as one:
        await one.until_online()
        one.ports.latest.unplugged.set()
        await one.until_offline()
        one.ports.holds[HOME] = named("B50")
        await one.until_online()

        assert one.clock.monotonic() == 5.0


@in_virtual_time
async def test_a_stranger_on_the_port_is_not_taken_for_the_reader() -> None:
    async with bench({HOME: named("B51")}) as one:
        await one.session.first_attempt()
        reason = one.session.offline_reason
        stranger = one.ports.latest

    assert reason == "reader_serial_mismatch"
    assert stranger.unplugged.is_set()
    assert one.neighbours.sought[0] is True


@in_virtual_time
async def test_a_reader_given_from_another_port_is_kept_there() -> None:
    elsewhere = "serial:/dev/ttyUSB7"
    async with bench({HOME: None}) as one:
        await asyncio.sleep(1)
        found = named("B50")()
        is_taken = one.supervisor.adopt(found, elsewhere)
        await one.until_online()
        told = one.told()
        one.ports.readers.append(found)

        assert one.clock.monotonic() == 1.0
    assert is_taken
    assert one.session.record.spec == elsewhere
    assert one.neighbours.left == [HOME]
    assert ReaderMoved(ID, elsewhere) in told


@in_virtual_time
async def test_a_connected_reader_takes_no_other_in_its_place() -> None:
    async with bench() as one:
        await one.until_online()

        assert not one.supervisor.adopt(named("B50")(), "serial:/dev/ttyUSB7")


@in_virtual_time
async def test_a_hint_where_it_may_be_is_followed_once() -> None:
    async with bench({}) as one:
        await one.session.first_attempt()
        one.supervisor.port_added(elsewhere="serial:/dev/ttyUSB7")
        await one.clock.sleep(0.3)
        specs = [spec for spec, _ in one.ports.opened]

    assert specs[:3] == [HOME, "serial:/dev/ttyUSB7", HOME]


@in_virtual_time
async def test_what_the_reader_tells_reaches_listeners_and_explains_its_end() -> None:
    async with bench() as one:
        await one.until_online()
        one.told()
        del one.ports.holds[HOME]
        one.ports.latest.notices.tell(DeviceNotice.BATTERY_CRITICALLY_LOW)
        await asyncio.sleep(0)
        one.ports.latest.unplugged.set()
        await one.until_offline()
        told = one.told()

    assert told == [
        ReaderNoticed(ID, "battery_critically_low"),
        ReaderStatusChanged(ID, "offline", "reader_disconnected"),
        ReaderDisconnected(ID, "critically_low_battery"),
    ]


@in_virtual_time
async def test_an_old_notice_explains_nothing_any_more() -> None:
    async with bench() as one:
        await one.until_online()
        one.ports.latest.notices.tell(DeviceNotice.RESTARTING_SOON)
        await one.clock.sleep(3600)
        one.told()
        one.ports.latest.unplugged.set()
        await one.until_offline()

        assert one.told()[1] == ReaderReconnectStarted(ID, "serial_disconnected")
