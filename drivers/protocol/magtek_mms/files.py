"""Commands D811 to D831: files of a device, such as pictures and signatures.

A file itself travels in a DataFile message: after the response to GetFile, and before
the second response to SendFile, which repeats the reference of that message.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol import tlv
from drivers.protocol.magtek_mms.fields import (
    Parameters,
    number,
    number_of,
    optional,
    required,
)
from drivers.protocol.magtek_mms.ids import CommandId
from drivers.protocol.tlv import Tlv

SIGNATURE_FILE = 0x01000000
STORED_IMAGE_FILES = (0x02000000, 0x02000001, 0x02000002, 0x02000003)
"""Of images 1 to 4."""


@dataclass(frozen=True, slots=True)
class FileDescription:
    """How long a file is, its SHA-256, and what its owner wrote on it."""

    length: int
    digest: bytes
    name: bytes = b""
    label: bytes = b""
    version: bytes = b""

    @classmethod
    def of(cls, content: bytes, *, name: bytes = b"") -> Self:
        """The description of these bytes."""
        return cls(len(content), sha256(content).digest(), name=name)

    def parameters(self) -> Parameters:
        """Parameters A2 and A3."""
        transfer = (
            number_of(0x81, self.length, length=4),
            number_of(0x82, _SHA_256),
            Tlv(0x83, self.digest),
        )
        description = (
            *optional(0x81, self.name or None),
            *optional(0x82, self.label or None),
            *optional(0x83, self.version or None),
        )
        return (Tlv(0xA2, children=transfer), Tlv(0xA3, children=description))

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The description in these parameters; raises FrameError."""
        return cls(
            length=int.from_bytes(required(parameters, 0xA2, 0x81), "big"),
            digest=required(parameters, 0xA2, 0x83),
            name=tlv.find_value(parameters, 0xA3, 0x81) or b"",
            label=tlv.find_value(parameters, 0xA3, 0x82) or b"",
            version=tlv.find_value(parameters, 0xA3, 0x83) or b"",
        )


@dataclass(frozen=True, slots=True)
class FileInfo:
    """The answer to GetFile and GetFileInfo."""

    file_type: int
    description: FileDescription

    def parameters(self) -> Parameters:
        """The parameters of the response."""
        return (_file(self.file_type), *self.description.parameters())

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The answer in a response; raises FrameError."""
        return cls(_file_in(parameters), FileDescription.from_parameters(parameters))


@dataclass(frozen=True, slots=True)
class SendFile:
    """Announce a file that anyone may send."""

    id: ClassVar[CommandId] = CommandId.SEND_FILE

    file_type: int
    description: FileDescription

    def parameters(self) -> Parameters:
        """The command's parameters in the order of the manual's example."""
        return (_file(self.file_type), *self.description.parameters(), _PROGRESS)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(_file_in(parameters), FileDescription.from_parameters(parameters))


@dataclass(frozen=True, slots=True)
class SendSecuredFile(SendFile):
    """Announce a file of those that a device takes from its owner only.

    The proof of ownership, a wrapper around this command, is not for a register.
    """

    id: ClassVar[CommandId] = CommandId.SEND_SECURED_FILE


@dataclass(frozen=True, slots=True)
class GetFile:
    """Ask for a file; it follows the response."""

    id: ClassVar[CommandId] = CommandId.GET_FILE

    file_type: int

    def parameters(self) -> Parameters:
        """The command's parameters."""
        return (_file(self.file_type), _PROGRESS)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(_file_in(parameters))


@dataclass(frozen=True, slots=True)
class GetFileInfo:
    """Ask what a file is like."""

    id: ClassVar[CommandId] = CommandId.GET_FILE_INFO

    file_type: int

    def parameters(self) -> Parameters:
        """The command's parameters."""
        return (_file(self.file_type),)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(_file_in(parameters))


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Erase a stored image."""

    id: ClassVar[CommandId] = CommandId.DELETE_FILE

    file_type: int

    def parameters(self) -> Parameters:
        """The command's parameters."""
        return (_file(self.file_type),)

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """The command that these parameters make; raises FrameError."""
        return cls(_file_in(parameters))


_SHA_256 = 0x04
_PROGRESS = Tlv(0x87, b"\x01")


def check_file(content: bytes, description: FileDescription) -> None:
    """Raise FrameError where a file is not the one that was announced."""
    if len(content) != description.length:
        raise FrameError(f"a file of {len(content)} bytes, not {description.length}")
    if sha256(content).digest() != description.digest:
        raise FrameError("a file with another digest than was announced")


def _file(file_type: int) -> Tlv:
    return number_of(0x81, file_type, length=4)


def _file_in(parameters: Parameters) -> int:
    return number(parameters, 0x81, length=4)
