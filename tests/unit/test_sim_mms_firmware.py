"""New firmware for simulated MagTek readers, and every way in which that can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest
from mms_host import MmsHost, refusal, start

from drivers.protocol.magtek_mms import message, properties
from drivers.protocol.magtek_mms.commands import to_request
from drivers.protocol.magtek_mms.firmware import (
    CommitFirmware,
    ImageType,
    LoadFirmware,
)
from drivers.protocol.magtek_mms.firmware_notices import (
    FirmwareOutcome,
    FirmwareStep,
    FirmwareUpdate,
)
from drivers.protocol.magtek_mms.message import parameters_of
from drivers.protocol.magtek_mms.pin import PinEntry, PinSequence, RequestPin
from drivers.protocol.magtek_mms.properties import GetProperty, property_value
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.wires import WireKind
from simulator.errors import ControlRefused
from simulator.reader.firmware_image import (
    FirmwareImage,
    ImageInvalid,
    open_image,
    sign,
)
from simulator.reader.model import UpdateEnd, UpdatePlan
from simulator.reader.wires.pipe import PipeWire

MODEL = "magtek_dynaflex_ii_ped"
NEW = FirmwareImage(MODEL, "1000007411-B2", code=bytes(range(256)) * 8)
IMAGE = sign(NEW)
LOADED = FirmwareUpdate(FirmwareStep.LOAD, FirmwareOutcome.DONE)
NOT_LOADED = FirmwareUpdate(FirmwareStep.LOAD, FirmwareOutcome.FAILED)
WRITTEN = FirmwareUpdate(FirmwareStep.COMMIT, FirmwareOutcome.DONE)
WIRES = [
    (WireKind.STREAM, None),
    (WireKind.HID, 64),
    (WireKind.BLE, 244),
]


class PluggedWire(PipeWire):
    """A cable that remembers as what the reader was plugged in."""

    def __init__(self) -> None:
        super().__init__()
        self.product_ids: list[int | None] = []

    def plug(
        self, received: Callable[[bytes], None], *, product_id: int | None = None
    ) -> None:
        self.product_ids.append(product_id)
        super().plug(received)


@pytest.fixture
def host() -> MmsHost:
    return MmsHost(MODEL)


def load(image: bytes = IMAGE) -> LoadFirmware:
    return LoadFirmware.of(image, ImageType.MAIN)


def commit(image: bytes = IMAGE) -> CommitFirmware:
    return CommitFirmware.of(image, ImageType.MAIN)


def version(host: MmsHost) -> str:
    answer = host.ask(GetProperty(properties.FIRMWARE_ID))
    return property_value(parameters_of(answer.command, answer.payload)).decode()


def update(host: MmsHost, end: UpdateEnd = UpdateEnd.DONE) -> None:
    """A whole update, until the reader is back or ought to be."""
    host.reader.plan_update(UpdatePlan(end))
    host.ask(load())
    host.ask(commit())
    host.clock.advance(1)


def back(host: MmsHost) -> MmsHost:
    host.open()
    host.messages.clear()
    return host


def test_new_firmware_is_loaded_written_and_running(host: MmsHost) -> None:
    assert host.ask(load()).status.hex == "00000000"
    assert host.notices == [LOADED]
    assert host.ask(commit()).status.hex == "00000000"

    assert host.notices == [LOADED, WRITTEN]
    assert host.is_cut_off
    assert host.state == "off"
    host.clock.advance(1)

    assert version(back(host)) == NEW.version
    assert host.ask(start()).status.is_accepted


def test_the_screen_says_what_goes_on(host: MmsHost) -> None:
    update(host)

    texts = [(screen.state, screen.lines) for screen in host.reader.history]
    assert ("updating", ("WRITING FIRMWARE",)) in texts


def test_firmware_may_be_written_as_soon_as_it_is_loaded(host: MmsHost) -> None:
    host.ask(replace(load(), is_committed_at_once=True, digest=b""))

    assert host.notices == [WRITTEN]
    host.clock.advance(1)
    assert version(back(host)) == NEW.version


@pytest.mark.parametrize(
    "image",
    [
        b"",
        b"SIMFW1 but not signed" + bytes(64),
        IMAGE[:-1] + bytes((IMAGE[-1] ^ 1,)),
        IMAGE.replace(b"B2", b"B3"),
        sign(replace(NEW, model="magtek_dynaflex")),
        sign(replace(NEW, image_type=ImageType.BLUETOOTH)),
    ],
)
def test_an_image_that_is_not_the_vendors_for_this_model_is_not_loaded(
    host: MmsHost, image: bytes
) -> None:
    host.ask(load(image))

    assert host.notices == [NOT_LOADED]
    assert refusal(host.ask(commit(image))) is StatusDetail.IMAGE_FAILURE


def test_an_image_with_a_wrong_digest_is_not_loaded(host: MmsHost) -> None:
    host.ask(replace(load(), digest=sha256(b"other").digest()))

    assert host.notices == [NOT_LOADED]


def test_a_failed_load_forgets_the_one_before(host: MmsHost) -> None:
    host.ask(load())
    host.ask(load(b"x" * 80))

    assert refusal(host.ask(commit())) is StatusDetail.IMAGE_FAILURE


def test_an_image_without_digest_is_malformed(host: MmsHost) -> None:
    response = host.ask(replace(load(), digest=b""))

    assert refusal(response) is StatusDetail.REQUEST_MALFORMED


def test_an_image_for_no_part_of_the_reader_is_refused(host: MmsHost) -> None:
    response = host.ask(LoadFirmware.of(IMAGE, 0x0007))

    assert refusal(response) is StatusDetail.PARAMETER_INVALID


def test_another_image_than_the_loaded_one_is_not_written(host: MmsHost) -> None:
    host.ask(load())

    other = sign(replace(NEW, version="other"))
    assert refusal(host.ask(commit(other))) is StatusDetail.IMAGE_FAILURE


def test_what_is_running_already_is_not_written_again(host: MmsHost) -> None:
    update(host)
    back(host)

    host.ask(load())
    host.ask(commit())

    assert host.notices[-1] == FirmwareUpdate(
        FirmwareStep.COMMIT, FirmwareOutcome.UP_TO_DATE
    )
    assert not host.is_cut_off


def test_a_part_other_than_the_main_one_leaves_the_version(host: MmsHost) -> None:
    before = version(host)
    radio = sign(replace(NEW, image_type=ImageType.BLUETOOTH))
    host.ask(LoadFirmware.of(radio, ImageType.BLUETOOTH))
    host.ask(CommitFirmware.of(radio, ImageType.BLUETOOTH))
    host.clock.advance(1)

    assert version(back(host)) == before


def test_an_almost_empty_battery_takes_no_firmware(host: MmsHost) -> None:
    host.ask(load())
    host.reader.set_battery(5)

    for command in (load(), commit()):
        assert refusal(host.ask(command)) is StatusDetail.LOW_BATTERY


def test_a_transaction_is_not_interrupted_by_firmware(host: MmsHost) -> None:
    host.ask(start())

    assert refusal(host.ask(load())) is StatusDetail.TRANSACTION_IN_PROGRESS


def test_an_image_that_was_not_written_is_lost_with_the_power(host: MmsHost) -> None:
    host.ask(load())
    host.reader.unplug()
    host.reader.plug()
    host.open()

    assert refusal(host.ask(commit())) is StatusDetail.IMAGE_FAILURE


def test_a_reader_may_come_back_as_it_was(host: MmsHost) -> None:
    before = version(host)

    update(host, UpdateEnd.OLD_VERSION)

    assert host.notices[-1] == WRITTEN
    assert version(back(host)) == before


def test_a_reader_may_come_back_without_its_keys(host: MmsHost) -> None:
    update(host, UpdateEnd.KEYS_ERASED)
    back(host)

    assert version(host) == NEW.version
    assert refusal(host.ask(start())) is StatusDetail.NO_SUCH_KEY
    pin = RequestPin(30, PinEntry(PinSequence.ENTER))
    assert refusal(host.ask(pin)) is StatusDetail.PIN_KEY_MISSING
    answer = host.ask(GetProperty(properties.TRANSACTION_KEYS))
    keys = property_value(parameters_of(answer.command, answer.payload))
    assert not any(keys)


def test_a_reader_may_never_come_back(host: MmsHost) -> None:
    update(host, UpdateEnd.NEVER_RETURNS)

    host.clock.advance(3600)
    assert host.state == "off"
    host.reader.unplug()
    host.reader.plug()

    assert host.state == "off"
    with pytest.raises(ControlRefused, match="switched off"):
        host.type("cancel")


def test_a_reader_may_come_back_as_its_boot_loader_and_be_rescued() -> None:
    wire = PluggedWire()
    host = MmsHost(MODEL, wire=wire)
    update(host, UpdateEnd.BOOT_LOADER)
    back(host)

    assert refusal(host.ask(start())) is StatusDetail.FEATURE_UNAVAILABLE
    update(host)

    assert wire.product_ids == [None, 0x2021, None]
    assert version(back(host)) == NEW.version
    assert host.ask(start()).status.is_accepted


@pytest.mark.parametrize(("kind", "packet_bytes"), WIRES)
@pytest.mark.parametrize("after_packets", [1, 7])
def test_the_power_may_go_while_the_image_is_loaded(
    *, kind: WireKind, packet_bytes: int | None, after_packets: int
) -> None:
    host = MmsHost(MODEL, wire=PipeWire(kind=kind, packet_bytes=packet_bytes))
    before = version(host)
    host.reader.plan_update(UpdatePlan(UpdateEnd.POWER_LOST, after_packets))

    host.write(message.encode(to_request(load(), 1)))

    assert host.is_cut_off
    assert host.notices == []
    host.clock.advance(1)
    assert version(back(host)) == before
    host.ask(load())
    assert host.notices == [LOADED]


def test_the_power_goes_at_the_byte_that_was_planned() -> None:
    host = MmsHost(MODEL)
    host.reader.plan_update(UpdatePlan(UpdateEnd.POWER_LOST, 1000))
    host.ask(start())
    (packet,) = host.packets.split(message.encode(to_request(load(), 1)))

    for start_ in range(0, 900, 9):
        host.wire.write(packet[start_ : start_ + 9])
    assert not host.is_cut_off
    for start_ in range(900, 1100, 9):
        host.wire.write(packet[start_ : start_ + 9])

    assert host.is_cut_off


def test_a_plan_holds_for_one_update(host: MmsHost) -> None:
    update(host, UpdateEnd.OLD_VERSION)
    back(host)

    update(host)

    assert version(back(host)) == NEW.version


def test_whoever_pulls_the_cable_while_it_restarts_has_to_put_it_back(
    host: MmsHost,
) -> None:
    host.ask(load())
    host.ask(commit())

    host.reader.unplug()
    host.clock.advance(10)
    assert host.state == "off"
    host.reader.plug()

    assert version(back(host)) == NEW.version


def test_an_image_opens_to_what_was_signed() -> None:
    assert open_image(IMAGE) == NEW
    with pytest.raises(ImageInvalid, match="not signed"):
        open_image(IMAGE + b"\x00")
    with pytest.raises(ImageInvalid, match="not a firmware image"):
        open_image(b"hello")
