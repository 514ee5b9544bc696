"""Which image may go on which reader, and when. Pure: facts in, a verdict out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from agent.firmware.errors import (
    FirmwareUnsupported,
    ImageUnsuitable,
    NotNewer,
    WrongFromVersion,
    WrongHardware,
    WrongModel,
)
from agent.firmware.image import LEAST_BATTERY_PERCENT, FirmwareImage
from drivers.features import MAINS_PERCENT, Battery


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """What the gates want to know of a reader."""

    model: str
    """The profile's name."""
    firmware_version: str | None
    hardware_version: str | None
    takes_firmware: bool
    """Whether its driver can load images."""


def check_updatable(reader: ReaderFacts) -> str:
    """The version it runs; raises FirmwareUnsupported where none can be installed."""
    if not reader.takes_firmware:
        raise FirmwareUnsupported(
            f"Readers of the model {reader.model} take no firmware from this agent."
        )
    if reader.firmware_version is None:
        raise FirmwareUnsupported(
            "The reader does not tell which firmware it runs, so an update could not "
            "be confirmed."
        )
    return reader.firmware_version


def check_suitable(
    image: FirmwareImage, reader: ReaderFacts, *, catalogue: Sequence[FirmwareImage]
) -> None:
    """Raises FirmwareUnsupported or one of ImageUnsuitable, the first that applies."""
    runs, terms = check_updatable(reader), image.terms
    if terms.device_model != reader.model:
        raise WrongModel(f"{image.name} is for {terms.device_model}.")
    if terms.hardware_min is not None and (
        reader.hardware_version is None
        or version_key(reader.hardware_version) < version_key(terms.hardware_min)
    ):
        raise WrongHardware(
            f"{image.name} needs hardware {terms.hardware_min} or newer; the reader "
            f"says {reader.hardware_version or 'nothing'}."
        )
    if terms.from_versions and runs not in terms.from_versions:
        raise WrongFromVersion(
            f"{image.name} follows {', '.join(terms.from_versions)}; the reader runs "
            f"{runs}."
        )
    if not _may_replace(image, runs, catalogue=catalogue):
        raise NotNewer(f"The reader runs {runs}; {image.name} is not newer.")


def best_for(
    reader: ReaderFacts, *, catalogue: Sequence[FirmwareImage]
) -> FirmwareImage | None:
    """The newest image that may be installed; downgrades only by name."""
    suitable = [
        image
        for image in catalogue
        if not image.terms.is_downgrade
        and unsuitability(image, reader, catalogue=catalogue) is None
    ]
    return max(suitable, key=lambda image: image.terms.sequence, default=None)


def unsuitability(
    image: FirmwareImage, reader: ReaderFacts, *, catalogue: Sequence[FirmwareImage]
) -> ImageUnsuitable | FirmwareUnsupported | None:
    """Why the image may not go on the reader; None if it may."""
    try:
        check_suitable(image, reader, catalogue=catalogue)
    except (ImageUnsuitable, FirmwareUnsupported) as error:
        return error
    return None


def _may_replace(
    image: FirmwareImage, runs: str, *, catalogue: Sequence[FirmwareImage]
) -> bool:
    """Strictly newer, unless the image is signed as a downgrade."""
    if image.terms.is_downgrade:
        return image.terms.firmware_version != runs
    known = [
        other.terms.sequence
        for other in catalogue
        if other.terms.device_model == image.terms.device_model
        and other.terms.firmware_version == runs
    ]
    if known:
        return image.terms.sequence > max(known)
    return version_key(image.terms.firmware_version) > version_key(runs)


def version_key(version: str) -> tuple[tuple[bool, int, str], ...]:
    """Sorts versions by their numbers: `1.10` after `1.9`, `1.0rc` before `1.0.1`."""
    parts = re.findall(r"[0-9]+|[a-z]+", version.lower())
    return tuple(
        (True, int(part), "") if part.isdecimal() else (False, 0, part)
        for part in parts
    )


class Obstacle(StrEnum):
    """Why a suitable image is not installed yet; each passes by itself."""

    OFFLINE = "offline"
    WINDOW = "window"
    PAYMENT = "payment"
    BATTERY = "battery"
    QUEUE = "queue"
    """Another reader of this machine is being updated."""


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day in which readers may be taken out of service, local time."""

    start: time
    end: time
    """The first moment outside; the same as `start` for the whole day."""

    @classmethod
    def parse(cls, text: str) -> Window:
        """Such as `02:00-05:00`; raises ValueError."""
        found = re.fullmatch(
            r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", text
        )
        if found is None:
            raise ValueError("must be two times of day such as 02:00-05:00")
        start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
        return cls(time(start_hour, start_minute), time(end_hour, end_minute))

    def is_open(self, local: datetime) -> bool:
        """Whether that moment is inside."""
        now = local.time()
        if self.start < self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end

    def seconds_until_open(self, local: datetime) -> float:
        """0 inside. By the wall clock: look again after a change of the hour."""
        if self.is_open(local):
            return 0.0
        opens = datetime.combine(local.date(), self.start)
        wait = opens - local.replace(tzinfo=None)
        return (
            wait if wait > timedelta() else wait + timedelta(days=1)
        ).total_seconds()


def has_power(battery: Battery | None, *, min_percent: int) -> bool:
    """Whether the reader will not go out in the middle; None for one without battery."""
    if battery is None or battery.is_charging:
        return True
    needed = max(LEAST_BATTERY_PERCENT, min_percent)
    return battery.percent >= min(needed, MAINS_PERCENT)
