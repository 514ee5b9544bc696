"""New firmware by way of a reader's own driver: the same for every model that takes it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from reader_counter import Counter, works_again

from drivers.errors import Disconnected, ReaderRefused
from drivers.features import FirmwareLoader
from simulator.reader.firmware_image import MAIN_APPLICATION, FirmwareImage, sign
from simulator.reader.model import UpdateEnd, UpdatePlan

pytest_plugins = ("bluetooth_fixtures",)

VERSION = "1000009999-B7-SIMULATED"
RESTART_S = 5.0


def loader_of(counter: Counter) -> FirmwareLoader:
    """What loads firmware; a model without it has nothing to show here."""
    loader = counter.reader.features.firmware
    if loader is None:
        pytest.skip("the model takes no firmware from its driver")
    return loader


def image_for(model: str) -> bytes:
    return sign(FirmwareImage(model, VERSION, code=bytes(5000)))


async def updated(counter: Counter) -> list[int]:
    """Load the image of VERSION and connect anew; the bytes taken, time and again."""
    loader = loader_of(counter)
    image = image_for(counter.combination.model)
    taken: list[int] = []
    await loader.load(image, image_type=MAIN_APPLICATION, progress=taken.append)
    # Where the wire goes before what was said last is read, nobody can know.
    with suppress(Disconnected):
        await loader.activate(image, image_type=MAIN_APPLICATION)
    await counter.reader.wait_closed()
    await asyncio.sleep(RESTART_S)
    await counter.reopen()
    return taken


async def test_a_signed_image_runs_after_the_restart(counter: Counter) -> None:
    taken = await updated(counter)

    assert taken == sorted(taken)
    assert taken[-1] == len(image_for(counter.combination.model))
    assert counter.reader.info.firmware_version == VERSION
    await works_again(counter)


@pytest.mark.parametrize("image", [b"", b"not signed by anybody", bytes(3000)])
async def test_what_the_vendor_did_not_sign_is_refused(
    counter: Counter, image: bytes
) -> None:
    loader = loader_of(counter)
    before = counter.reader.info.firmware_version

    with pytest.raises(ReaderRefused):
        await loader.load(image, image_type=MAIN_APPLICATION, progress=lambda _: None)

    await works_again(counter)
    await counter.reopen()
    assert counter.reader.info.firmware_version == before


async def test_the_image_of_another_model_is_refused(counter: Counter) -> None:
    loader = loader_of(counter)
    image = image_for("another_model")

    with pytest.raises(ReaderRefused):
        await loader.load(image, image_type=MAIN_APPLICATION, progress=lambda _: None)

    await works_again(counter)


async def test_a_reader_left_in_its_boot_loader_is_loaded_once_more(
    counter: Counter,
) -> None:
    loader_of(counter)
    if counter.combination.wire.name == "usbip":
        pytest.skip("it comes back under another product id, which its host looks up")
    counter.simulated.plan_update(UpdatePlan(UpdateEnd.BOOT_LOADER))
    await updated(counter)
    with pytest.raises(ReaderRefused):
        await counter.pay()

    await updated(counter)

    assert counter.reader.info.firmware_version == VERSION
    await works_again(counter)


async def test_nothing_is_put_into_use_that_was_not_loaded(counter: Counter) -> None:
    loader = loader_of(counter)
    image = image_for(counter.combination.model)

    with pytest.raises(ReaderRefused):
        await loader.activate(image, image_type=MAIN_APPLICATION)

    await works_again(counter)
