"""Firmware updates of a reader, whatever the reader, the wire or the customer does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from firmware_bench import NOW, FirmwareBench, Till
from firmware_repository import IMAGE
from updatable_reader import CHUNK_BYTES, KEYS, Device, erased

from agent.events import UpdateAvailable, UpdateFinished, UpdateProgress, UpdateStarted
from agent.firmware.states import UpdateState
from agent.ids import ReaderId
from agent.journal.update_entries import LoadStarted
from drivers.errors import LocalError
from drivers.reader import TransactionRequest

CHUNKS = len(IMAGE) // CHUNK_BYTES + 1
REQUEST = TransactionRequest(amount=100, currency="usd", timeout_s=60)


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


async def test_an_image_that_no_message_can_carry_is_not_tried_again(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.defect = LocalError("9000112 bytes to a side that takes 4194304")

    update = await bench.installed(reader)

    assert update.state is UpdateState.FAILED
    assert update.failure_code == "firmware_image_refused"
    assert update.failure_message == "9000112 bytes to a side that takes 4194304"
    assert update.loads == 1


async def test_a_reader_may_refuse_to_run_what_it_has_taken(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.refuses_to_run = True

    update = await bench.installed(reader)

    assert update.state is UpdateState.FAILED
    assert update.failure_code == "firmware_image_refused"
    assert (till.device.firmware_version, till.device.loads) == ("1.0", 1)


@pytest.mark.parametrize("defect", [ValueError("a defect"), TimeoutError()])
async def test_a_defect_in_a_driver_ends_its_update_and_nothing_else(
    defect: Exception, bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.defect = defect

    update = await bench.installed(reader)
    till.device.defect = None
    await bench.online(reader)

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


async def test_a_reader_without_keys_has_none_to_lose(tmp_path: Path) -> None:
    till = Till(tmp_path, [Device(has_keys=False)])
    till.publish("2.0")
    async with till.agent() as bench:
        update = await bench.installed(await bench.register(till.device))

    assert update.state is UpdateState.DONE


async def test_a_reader_that_does_not_tell_its_version_any_more_has_failed(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.forgets_its_version = True

    update = await bench.installed(reader)

    assert update.failure_code == "firmware_version_unexpected"


async def test_an_image_that_needs_no_restart_is_looked_for_at_once(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.publish("3.0", requires_reboot=False)
    till.device.drops_off_the_wire = False
    began = till.clock.now()

    update = await bench.installed(reader)

    assert update.state is UpdateState.DONE
    assert update.firmware_version == "3.0"
    assert till.clock.now() - began < timedelta(seconds=5)


async def test_a_reader_that_was_updated_by_others_is_not_updated_again(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    bench.in_payment.add(reader)
    record = await bench.updates.request(reader, NOW)
    till.device.firmware_version = "2.0"
    await bench.replugged(reader, till.device)
    bench.in_payment.clear()

    update = await bench.ended(record)

    assert update.state is UpdateState.DONE
    assert till.device.loads == 0


async def test_a_reader_that_takes_no_firmware_any_more_ends_its_update(
    bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    bench.in_payment.add(reader)
    record = await bench.updates.request(reader, NOW)
    till.device.takes_firmware = False
    await bench.replugged(reader, till.device)
    bench.in_payment.clear()

    update = await bench.ended(record)

    assert update.failure_code == "firmware_update_unsupported"


@pytest.mark.parametrize(("when", "loads"), [("before", 2), ("after", 1)])
async def test_an_activation_without_an_answer_is_looked_at_on_the_reader(
    when: str, loads: int, bench: FirmwareBench, till: Till, reader: ReaderId
) -> None:
    till.device.activation_is_lost = [when]

    update = await bench.installed(reader)

    assert update.state is UpdateState.DONE
    assert (till.device.loads, till.device.activations) == (loads, 1)
