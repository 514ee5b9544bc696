"""Commands to screen, pen, scanner and loudspeaker (manual, 6, group 18)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.features import Tone
from drivers.protocol.magtek_mms.fields import Parameters, number, number_of, required
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.magtek_mms.strings import StringId
from drivers.protocol.tlv import Tlv

MOST_TONES = 10
MOST_FREQUENCY_HZ = 4000
"""Below 50 Hz a tone is silent."""


@dataclass(frozen=True, slots=True)
class RequestSignature:
    """Let the cardholder sign; the file is ready when a notification says so."""

    id: ClassVar[CommandId] = CommandId.REQUEST_SIGNATURE

    timeout_s: int

    def parameters(self) -> Parameters:
        """The command's parameters."""
        return (number_of(0x81, self.timeout_s),)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(number(parameters, 0x81))


@dataclass(frozen=True, slots=True)
class ShowMessage:
    """Show a stored text; for 0 seconds: until something else is shown."""

    id: ClassVar[CommandId] = CommandId.DISPLAY_MESSAGE

    seconds: int
    string_id: int
    """A StringId, or a device's own."""

    def parameters(self) -> Parameters:
        """The command's parameters."""
        return (number_of(0x81, self.seconds), number_of(0x82, self.string_id))

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(
            seconds=number(parameters, 0x81, default=0),
            string_id=number(parameters, 0x82, default=StringId.WELCOME),
        )


@dataclass(frozen=True, slots=True)
class ReadBarcode:
    """Switch the scanner on for so long, or off; 0 seconds is until switched off."""

    id: ClassVar[CommandId] = CommandId.READ_BARCODE

    is_enabled: bool
    timeout_s: int = 0
    is_encrypted: bool = False

    def parameters(self) -> Parameters:
        """The command's parameters."""
        return (
            number_of(0x81, self.is_enabled),
            number_of(0x82, self.timeout_s),
            number_of(0x83, self.is_encrypted),
        )

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(
            is_enabled=number(parameters, 0x81) != 0,
            timeout_s=number(parameters, 0x82, default=0),
            is_encrypted=number(parameters, 0x83, default=0) != 0,
        )


@dataclass(frozen=True, slots=True)
class PlayTones:
    """Sound the buzzer: 1 to MOST_TONES tones, one after the other."""

    id: ClassVar[CommandId] = CommandId.BUZZER

    tones: tuple[Tone, ...]

    def parameters(self) -> Parameters:
        """The command's parameters."""
        return (Tlv(0x81, b"".join(map(_encode_tone, self.tones))),)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        data = required(parameters, 0x81)
        if not data or len(data) % _TONE_BYTES:
            raise FrameError(f"{len(data)} bytes of tones")
        starts = range(0, len(data), _TONE_BYTES)
        return cls(
            tuple(_decode_tone(data[start : start + _TONE_BYTES]) for start in starts)
        )


_TONE_BYTES = 4


def _encode_tone(tone: Tone) -> bytes:
    frequency = tone.frequency_hz.to_bytes(2, "big")
    return frequency + tone.duration_ms.to_bytes(2, "big")


def _decode_tone(data: bytes) -> Tone:
    return Tone(int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big"))
