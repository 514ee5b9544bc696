"""Commands that put pictures on the screen (manual, 6, group 18)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

from drivers.protocol import tlv
from drivers.protocol.magtek_mms.fields import (
    Parameters,
    number,
    number_of,
    optional,
    optional_number,
    required,
)
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.tlv import Tlv

STORED_IMAGES = range(1, 5)
BLACK, WHITE = b"\x00\x00\x00", b"\xff\xff\xff"
ANY_MASK_PATTERN = 0xFF
MOST_QR_VERSION = 40


@dataclass(frozen=True, slots=True)
class ShowImage:
    """Show one of STORED_IMAGES; for 0 seconds: until the device changes its state."""

    id: ClassVar[CommandId] = CommandId.SHOW_IMAGE

    number: int
    seconds: int = 0

    def parameters(self) -> Parameters:
        """The command's parameters."""
        return (number_of(0x81, self.number), number_of(0x83, self.seconds))

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(number(parameters, 0x81), number(parameters, 0x83, default=0))


@dataclass(frozen=True, slots=True)
class ShowQrCode:
    """Show `content` as a QR code (ISO/IEC 18004), with a line of text below it."""

    id: ClassVar[CommandId] = CommandId.SHOW_QR_CODE

    content: bytes
    seconds: int = 0
    prompt: bytes = b""
    error_correction: int = 0
    """0 low, 1 medium, 2 quartile, 3 high."""
    mask_pattern: int = ANY_MASK_PATTERN
    least_version: int = 1
    most_version: int = MOST_QR_VERSION
    block_color: bytes = BLACK
    background_color: bytes = WHITE

    def parameters(self) -> Parameters:
        """The command's parameters in the order of the manual's example."""
        return (
            number_of(0x81, self.seconds),
            Tlv(0x82, self.content),
            number_of(0x83, self.error_correction),
            number_of(0x84, self.mask_pattern),
            number_of(0x85, self.least_version),
            number_of(0x86, self.most_version),
            Tlv(0x87, self.block_color),
            Tlv(0x88, self.background_color),
            *optional(0x89, self.prompt or None),
        )

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(
            required(parameters, 0x82),
            seconds=number(parameters, 0x81, default=0),
            prompt=tlv.find_value(parameters, 0x89) or b"",
            error_correction=number(parameters, 0x83, default=0),
            mask_pattern=number(parameters, 0x84, default=ANY_MASK_PATTERN),
            least_version=number(parameters, 0x85, default=1),
            most_version=number(parameters, 0x86, default=MOST_QR_VERSION),
            block_color=tlv.find_value(parameters, 0x87) or BLACK,
            background_color=tlv.find_value(parameters, 0x88) or WHITE,
        )


@dataclass(frozen=True, slots=True)
class ShowBitmap:
    """Show a whole BMP file, in the middle unless told where."""

    id: ClassVar[CommandId] = CommandId.SHOW_BITMAP

    bitmap: bytes = field(repr=False)
    seconds: int = 0
    background_color: bytes | None = None
    """None leaves what is on the screen."""
    x: int | None = None
    y: int | None = None

    def parameters(self) -> Parameters:
        """The command's parameters."""
        position = [
            number_of(tag, coordinate, length=2)
            for tag, coordinate in ((0x83, self.x), (0x84, self.y))
            if coordinate is not None
        ]
        return (
            number_of(0x81, self.seconds),
            *optional(0x82, self.background_color),
            *position,
            Tlv(0x85, self.bitmap),
        )

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(
            required(parameters, 0x85),
            seconds=number(parameters, 0x81, default=0),
            background_color=tlv.find_value(parameters, 0x82),
            x=optional_number(parameters, 0x83, length=2),
            y=optional_number(parameters, 0x84, length=2),
        )
