"""Firmware updates that wait, queue, are canceled or refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from firmware_bench import AT_NIGHT, NOW, FirmwareBench, Till
from updatable_reader import Device

from agent.errors import ReaderBusy, ReaderOffline, ResourceMissing
from agent.firmware.errors import (
    FirmwareUnsupported,
    ImageMissing,
    NotNewer,
    UpdateInProgress,
    UpdateTooLate,
    WrongModel,
)
from agent.firmware.states import UpdateState
from agent.ids import ReaderId
from drivers.features import Battery
from drivers.reader import TransactionRequest

REQUEST = TransactionRequest(amount=100, currency="usd", timeout_s=60)


async def test_an_update_waits_for_its_window(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    record = await bench.updates.request(reader, AT_NIGHT)
    await bench.until(lambda: record.waits_for == "window")
    async with bench.fleet.session(reader).transaction(REQUEST):
        pass

    update = await bench.ended(record)

    assert update.state is UpdateState.DONE
    assert till.clock.now().hour == 2


async def test_an_update_waits_for_payments(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    bench.in_payment.add(reader)
    record = await bench.updates.request(reader, NOW)
    await bench.until(lambda: record.waits_for == "payment")
    loads = till.device.loads
    bench.in_payment.clear()

    update = await bench.ended(record)

    assert loads == 0
    assert update.state is UpdateState.DONE


async def test_an_update_waits_for_whoever_uses_the_reader(
    bench: FirmwareBench, reader: ReaderId
) -> None:
    async with bench.fleet.session(reader).transaction(REQUEST):
        record = await bench.updates.request(reader, NOW)
        await bench.until(lambda: record.waits_for == "payment")

    assert (await bench.ended(record)).state is UpdateState.DONE


async def test_a_payment_asked_for_during_an_update_is_told_why_not(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.hangs_at = 3
    await bench.updates.request(reader, NOW)
    await till.device.hung.wait()

    with pytest.raises(ReaderBusy, match="a firmware update"):
        async with bench.fleet.session(reader).transaction(REQUEST):
            pass


async def test_an_update_waits_for_power(tmp_path: Path) -> None:
    till = Till(tmp_path, [Device(battery=Battery(29))])
    till.publish("2.0")
    async with till.agent() as bench:
        reader = await bench.register(till.device)
        record = await bench.updates.request(reader, NOW)
        await bench.until(lambda: record.waits_for == "battery")
        async with bench.fleet.session(reader).transaction(REQUEST):
            pass
        till.device.battery = Battery(29, is_charging=True)

        update = await bench.ended(record)

    assert update.state is UpdateState.DONE


async def test_an_update_waits_for_a_reader_that_is_away(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    bench.in_payment.add(reader)
    record = await bench.updates.request(reader, NOW)
    till.device.is_present = False
    till.device.unplug()
    bench.in_payment.clear()
    await bench.until(lambda: record.waits_for == "offline")
    till.device.is_present = True

    assert (await bench.ended(record)).state is UpdateState.DONE


async def test_the_second_reader_waits_for_the_first(tmp_path: Path) -> None:
    first, second = Device(), Device("serial:/dev/other", serial_number="B51")
    till = Till(tmp_path, [first, second])
    till.publish("2.0")
    first.comes_back = False
    async with till.agent() as bench:
        one, other = await bench.register(first), await bench.register(second)
        under_way = await bench.updates.request(one, NOW)
        await bench.until(lambda: under_way.update.state is UpdateState.REBOOTING)
        queued = await bench.updates.request(other, NOW)
        await bench.until(lambda: queued.waits_for == "queue")
        loads = second.loads
        async with bench.fleet.session(other).transaction(REQUEST):
            pass
        first.is_present = True

        updates = [await bench.ended(under_way), await bench.ended(queued)]

    assert loads == 0
    assert [update.state for update in updates] == [UpdateState.DONE] * 2
    assert first.firmware_version == second.firmware_version == "2.0"


async def test_one_reader_has_one_update(
    bench: FirmwareBench, reader: ReaderId
) -> None:
    await bench.updates.request(reader, AT_NIGHT)

    with pytest.raises(UpdateInProgress, match=r"to 2\.0"):
        await bench.updates.request(reader, NOW)


async def test_an_update_that_waits_is_canceled(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    record = await bench.updates.request(reader, AT_NIGHT)
    await bench.until(lambda: record.waits_for == "window")

    canceled = await bench.updates.cancel(reader)

    assert canceled is record
    assert record.update.failure_code == "firmware_update_canceled"
    assert await bench.updates.cancel(reader) is None
    assert till.device.loads == 0
    assert (await bench.installed(reader)).state is UpdateState.DONE


async def test_an_update_is_canceled_in_the_middle_of_its_load(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.hangs_at = 3
    record = await bench.updates.request(reader, NOW)
    await till.device.hung.wait()

    await bench.updates.cancel(reader)

    assert record.update.failure_code == "firmware_update_canceled"
    await bench.online(reader)
    async with bench.fleet.session(reader).transaction(REQUEST):
        pass


async def test_an_update_at_once_canceled_does_nothing(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    record = await bench.updates.request(reader, NOW)

    await bench.updates.cancel(reader)

    assert record.update.failure_code == "firmware_update_canceled"
    assert till.device.loads == 0


async def test_after_its_activation_an_update_cannot_be_canceled(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.comes_back = False
    record = await bench.updates.request(reader, NOW)
    await bench.until(lambda: record.update.state is UpdateState.REBOOTING)

    with pytest.raises(UpdateTooLate):
        await bench.updates.cancel(reader)


async def test_what_the_catalogue_has_is_offered(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.publish("3.0", from_versions=["2.0"])
    till.publish("9.0", device_model="magtek_other")
    before = bench.updates.last_offers(reader)

    offers = await bench.updates.check(reader)

    assert before is None
    assert bench.updates.last_offers(reader) is offers
    assert [image.terms.firmware_version for image in offers.of_model] == [
        "2.0",
        "3.0",
    ]
    assert offers.best is offers.of_model[0]


@pytest.mark.parametrize(
    ("image", "error"),
    [
        ("magtek_dynaprox/1.0.bin", NotNewer),
        ("magtek_dynaprox/7.0.bin", ImageMissing),
        ("magtek_other/9.0.bin", WrongModel),
    ],
)
async def test_an_unsuitable_image_is_not_installed(
    image: str,
    error: type[Exception],
    bench: FirmwareBench,
    till: Till,
    reader: ReaderId,
) -> None:
    till.publish("1.0")
    till.publish("9.0", device_model="magtek_other")

    with pytest.raises(error):
        await bench.updates.request(reader, replace(NOW, image=image))

    assert bench.store.unfinished() == []


async def test_nothing_newer_is_nothing_to_install(
    bench: FirmwareBench, reader: ReaderId
) -> None:
    await bench.installed(reader)

    with pytest.raises(ImageMissing, match="no newer firmware"):
        await bench.installed(reader)


async def test_a_signed_downgrade_is_installed_by_its_name(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    name = till.publish("0.9", is_downgrade=True)

    update = await bench.installed(reader, replace(NOW, image=name))

    assert update.state is UpdateState.DONE
    assert till.device.firmware_version == "0.9"


async def test_a_reader_without_a_loader_says_what_to_use(tmp_path: Path) -> None:
    till = Till(tmp_path, [Device(takes_firmware=False)])
    till.publish("2.0")
    async with till.agent() as bench:
        reader = await bench.register(till.device)

        with pytest.raises(FirmwareUnsupported) as refused:
            await bench.updates.request(reader, NOW)

    assert "vendor's own tool" in refused.value.remedy


async def test_a_reader_that_is_away_is_not_asked_for(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.is_present = False
    till.device.unplug()
    await bench.until(lambda: bench.fleet.session(reader).reader is None)

    with pytest.raises(ReaderOffline):
        await bench.updates.check(reader)


async def test_the_update_of_a_deleted_reader_ends(
    bench: FirmwareBench, reader: ReaderId
) -> None:
    record = await bench.updates.request(reader, AT_NIGHT)
    await bench.until(lambda: record.waits_for == "window")
    await bench.fleet.delete(reader)

    update = await bench.ended(record)

    assert update.failure_code == ResourceMissing.code
