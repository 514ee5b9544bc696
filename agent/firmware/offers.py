"""What the catalogue has for one reader, and which of it is meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.errors import ReaderOffline
from agent.firmware.errors import ImageMissing
from agent.firmware.gates import ReaderFacts
from agent.firmware.image import FirmwareImage
from agent.readers.session import ReaderSession


@dataclass(frozen=True, slots=True)
class Offers:
    """What the catalogue has for one reader."""

    reader: ReaderFacts
    catalogue: tuple[FirmwareImage, ...]
    """All images, those of other models too."""
    best: FirmwareImage | None
    checked_at: datetime

    @property
    def of_model(self) -> list[FirmwareImage]:
        """The images of the reader's model."""
        model = self.reader.model
        return [image for image in self.catalogue if image.terms.device_model == model]


def facts_of(session: ReaderSession) -> ReaderFacts:
    """What the gates want to know; raises ReaderOffline."""
    reader = session.reader
    if reader is None:
        raise ReaderOffline(
            f"Reader {session.record.reader_id} is offline ({session.offline_reason})."
        )
    return ReaderFacts(
        model=session.record.model,
        firmware_version=reader.info.firmware_version,
        hardware_version=reader.info.hardware_version,
        takes_firmware=reader.features.firmware is not None,
    )


def chosen(offers: Offers, name: str | None) -> FirmwareImage:
    """The image of that name, or else the best; raises ImageMissing."""
    if name is None:
        if offers.best is None:
            raise ImageMissing("The catalogue has no newer firmware for this reader.")
        return offers.best
    for image in offers.catalogue:
        if image.name == name:
            return image
    raise ImageMissing(f"The catalogue has no image {name}.")
