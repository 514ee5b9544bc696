"""Commands that steer what runs: resume, cancel, answer for the cardholder, restart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol.magtek_mms.fields import (
    Parameters,
    number,
    number_of,
    optional_number,
    required,
)
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.tlv import Tlv


@dataclass(frozen=True, slots=True)
class ResumeTransaction:
    """Hand the issuer's answer, as an ARPC blob, to the waiting card."""

    id: ClassVar[CommandId] = CommandId.RESUME_TRANSACTION

    arpc_blob: bytes
    timeout_s: int | None = None

    def parameters(self) -> Parameters:
        """The resume code, 00 for the answer to the ARQC, and the answer."""
        timeout = () if self.timeout_s is None else (number_of(0x82, self.timeout_s),)
        return (number_of(0x81, 0x00), *timeout, Tlv(0x84, self.arpc_blob))

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(
            required(parameters, 0x84), timeout_s=optional_number(parameters, 0x82)
        )


@dataclass(frozen=True, slots=True)
class CancelTransaction:
    """Stop the running transaction."""

    id: ClassVar[CommandId] = CommandId.CANCEL_TRANSACTION

    def parameters(self) -> Parameters:
        """None."""
        return ()

    @classmethod
    def from_parameters(cls, _: Parameters) -> Self:
        """The command, whatever its parameters."""
        return cls()


class SelectionEnd(IntEnum):
    """How a question that the device asked through the host ended."""

    CHOSEN = 0x00
    CANCELED = 0x01
    TIMED_OUT = 0x02


@dataclass(frozen=True, slots=True)
class ReportSelection:
    """What the cardholder chose on the host's screen, for a device without one."""

    id: ClassVar[CommandId] = CommandId.REPORT_SELECTION

    end: SelectionEnd
    index: int | None = None
    """From 0; None where nothing was chosen."""

    def parameters(self) -> Parameters:
        """The command's parameters."""
        index = () if self.index is None else (number_of(0x82, self.index),)
        return (number_of(0x81, self.end), *index)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        end = number(parameters, 0x81)
        if end not in set(SelectionEnd):
            raise FrameError(f"no end of a selection {end:02X}")
        return cls(SelectionEnd(end), optional_number(parameters, 0x82))


@dataclass(frozen=True, slots=True)
class ResetDevice:
    """Restart; the answer comes before the device does it."""

    id: ClassVar[CommandId] = CommandId.RESET_DEVICE

    def parameters(self) -> Parameters:
        """None."""
        return ()

    @classmethod
    def from_parameters(cls, _: Parameters) -> Self:
        """The command, whatever its parameters."""
        return cls()
