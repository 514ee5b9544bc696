"""How a MagTek reader takes new firmware, and the ways in which that can fail.

What survives a power cut is here too: which firmware runs, and whether the keys and
the main application are still there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256

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
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.wires import WireKind
from simulator.reader.firmware_image import FirmwareImage, ImageInvalid, open_image
from simulator.reader.model import UpdateEnd, UpdatePlan
from simulator.reader.models.magtek_mms.activity import Answer, Console, done, refuse
from simulator.reader.models.magtek_mms.battery import Battery
from simulator.reader.screen import ReaderState, Screen

BOOT_LOADER_PRODUCT_ID = 0x2021
WRITING = "WRITING FIRMWARE"
TEXTS = frozenset({WRITING})

_LOAD_REQUEST = re.compile(rb"\xaa.\x81\x04\x01.\xd8\x01", re.DOTALL)
_REQUEST_HEAD_BYTES = 8
_AS_ASKED = UpdatePlan(UpdateEnd.DONE)


@dataclass(frozen=True, slots=True)
class Flash:
    """What is still there when the power comes back."""

    version: str
    has_keys: bool = True
    is_boot_loader: bool = False
    """The main application is gone; only the boot loader answers."""
    is_dead: bool = False


class Firmware:
    """The update of one reader."""

    def __init__(self, console: Console, battery: Battery) -> None:
        self._console = console
        self._battery = battery
        self.flash = Flash(console.description.firmware)
        self._plan = _AS_ASKED
        self._loaded: tuple[FirmwareImage, bytes] | None = None
        self._recent = b""
        self._taken: int | None = None

    def plan(self, plan: UpdatePlan) -> None:
        """Let the next update end like this."""
        self._plan = plan

    def power_off(self) -> None:
        """Lose an image that was not written."""
        self._loaded = None
        self._recent = b""
        self._taken = None

    def loses_power(self, data: bytes) -> bool:
        """Whether the power goes as this comes from the host; then it has gone."""
        if self._plan.end is not UpdateEnd.POWER_LOST:
            return False
        bench = self._console.bench
        if self._taken is None:
            self._recent = (self._recent + data)[-len(data) - _REQUEST_HEAD_BYTES :]
            if _LOAD_REQUEST.search(self._recent) is None:
                return False
            self._taken = 0
        self._taken += len(data) if bench.wire is WireKind.STREAM else 1
        if self._taken < self._plan.after_packets:
            return False
        self._plan = _AS_ASKED
        bench.restart(bench.timing.restart_s)
        return True

    def load(self, command: LoadFirmware) -> Answer:
        """Take an image; whether it is one is told by a notification."""
        if self._battery.is_empty:
            return refuse(StatusDetail.LOW_BATTERY)
        if command.image_type not in set(ImageType):
            return refuse(StatusDetail.PARAMETER_INVALID)
        if not command.digest and not command.is_committed_at_once:
            return refuse(StatusDetail.REQUEST_MALFORMED)
        return done(lambda: self._check(command))

    def commit(self, command: CommitFirmware) -> Answer:
        """Write the image that was loaded, and restart."""
        if self._battery.is_empty:
            return refuse(StatusDetail.LOW_BATTERY)
        if self._loaded is None:
            return refuse(StatusDetail.IMAGE_FAILURE)
        image, digest = self._loaded
        if (command.image_type, command.digest) != (image.image_type, digest):
            return refuse(StatusDetail.IMAGE_FAILURE)
        return done(lambda: self._write(image))

    def _check(self, command: LoadFirmware) -> None:
        step = (
            FirmwareStep.COMMIT if command.is_committed_at_once else FirmwareStep.LOAD
        )
        digest = sha256(command.image).digest()
        image = self._acceptable(command)
        if image is None or command.digest not in (b"", digest):
            self._loaded = None
            self._tell(step, FirmwareOutcome.FAILED)
        elif command.is_committed_at_once:
            self._write(image)
        else:
            self._loaded = image, digest
            self._tell(step, FirmwareOutcome.DONE)

    def _acceptable(self, command: LoadFirmware) -> FirmwareImage | None:
        """The image, if the vendor signed it for this model and this part."""
        try:
            image = open_image(command.image)
        except ImageInvalid:
            return None
        is_ours = image.model == self._console.description.name
        return image if is_ours and image.image_type == command.image_type else None

    def _write(self, image: FirmwareImage) -> None:
        if image.version == self.flash.version and not self.flash.is_boot_loader:
            self._tell(FirmwareStep.COMMIT, FirmwareOutcome.UP_TO_DATE)
            return
        self._console.display(Screen(ReaderState.UPDATING, (WRITING,)))
        plan, self._plan = self._plan, _AS_ASKED
        self.flash = _after(self.flash, image, plan.end)
        self._tell(FirmwareStep.COMMIT, FirmwareOutcome.DONE)
        bench = self._console.bench
        bench.restart(None if self.flash.is_dead else bench.timing.restart_s)

    def _tell(self, step: FirmwareStep, outcome: FirmwareOutcome) -> None:
        self._console.notify(FirmwareUpdate(step, outcome))


def _after(flash: Flash, image: FirmwareImage, end: UpdateEnd) -> Flash:
    """What is in the flash memory when the reader has restarted."""
    if image.image_type != ImageType.MAIN:
        return flash
    new = replace(flash, version=image.version, is_boot_loader=False)
    match end:
        case UpdateEnd.OLD_VERSION:
            return flash
        case UpdateEnd.KEYS_ERASED:
            return replace(new, has_keys=False)
        case UpdateEnd.NEVER_RETURNS:
            return replace(new, is_dead=True)
        case UpdateEnd.BOOT_LOADER:
            return replace(flash, is_boot_loader=True)
        case UpdateEnd.DONE | UpdateEnd.POWER_LOST:
            return new
