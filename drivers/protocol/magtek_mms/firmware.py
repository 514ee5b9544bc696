"""Commands D801 and D901: a signed image into the device, and into use."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import ClassVar, Self

from drivers.protocol import tlv
from drivers.protocol.magtek_mms.fields import (
    Parameters,
    number,
    number_of,
    optional_number,
    required,
)
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.tlv import Tlv


class ImageType(IntEnum):
    """Which part of the device an image is for."""

    BOOT_LOADER_1 = 0x0000
    MAIN = 0x0001
    WLAN = 0x0002
    BLUETOOTH = 0x0003


@dataclass(frozen=True, slots=True)
class LoadFirmware:
    """Hand over an image; a notification tells whether the device takes it."""

    id: ClassVar[CommandId] = CommandId.LOAD_FIRMWARE

    image_type: int
    image: bytes = field(repr=False)
    digest: bytes
    """SHA-256 of the image: against accidents, not against forgers."""
    is_committed_at_once: bool | None = None

    @classmethod
    def of(cls, image: bytes, image_type: int) -> Self:
        """The command for an image that is committed later."""
        return cls(image_type, image, sha256(image).digest())

    def parameters(self) -> Parameters:
        """The command's parameters in the order of the manual's example."""
        option = self.is_committed_at_once
        return (
            number_of(0x81, _PROGRESS),
            number_of(0x85, self.image_type, length=2),
            Tlv(0x86, self.digest),
            Tlv(0x87, self.image),
            *(() if option is None else (number_of(0x88, option),)),
        )

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        option = optional_number(parameters, 0x88)
        return cls(
            number(parameters, 0x85, length=2),
            required(parameters, 0x87),
            tlv.find_value(parameters, 0x86) or b"",
            is_committed_at_once=None if option is None else option != 0,
        )


@dataclass(frozen=True, slots=True)
class CommitFirmware:
    """Put the loaded image into use; the device restarts afterwards."""

    id: ClassVar[CommandId] = CommandId.COMMIT_FIRMWARE

    image_type: int
    digest: bytes

    @classmethod
    def of(cls, image: bytes, image_type: int) -> Self:
        """The command for an image that was loaded."""
        return cls(image_type, sha256(image).digest())

    def parameters(self) -> Parameters:
        """The command's parameters in the order of the manual's example."""
        return (
            number_of(0x81, _PROGRESS),
            number_of(0x82, 0x00),
            number_of(0x85, self.image_type, length=2),
            Tlv(0x86, self.digest),
        )

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(number(parameters, 0x85, length=2), required(parameters, 0x86))


_PROGRESS = 0x03
