"""What readers tell of themselves reaches a listener in order, and ends."""

from __future__ import annotations

from mms_pipe import opened_reader
from virtual_time import in_virtual_time

from drivers.notices import MOST_KEPT, NoticeQueue
from drivers.protocol.magtek_mms.device_notices import DeviceState, DeviceUpdate
from drivers.reader import DeviceNotice


async def test_notices_come_in_order_and_end() -> None:
    queue = NoticeQueue()
    queue.tell(DeviceNotice.BATTERY_LOW)
    queue.tell(DeviceNotice.BATTERY_CRITICALLY_LOW)
    queue.end()

    told = [notice async for notice in queue]
    again = [notice async for notice in queue]

    assert told == [DeviceNotice.BATTERY_LOW, DeviceNotice.BATTERY_CRITICALLY_LOW]
    assert again == []


async def test_where_nobody_listens_the_oldest_are_dropped() -> None:
    queue = NoticeQueue()
    queue.tell(DeviceNotice.TAMPERED)
    for _ in range(MOST_KEPT):
        queue.tell(DeviceNotice.BATTERY_LOW)
    queue.end()

    told = [notice async for notice in queue]

    assert told == [DeviceNotice.BATTERY_LOW] * MOST_KEPT


@in_virtual_time
async def test_a_magtek_reader_tells_of_its_battery_and_its_restart() -> None:
    async with opened_reader() as (reader, device):
        await device.tell(
            DeviceUpdate(DeviceState.BATTERY_LOW),
            DeviceUpdate(DeviceState.BATTERY_CRITICAL),
            DeviceUpdate(DeviceState.IDLE_TAP),
            DeviceUpdate(DeviceState.RESTARTS_SOON),
        )
        await device.pipe.aclose()

        told = [notice async for notice in reader.notices]

    assert told == [
        DeviceNotice.BATTERY_LOW,
        DeviceNotice.BATTERY_CRITICALLY_LOW,
        DeviceNotice.RESTARTING_SOON,
    ]
