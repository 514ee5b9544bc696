"""Firmware updates of a reader, whatever the reader, the wire or the customer does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from firmware_bench import AT_NIGHT, NOW, FirmwareBench, Till
from firmware_repository import IMAGE
from updatable_reader import CHUNK_BYTES, KEYS, Device, erased

from agent.errors import ReaderBusy, ReaderOffline, ResourceMissing
from agent.events import UpdateAvailable, UpdateFinished, UpdateProgress, UpdateStarted
from agent.firmware.errors import (
    FirmwareUnsupported,
    ImageMissing,
    NotNewer,
    UpdateInProgress,
    UpdateTooLate,
)
from agent.firmware.states import UpdateState
from agent.ids import ReaderId
from agent.journal.update_entries import LoadStarted
from drivers.features import Battery
from drivers.reader import TransactionRequest

CHUNKS = len(IMAGE) // CHUNK_BYTES + 1
REQUEST = TransactionRequest(amount=100, currency="usd", timeout_s=60)


@pytest.fixture
def till(tmp_path: Path) -> Till:
    till = Till(tmp_path)
    till.publish("2.0")
    return till


@pytest_asyncio.fixture
async def bench(till: Till) -> AsyncIterator[FirmwareBench]:
    async with till.agent() as bench:
        yield bench


@pytest_asyncio.fixture
async def reader(bench: FirmwareBench, till: Till) -> ReaderId:
    return await bench.register(till.device)


async def test_a_reader_is_updated(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    update = await bench.installed(reader)

    assert update.state is UpdateState.DONE
    assert till.device.firmware_version == "2.0"
    assert (till.device.loads, till.device.activations) == (1, 1)
    assert bench.fleet.session(reader).record.firmware_version == "2.0"
    assert len(bench.configured) == 1
    assert bench.kinds(update) == [
        "update_requested",
        "image_downloaded",
        "image_verified",
        "install_awaited",
        "load_started",
        *["load_progressed"] * bench.kinds(update).count("load_progressed"),
        "image_loaded",
        "activation_started",
        "restart_awaited",
        "reader_returned",
        "update_ended",
    ]


async def test_an_update_says_who_asked_and_what_changed(
    bench: FirmwareBench, reader: ReaderId
) -> None:
    update = await bench.installed(reader)

    asked = update.requested
    assert asked.asked_by == "lk_1"
    assert (asked.from_version, asked.to_version) == ("1.0", "2.0")
    assert update.firmware_version == "2.0"
    assert len(asked.sha256) == 64


async def test_whoever_listens_hears_how_far_it_is(
    bench: FirmwareBench, reader: ReaderId
) -> None:
    update = await bench.installed(reader)

    happened = bench.happened()
    percents = [
        one.percent
        for one in happened
        if isinstance(one, UpdateProgress) and one.state == "loading"
    ]
    (started,) = [one for one in happened if isinstance(one, UpdateStarted)]
    (finished,) = [one for one in happened if isinstance(one, UpdateFinished)]
    assert started.firmware_version == "2.0"
    assert percents == sorted(percents)
    assert {0, 50, 100} <= {percent - percent % 25 for percent in percents}
    assert (finished.update_id, finished.outcome) == (update.update_id, "done")
    assert any(isinstance(one, UpdateAvailable) for one in happened)


async def test_no_key_serial_number_is_written_down(
    bench: FirmwareBench, reader: ReaderId
) -> None:
    update = await bench.installed(reader)

    recorded = bench.store.entries_of(update.update_id)
    (started,) = [one.entry for one in recorded if isinstance(one.entry, LoadStarted)]
    assert set(started.key_digests) == {"data", "pin", "mac"}
    assert "9876543210" not in str(started.key_digests)


@pytest.mark.parametrize("cuts", [[0], [7], [CHUNKS - 1], [3, CHUNKS, 2 * CHUNKS]])
async def test_a_wire_that_drops_is_taken_up_again(
    cuts: list[int], bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.cuts_at = cuts

    update = await bench.installed(reader)

    assert update.state is UpdateState.DONE
    assert update.loads == till.device.loads == len(cuts) + 1
    assert till.device.activations == 1


async def test_a_chunk_without_an_answer_is_no_end(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.silent_at = [5]

    update = await bench.installed(reader)

    assert update.state is UpdateState.DONE
    assert till.device.loads == 2


async def test_a_wire_that_always_drops_is_given_up(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.cuts_at = list(range(10 * CHUNKS))

    update = await bench.installed(reader)

    assert update.state is UpdateState.FAILED
    assert update.failure_code == "firmware_load_interrupted"
    assert till.device.loads == 5
    assert till.device.firmware_version == "1.0"


async def test_an_image_without_the_vendors_signature_is_refused_by_the_reader(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.images.clear()

    update = await bench.installed(reader)

    assert update.state is UpdateState.FAILED
    assert update.failure_code == "firmware_image_refused"
    assert (update.firmware_version, till.device.activations) == ("1.0", 0)


async def test_a_reader_may_refuse_to_run_what_it_has_taken(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.refuses_to_run = True

    update = await bench.installed(reader)

    assert update.state is UpdateState.FAILED
    assert update.failure_code == "firmware_image_refused"
    assert (till.device.firmware_version, till.device.loads) == ("1.0", 1)


async def test_a_defect_in_a_driver_ends_its_update_and_nothing_else(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.defect = ValueError("a defect")

    update = await bench.installed(reader)
    till.device.defect = None

    assert update.failure_code == "internal_error"
    assert (await bench.installed(reader)).state is UpdateState.DONE


@pytest.mark.parametrize(
    ("times", "state"), [(2, UpdateState.DONE), (1000, UpdateState.FAILED)]
)
async def test_a_reader_is_asked_again_about_its_keys_but_not_for_ever(
    times: int,
    state: UpdateState,
    bench: FirmwareBench,
    till: Till,
    reader: ReaderId,
) -> None:
    till.device.silent_about_keys = times

    update = await bench.installed(reader)

    assert update.state is state
    assert till.device.activations == 1


@pytest.mark.parametrize("drops", [True, False], ids=["usb", "serial"])
async def test_a_reader_that_never_comes_back_is_given_up_once(
    drops: bool, bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.comes_back = False
    till.device.drops_off_the_wire = drops
    began = till.clock.now()

    update = await bench.installed(reader)

    assert update.state is UpdateState.FAILED
    assert update.failure_code == "firmware_reader_absent"
    assert timedelta(minutes=10) <= till.clock.now() - began < timedelta(minutes=12)
    assert till.device.activations == 1


async def test_a_serial_line_does_not_show_the_restart(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.drops_off_the_wire = False

    update = await bench.installed(reader)

    assert update.state is UpdateState.DONE


async def test_a_reader_that_comes_back_with_the_old_version_was_rolled_back(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.comes_back_as = "1.0"

    update = await bench.installed(reader)

    assert update.state is UpdateState.ROLLED_BACK
    assert update.failure_code == "firmware_version_unchanged"
    assert till.device.activations == 1


async def test_a_reader_that_comes_back_with_a_third_version_has_failed(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.comes_back_as = "1.5"

    update = await bench.installed(reader)

    assert update.state is UpdateState.FAILED
    assert update.failure_code == "firmware_version_unexpected"
    assert bench.fleet.session(reader).record.firmware_version == "1.5"


@pytest.mark.parametrize(
    "keys", [erased(), (), (replace(KEYS[0], ksn=b"\x01" * 10), *KEYS[1:])]
)
async def test_a_reader_that_has_lost_its_keys_has_failed(
    keys: tuple[object, ...], bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.comes_back_with = keys  # type: ignore[assignment]

    update = await bench.installed(reader)

    assert update.state is UpdateState.FAILED
    assert update.failure_code == "firmware_keys_changed"
    assert "data" in (update.failure_message or "")
    assert update.firmware_version == "2.0"


async def test_a_reader_that_does_not_tell_of_its_keys_is_believed(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.tells_keys = False

    assert (await bench.installed(reader)).state is UpdateState.DONE


@pytest.mark.parametrize(("when", "loads"), [("before", 2), ("after", 1)])
async def test_an_activation_without_an_answer_is_looked_at_on_the_reader(
    when: str, loads: int, bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.activation_is_lost = [when]

    update = await bench.installed(reader)

    assert update.state is UpdateState.DONE
    assert (till.device.loads, till.device.activations) == (loads, 1)


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
    assert [image.terms.firmware_version for image in offers.catalogue] == [
        "2.0",
        "3.0",
    ]
    assert offers.best is offers.catalogue[0]


@pytest.mark.parametrize(
    ("image", "error"),
    [
        ("magtek_dynaprox/1.0.bin", NotNewer),
        ("magtek_dynaprox/7.0.bin", ImageMissing),
        ("magtek_other/9.0.bin", ImageMissing),
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
