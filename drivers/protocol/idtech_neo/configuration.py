"""What a reader keeps: TLV of its contactless group 0 and of its contact terminal.

Values are kept as bytes: some of the vendor's tags are not BER-TLV.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

from drivers.errors import FrameError
from drivers.protocol.idtech_neo.fields import Bare, Code, Cursor, exactly, number


@dataclass(frozen=True, slots=True)
class GetConfiguration(Bare):
    """Answered by all TLV of group 0; the reader needs 800 ms of rest after it."""

    CODE: ClassVar[Code] = (0x03, 0x02)


@dataclass(frozen=True, slots=True)
class SetConfiguration:
    """Keep these TLV in group 0."""

    CODE: ClassVar[Code] = (0x04, 0x00)
    objects: bytes = field(repr=False)

    def to_data(self) -> bytes:
        """The TLV."""
        return self.objects

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command."""
        return cls(data)


@dataclass(frozen=True, slots=True)
class GetTerminalData(Bare):
    """Answered by a TerminalData, or NO_SUCH_DATA."""

    CODE: ClassVar[Code] = (0x60, 0x04)


@dataclass(frozen=True, slots=True)
class RemoveTerminalData(Bare):
    """Forget the contact terminal's TLV."""

    CODE: ClassVar[Code] = (0x60, 0x05)


@dataclass(frozen=True, slots=True)
class SetTerminalData:
    """Keep these TLV for contact transactions."""

    CODE: ClassVar[Code] = (0x60, 0x06)
    count: int
    """How many objects there are."""
    objects: bytes = field(repr=False)

    def to_data(self) -> bytes:
        """The count, low byte first, and the TLV."""
        return number(self.count, 2)[::-1] + self.objects

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command, or the answer to GetTerminalData; raises FrameError."""
        cursor = Cursor(data)
        return cls(cursor.little(2), cursor.rest())


@dataclass(frozen=True, slots=True)
class SetKernelConfiguration:
    """Which certified contact configuration to use: 1 to 4 for 1C to 4C."""

    CODE: ClassVar[Code] = (0x60, 0x16)
    number: int

    def to_data(self) -> bytes:
        """One byte."""
        return number(self.number, 1)

    @classmethod
    def from_data(cls, data: bytes) -> Self:
        """The command; raises FrameError for a configuration there is not."""
        chosen = exactly(data, 1)[0]
        if chosen not in range(1, 5):
            raise FrameError(f"no configuration {chosen}C")
        return cls(chosen)
